#!/bin/sh
# Installs, upgrades or removes the agent of Fleetsweep on Linux. The server fills in the lines between the marks.
#
# Everything is in functions, and the last line starts them: a script that was cut off on its way does nothing.
set -eu

# What the server fills in:
SERVER='@SERVER@'
VERSION='@VERSION@'
SHA256_X64='@SHA256_X64@'
SHA256_ARM64='@SHA256_ARM64@'
# End of what the server fills in.

HOME_DIR=/opt/fleetsweep-agent
STATE_DIR=/var/lib/fleetsweep-agent
CONFIG_DIR=/etc/fleetsweep
COMMAND=/usr/local/bin/fleetsweep-agent
UNIT=/etc/systemd/system/fleetsweep-agent.service
LOG=/var/log/fleetsweep-agent.log

usage() {
  cat <<'END'
Usage: sh install.sh --token TOKEN [options]     install the agent, or upgrade it, and enroll this machine
       sh install.sh [options]                   upgrade the agent of a machine that is enrolled
       sh install.sh --remove [--purge]          remove it

  --token TOKEN     enrollment token; better in the variable FLEETSWEEP_ENROLLMENT_TOKEN, where other users of this
                    machine cannot see it
  --server URL      server to enroll with; the one that this script came from when absent
  --insecure-http   allow http:// to another machine: everybody on the way can read along
  --no-engine       leave clamd to you; otherwise the package of the distribution is installed where it is missing
  --start           without systemd: start the agent in the background now
  --purge           with --remove: also the files in quarantine, and agent.toml and policy.toml
END
}

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

main() {
  token=${FLEETSWEEP_ENROLLMENT_TOKEN-}
  engine=yes start=no remove=no purge=no insecure=
  while [ $# -gt 0 ]; do
    case $1 in
      --token | --server)
        [ $# -ge 2 ] || misused "$1 wants a value."
        if [ "$1" = --token ]; then token=$2; else SERVER=$2; fi
        shift
        ;;
      --insecure-http) insecure=--insecure-http ;;
      --no-engine) engine=no ;;
      --start) start=yes ;;
      --remove) remove=yes ;;
      --purge) purge=yes ;;
      --help) usage && exit 0 ;;
      *) misused "There is no option $1." ;;
    esac
    shift
  done
  [ "$(id -u)" = 0 ] || fail 'Run this as root: the agent reads all files, and hands them to an engine that may not.'
  if [ "$remove" = yes ]; then remove_all; else install_all; fi
}

misused() {
  say "$1"
  usage >&2
  exit 2
}

# --- Installing ------------------------------------------------------------------------------------------------------

install_all() {
  check_machine
  had_state=no stopped=no previous='' work=''
  [ ! -e "$STATE_DIR" ] || had_state=yes
  [ ! -L "$HOME_DIR/current" ] || previous=$(readlink "$HOME_DIR/current")
  if [ -z "$token" ] && [ ! -e "$STATE_DIR/identity.json" ]; then
    misused 'This machine is not enrolled: give an enrollment token.'
  fi
  case $token in
    '' | fse1.*) ;;
    *) misused 'This is not an enrollment token: one begins with "fse1.".' ;;
  esac
  umask 022
  mkdir -p "$HOME_DIR"
  trap undo EXIT
  trap 'exit 130' HUP INT TERM
  work=$(mktemp -d "$HOME_DIR/.new.XXXXXX")
  fetch_package
  add_libraries
  "$work/agent/fleetsweep-agent" --version >/dev/null || fail "The agent's own Node does not start here; its words are above."
  [ "$engine" = no ] || add_engine
  # What ran in the background is to run again.
  [ -z "$(running_agents)" ] || start=yes
  stop_agent
  stopped=yes
  enroll_machine
  switch_version
  trap - EXIT
  rm -rf "$work"
  start_agent
  say "The agent $VERSION is installed. See what it does with: fleetsweep-agent status"
}

