#!/bin/sh
# A business service of the chaos run: `run.sh SHAPE [ARG]`. What it is about to do it writes down first, in a journal of
# its own, so that a run can be judged without asking the platform under test. POSIX sh; what must be sure is done with
# builtins only, since some shapes cannot fork any more.
#
# A journal is $CHAOS_JOURNAL/$CHAOS_SERVICE/PID-TICKS, one line each:
#   UPTIME run VERSION SHAPE   it began           UPTIME double NAME         an earlier run is still alive
#   UPTIME plan N              up to N lines      UPTIME wrote N             N lines are written
#   UPTIME polite              SIGTERM is heeded  UPTIME end HOW WHAT N      it ends like this, after N lines
set -u

take_ticks() {
  shift 19
  ticks=$1
}

# pid and start time of the process that calls it: proc_pid_stat(5), fields 1 and 22
identify() {
  read -r stat </proc/self/stat
  # shellcheck disable=SC2086
  take_ticks ${stat##*) }
  identity=${stat%% *}-$ticks
}

note() {
  read -r uptime _ </proc/uptime
  echo "$uptime $*" >>"$journal"
}

# alive PID-TICKS: that very process, and no zombie
alive() {
  { read -r stat <"/proc/${1%-*}/stat"; } 2>/dev/null || return 1
  after=${stat##*) }
  case $after in [ZX]*) return 1 ;; esac
  # shellcheck disable=SC2086
  take_ticks $after
  [ "$ticks" = "${1#*-}" ]
}

look_for_doubles() {
  for other in "$CHAOS_JOURNAL/$CHAOS_SERVICE"/*; do
    other=${other##*/}
    case $other in "$CHAOS_RUN" | "$CHAOS_RUN".*) continue ;; esac
    if alive "${other##*.}"; then note "double $other"; fi
  done
}

# lines N: writes N numbered lines
lines() {
  goal=$((written + $1))
  note "plan $goal"
  while [ "$written" -lt "$goal" ]; do
    written=$((written + 1))
    echo "L $name $written ;"
  done
  note "wrote $written"
}

# The same as a flood. Lines of 64 bytes, so that no buffer of awk's ends within one.
flood_lines() {
  note "plan $((written + $1))"
  awk -v name="$name" -v from="$((written + 1))" -v count="$1" 'BEGIN {
    dots = "................................................................"
    for (i = from; i < from + count; i++) {
      line = "L " name " " i " "
      print line substr(dots, 1, 62 - length(line)) ";"
    }
  }'
  written=$((written + $1))
  note "wrote $written"
}

finish() {
  note "end code $1 $written"
  exit "$1"
}

die() {
  note "end signal SIG$1 $written"
  kill -s "$1" $$
  while :; do sleep 1; done
}

heed_sigterm() {
  # Only a flag: the number of lines that it ends with has to be exact.
  trap 'leaving=yes' TERM
  note polite
}

steady() {
  until [ -n "$leaving" ]; do
    lines 5
    sleep 0.5
  done
  finish 0
}

# Children until there is no room for one more; each that cannot be made ends its parent.
# shellcheck disable=SC2264
boom() {
  boom &
  boom &
  read -r _ <>"$CHAOS_JOURNAL/silence"
}

written=0
leaving=
if [ -z "${CHAOS_RUN-}" ]; then
  identify
  CHAOS_RUN=$identity
  export CHAOS_RUN
  journal=$CHAOS_JOURNAL/$CHAOS_SERVICE/$CHAOS_RUN
  # shellcheck disable=SC2094
  read -r version <version
  note "run $version $1"
  look_for_doubles
  # The same process; from now on its run is in its environment, and in that of all its children.
  exec "$0" "$@"
fi
name=$CHAOS_RUN
journal=$CHAOS_JOURNAL/$CHAOS_SERVICE/$name

case $1 in
  steady)
    heed_sigterm
    steady
    ;;
  plain) while :; do lines 5; sleep 0.5; done ;;
  deaf)
    trap '' TERM
    while :; do lines 5; sleep 0.5; done
    ;;
  slow)
    sleep 3
    heed_sigterm
    steady
    ;;
  daemon)
    (setsid "$0" child &)
    heed_sigterm
    steady
    ;;
  leaver)
    (setsid "$0" child &)
    lines 5
    sleep 2
    finish 0
    ;;
  child)
    identify
    name=$CHAOS_RUN.$identity
    journal=$CHAOS_JOURNAL/$CHAOS_SERVICE/$name
    note "run - child"
    while :; do lines 2; sleep 0.7; done
    ;;
  flood)
    heed_sigterm
    until [ -n "$leaving" ]; do
      flood_lines 16000
      sleep 1
    done
    finish 0
    ;;
  exit)
    lines 5
    sleep "$3"
    finish "$2"
    ;;
  signal)
    lines 5
    sleep 1
    die "$2"
    ;;
  hog)
    lines 5
    sleep 1
    note "end oom SIGKILL $written"
    memory=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    while [ ${#memory} -lt 268435456 ]; do memory=$memory$memory; done
    note "end code 99 $written"
    exit 99
    ;;
  bomb)
    heed_sigterm
    lines 5
    boom &
    until [ -n "$leaving" ]; do wait; done
    finish 0
    ;;
esac
