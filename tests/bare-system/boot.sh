#!/bin/sh
# Makes the folder $ROOT the whole file system of a machine, in namespaces that are new, and leaves a first process
# that takes in orphans and ends when our standard input does. Says its process id, then that it is ready.
set -eu
# /proc is still the one outside, so this is what the machine's first process is called there.
read -r pid _ </proc/self/stat
echo "$pid"
hostname bare.example 2>/dev/null || :

mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 dev dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
done
for link in fd: stdin:/0 stdout:/1 stderr:/2; do
  ln -s "/proc/self/fd${link#*:}" "dev/${link%%:*}"
done
mount --bind -o ro "$PACKAGES" media/packages
mount --bind -o ro "$SIGNATURES" media/signatures
pivot_root . mnt
exec chroot . /bin/sh -c 'umount -l /mnt && ip link set lo up && echo ready && exec tini -- cat'