check_machine() {
  [ "$(uname -s)" = Linux ] || fail "This installs on Linux; here is $(uname -s)."
  case $(uname -m) in
    x86_64 | amd64) arch=x64 sha256=$SHA256_X64 loader=/lib64/ld-linux-x86-64.so.2 ;;
    aarch64 | arm64) arch=arm64 sha256=$SHA256_ARM64 loader=/lib/ld-linux-aarch64.so.1 ;;
    *) fail "There is no agent for $(uname -m); there is one for x86_64 and one for aarch64." ;;
  esac
  [ -n "$sha256" ] || fail "This server was built without an agent for $(uname -m). Build it again with a network."
  [ -e "$loader" ] || fail "The agent needs the GNU C library ($loader). Systems with musl, such as Alpine, have it not."
  for tool in tar gzip sha256sum base64 mktemp readlink sed stat; do
    command -v "$tool" >/dev/null || fail "This needs the program $tool. Install it and try again."
  done
  command -v curl >/dev/null || command -v wget >/dev/null || fail 'This needs curl or wget. Install one and try again.'
}

# What failed or was interrupted leaves this machine as it was. Packages of the distribution stay.
undo() {
  code=$?
  [ -z "$work" ] || rm -rf "$work"
  own=$HOME_DIR/versions/$VERSION
  if [ -e "$own.old" ]; then
    rm -rf "$own"
    mv "$own.old" "$own"
  fi
  if [ -n "$previous" ]; then
    ln -sfn "$previous" "$HOME_DIR/current"
    [ "$stopped" = no ] || start_agent
  else
    [ "$(readlink "$COMMAND" 2>/dev/null)" != "$HOME_DIR/current/fleetsweep-agent" ] || rm -f "$COMMAND"
    rm -rf "$HOME_DIR/current" "$own" "$UNIT" "$UNIT.new"
    rmdir "$HOME_DIR/versions" "$HOME_DIR" 2>/dev/null || :
  fi
  [ "$had_state" = yes ] || rm -rf "$STATE_DIR"
  say 'Nothing was installed.'
  exit "$code"
}

fetch_package() {
  ca=''
  name=fleetsweep-agent-$VERSION-linux-$arch
  fingerprint=$(token_ca)
  case $SERVER in https:*) [ -z "$fingerprint" ] || fetch_ca ;; esac
  if [ -z "$ca" ] && [ -s "$HOME_DIR/current/server-ca.pem" ]; then ca=$HOME_DIR/current/server-ca.pem; fi
  say "Fetching the agent $VERSION from $SERVER …"
  fetch "$SERVER/fleet/v1/agent/packages/$name.tar.gz" "$work/package.tar.gz" || fail 'The agent could not be fetched.'
  [ "$(sha256sum <"$work/package.tar.gz" | cut -c 1-64)" = "$sha256" ] ||
    fail 'What came is not the agent that this script names: its SHA-256 differs. Fetch the script anew and try again.'
  tar -x -z -f "$work/package.tar.gz" -C "$work" --no-same-owner ||
    fail "The agent could not be unpacked; the reason is above. It needs 300 MB in $HOME_DIR."
  rm "$work/package.tar.gz"
  mv "$work/$name" "$work/agent"
  [ -z "$ca" ] || cp "$ca" "$work/agent/server-ca.pem"
}

