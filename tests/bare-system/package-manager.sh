#!/bin/sh
# Stands in for apt-get, dnf and zypper, by the name under which it is called: takes the words of each, knows packages
# by the names of its distribution, and unpacks Debian's, which lie in /media/packages. As after Debian's scripts,
# there is a user clamav then, and there are signatures. What it unpacked stands in /var/lib/packages.
set -eu

me=$(basename "$0")
verb='' names=''
for word in "$@"; do
  case $word in
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else names="$names $word"; fi ;;
  esac
done

unpack() {
  mkdir -p /var/lib/packages
  for archive in "$@"; do dpkg-deb --vextract "$archive" / >>/var/lib/packages/unpacked; done
}

engine() {
  for archive in /media/packages/*.deb; do
    case $archive in *libatomic1_* | *libstdc++6_*) ;; *) unpack "$archive" ;; esac
  done
  grep -q ^clamav: /etc/passwd || {
    echo 'clamav:x:100:100::/var/lib/clamav:/bin/false' >>/etc/passwd
    echo 'clamav:x:100:' >>/etc/group
  }
  mkdir -p /var/lib/clamav
  cp /media/signatures/* /var/lib/clamav
  chown -R 100:100 /var/lib/clamav
}

case $verb in
  update) mkdir -p /var/lib/apt/lists && exit ;;
  install) ;;
  *) echo "$me: unknown: $verb" && exit 2 ;;
esac
# As in the images that clouds and containers begin with.
if [ "$me" = apt-get ] && [ ! -d /var/lib/apt/lists ]; then
  echo "E: Unable to locate package$names" >&2
  exit 100
fi
for name in $names; do
  case $me:$name in
    *:libatomic1 | dnf:libatomic) unpack /media/packages/libatomic1_*.deb ;;
    apt-get:libstdc++6 | zypper:libstdc++6 | dnf:libstdc++) unpack /media/packages/libstdc++6_*.deb ;;
    apt-get:clamav-daemon | dnf:clamd | zypper:clamav) engine ;;
    dnf:clamav-freshclam) ;;
    *) echo "$me: no package $name" >&2 && exit 1 ;;
  esac
done
