#!/bin/sh
# Stands in for systemctl: enables by a link, starts what a unit says, and stops it with SIGTERM.
set -eu

units=/etc/systemd/system
verb='' now='' names=''
for word in "$@"; do
  case $word in
    --now) now=yes ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else names="$names $word"; fi ;;
  esac
done

unit_file() {
  [ -e "$units/$1" ] || { echo "Unit $1 not found." >&2 && exit 5; }
}

start() {
  # The command of a unit is a list of words.
  # shellcheck disable=SC2046
  setsid $(sed -n 's/^ExecStart=//p' "$units/$1") </dev/null >>"/run/$1.log" 2>&1 &
  echo $! >"/run/$1.pid"
}

stop() {
  [ -e "/run/$1.pid" ] || return 0
  pid=$(cat "/run/$1.pid")
  kill "$pid" 2>/dev/null || :
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm -f "/run/$1.pid" "/run/$1.log"
}

[ "$verb" != daemon-reload ] || exit 0
for unit in $names; do
  unit_file "$unit"
  case $verb in
    enable) mkdir -p "$units/multi-user.target.wants" && ln -sf "$units/$unit" "$units/multi-user.target.wants/$unit" ;;
    disable) rm -f "$units/multi-user.target.wants/$unit" ;;
    restart) stop "$unit" && start "$unit" ;;
    stop) stop "$unit" ;;
    *) echo "systemctl: unknown: $verb" >&2 && exit 2 ;;
  esac
  [ -z "$now" ] || stop "$unit"
done