# The fingerprint of the server's own authority that the enrollment token carries; nothing where it carries none.
token_ca() {
  text=$(printf %s "${token#fse1.}" | tr '_-' '/+')
  while [ $((${#text} % 4)) -ne 0 ]; do text=$text=; done
  printf %s "$text" | base64 -d 2>/dev/null | sed -n 's/.*"caSha256" *: *"\([0-9a-f]\{64\}\)".*/\1/p'
}

# Takes the authority that the token names, whoever showed it. The file is made of what was compared and nothing else:
# a reader of certificates must find none that the fingerprint does not cover.
fetch_ca() {
  ca=$work/ca.pem
  fetch "$SERVER/fleet/v1/agent/ca.pem" "$work/shown.pem" unverified || fail "$SERVER shows no certificate authority."
  body=$(grep -v '^-' "$work/shown.pem" | tr -dc 'A-Za-z0-9+/=\n')
  [ "$(printf '%s\n' "$body" | base64 -d 2>/dev/null | sha256sum | cut -c 1-64)" = "$fingerprint" ] ||
    fail "The certificate authority at $SERVER is not the one of the enrollment token. Check the address of the server, and that nobody stands between."
  printf '%s\n' '-----BEGIN CERTIFICATE-----' "$body" '-----END CERTIFICATE-----' >"$ca"
}

# fetch URL FILE [unverified]
fetch() {
  if command -v curl >/dev/null; then
    set -- "$1" "$2" "${3-}" -fsS --retry 2
    if [ -n "$3" ]; then set -- "$@" -k; elif [ -n "$ca" ]; then set -- "$@" --cacert "$ca"; fi
    url=$1 file=$2
    shift 3
    curl "$@" -o "$file" "$url"
  else
    set -- "$1" "$2" "${3-}" -q
    if [ -n "$3" ]; then set -- "$@" --no-check-certificate; elif [ -n "$ca" ]; then set -- "$@" "--ca-certificate=$ca"; fi
    url=$1 file=$2
    shift 3
    wget "$@" -O "$file" "$url"
  fi
}

# Node wants two libraries that small systems lack.
add_libraries() {
  "$work/agent/node" --version >/dev/null 2>&1 ||
    add_packages 'libatomic and libstdc++' 'libatomic1 libstdc++6' 'libatomic libstdc++' 'libatomic1 libstdc++6'
}

add_engine() {
  ! has_clamd || return 0
  # Of the distribution's own daemon only the program is wanted: one that nobody had before is not left running.
  add_packages clamd clamav-daemon 'clamd clamav-freshclam' clamav
  has_clamd || fail 'clamd is still missing. Install it by hand, or give --no-engine.'
  if has_systemd; then
    systemctl disable --now clamav-daemon.service clamav-daemon.socket >/dev/null 2>&1 || :
  fi
}

has_clamd() { command -v clamd >/dev/null || [ -x /usr/sbin/clamd ]; }

# add_packages WHAT NAMES-FOR-APT NAMES-FOR-DNF NAMES-FOR-ZYPPER
add_packages() {
  say "Installing $1 from the distribution …"
  # The names are lists of words.
  # shellcheck disable=SC2086
  if command -v apt-get >/dev/null; then
    { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $2 ||
      { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $2; }; } >&2
  elif command -v dnf >/dev/null; then
    dnf install -y -q $3 >&2
  elif command -v zypper >/dev/null; then
    zypper --non-interactive install $4 >&2
  else
    fail "There is no $1 here, and no apt, dnf or zypper to install it with. Install it and try again."
  fi || fail "$1 could not be installed; the words of the package manager are above."
}

enroll_machine() {
  [ -n "$token" ] || return 0
  # shellcheck disable=SC2086 # one option or none
  FLEETSWEEP_ENROLLMENT_TOKEN=$token "$work/agent/fleetsweep-agent" enroll --server "$SERVER" $insecure >&2 ||
    fail 'This machine could not be enrolled; the reason is above.'
}

# One rename makes the new version the one that runs; the one before goes when that is done.
switch_version() {
  mkdir -p "$HOME_DIR/versions" "$(dirname "$COMMAND")"
  # The same version again: in place of itself.
  rm -rf "$HOME_DIR/versions/$VERSION.old"
  [ ! -e "$HOME_DIR/versions/$VERSION" ] || mv "$HOME_DIR/versions/$VERSION" "$HOME_DIR/versions/$VERSION.old"
  mv "$work/agent" "$HOME_DIR/versions/$VERSION"
  ln -s "versions/$VERSION" "$work/current"
  mv -T "$work/current" "$HOME_DIR/current"
  ln -sfn "$HOME_DIR/current/fleetsweep-agent" "$COMMAND"
  ! has_systemd || write_unit
  for version in "$HOME_DIR/versions"/*; do
    [ "$version" = "$HOME_DIR/versions/$VERSION" ] || rm -rf "$version"
  done
}

# What would give the agent a view of the file system of its own (ProtectSystem=, PrivateTmp= and the like) is left out
# on purpose: it is there to look at the one that everybody sees. It needs to read, set aside and put back any file,
# and to start the engine as a user that may do none of that.
write_unit() {
  cat >"$UNIT.new" <<'END'
[Unit]
Description=Fleetsweep agent: antivirus scans on demand
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/opt/fleetsweep-agent/current/fleetsweep-agent run
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=30
CPUWeight=20
IOWeight=20
LimitNOFILE=65536
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_SETUID CAP_SETGID CAP_KILL CAP_SYS_NICE
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
END
  mv "$UNIT.new" "$UNIT"
}

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

start_agent() {
  if has_systemd; then
    systemctl daemon-reload
    systemctl enable -q fleetsweep-agent.service
    systemctl restart fleetsweep-agent.service
  elif [ "$start" = yes ]; then
    (umask 077 && : >>"$LOG")
    setsid "$HOME_DIR/current/fleetsweep-agent" run </dev/null >>"$LOG" 2>&1 &
    until_it_runs $!
    say "The agent runs in the background and writes to $LOG. It does not start again by itself."
  else
    say 'There is no systemd here. Let your supervisor run: fleetsweep-agent run'
  fi
}

# until_it_runs PID
until_it_runs() {
  until [ -n "$(running_agents)" ]; do
    kill -0 "$1" 2>/dev/null || fail "The agent does not start; see $LOG."
    sleep 1
  done
}

# --- Ending and removing ---------------------------------------------------------------------------------------------

stop_agent() {
  if has_systemd && [ -e "$UNIT" ]; then systemctl stop fleetsweep-agent.service || :; fi
  for pid in $(running_agents); do kill "$pid" 2>/dev/null || :; done
  seconds=0
  while [ -n "$(running_agents)" ]; do
    if [ "$seconds" -ge 30 ]; then
      for pid in $(running_agents); do kill -9 "$pid" 2>/dev/null || :; done
    fi
    [ "$seconds" -lt 40 ] || fail 'The running agent does not end.'
    sleep 1
    seconds=$((seconds + 1))
  done
}

# The processes of the Node that was installed here: by the file and not by its name, for a container of this machine
# may have an agent of its own at the same path.
running_agents() {
  for node in "$HOME_DIR"/versions/*/node; do
    [ -e "$node" ] || continue
    own=$(stat -L -c %d:%i "$node")
    for process in /proc/[0-9]*; do
      [ "$(stat -L -c %d:%i "$process/exe" 2>/dev/null)" != "$own" ] || printf '%s\n' "${process#/proc/}"
    done
  done
}

remove_all() {
  stop_agent
  if has_systemd && [ -e "$UNIT" ]; then systemctl disable -q fleetsweep-agent.service || :; fi
  rm -f "$UNIT" "$LOG"
  ! has_systemd || systemctl daemon-reload
  [ "$(readlink "$COMMAND" 2>/dev/null)" != "$HOME_DIR/current/fleetsweep-agent" ] || rm -f "$COMMAND"
  rm -rf "$HOME_DIR"
  if [ "$purge" = yes ]; then
    rm -rf "$STATE_DIR"
    rm -f "$CONFIG_DIR/agent.toml" "$CONFIG_DIR/policy.toml"
    rmdir "$CONFIG_DIR" 2>/dev/null || :
  elif [ -d "$STATE_DIR" ]; then
    find "$STATE_DIR" -mindepth 1 -maxdepth 1 ! -name quarantine -exec rm -rf {} +
    # A key that no file needs any more is not kept.
    [ -n "$(find "$STATE_DIR/quarantine" -mindepth 1 ! -name key 2>/dev/null)" ] || rm -rf "$STATE_DIR/quarantine"
    rmdir "$STATE_DIR" 2>/dev/null || say "The files in quarantine stay in $STATE_DIR/quarantine; --purge removes them, too."
  fi
  say 'The agent is removed. Packages of the distribution stay, and so does the machine in the lists of the server.'
}

main "$@"
