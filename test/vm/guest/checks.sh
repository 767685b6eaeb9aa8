# shellcheck shell=sh disable=SC2154
# Sourced by scenarios: the words they are written in. `scenario` must be set to its name.

# check WHAT COMMAND...: one line about whether the command succeeds.
check() {
  what=$1
  shift
  if why=$("$@" 2>&1); then
    echo "ok $scenario: $what"
  else
    echo "FAILED $scenario: $what: $(printf '%s' "${why:-$* is false}" | tr '\n\r' '  ' | cut -c 1-400)"
  fi
}

# eventually COMMAND...: repeats it until it succeeds, for five minutes: emulated on a busy host, a second takes a minute.
eventually() {
  deadline=$(($(date +%s) + 300))
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -ge "$deadline" ] && { "$@"; return; }
    sleep 0.1
  done
}

alive() { [ -d "/proc/$1" ] || { echo "process $1 is gone"; return 1; }; }
gone() { [ ! -d "/proc/$1" ] || { echo "process $1 lives: $(tr '\0' ' ' <"/proc/$1/cmdline")"; return 1; }; }
equal() { [ "$1" = "$2" ] || { echo "is '$1', not '$2'"; return 1; }; }
nonempty() { [ -s "$1" ] || { echo "$1 is empty or absent"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "no '$2' in: $1"; return 1 ;; esac; }
works() { said=$("$@" 2>&1) || { echo "$said"; return 1; }; }
# refused WORDS COMMAND...: it fails, and says so in these words.
refused() {
  wanted=$1
  shift
  if said=$("$@" 2>&1); then echo "it was not refused: $said"; return 1; fi
  has "$said" "$wanted"
}
# What a condition saw last; check runs it in a process of its own. seen LINE keeps it, show_seen says it.
seen() { echo "$1" >/run/seen; }
show_seen() { remark </run/seen; }
remark() { sed 's/^/#   /'; }
# version_of DIRECTORY: of the archives that are carried there.
version_of() {
  file=$(basename "/opt/sgridnext/$1"/sgridnode-*.tar.gz)
  file=${file#sgridnode-}
  echo "${file%-linux-*}"
}
