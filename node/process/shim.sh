#!/bin/sh
# Stands between the agent and one program: puts it into its cgroup, waits for it, and records how it ended, whatever
# becomes of the agent meanwhile. Called as
#
#   sh shim.sh sgrid-shim KEY RUN RECORD LOG DIRECTORY [SHIMS_PROCS]... -- [GROUP_PROCS]... -- PROGRAM [ARG]...
#
# or, where a command moves the process into its cgroup by executing what follows it, with
#
#   ... [GROUP_PROCS]... --via COMMAND [ARG]... sh shim.sh sgrid-entered RECORD PROGRAM [ARG]...
#
# The two records are RECORD.started and RECORD.exit; records.ts reads them. Both are written with room to spare before
# the program starts and later overwritten in place, so that a full disk cannot lose them, and the last word of each
# is "end", so that half a record is not taken for one. Only builtins are used: where nothing can be forked any more
# (pids limit, no memory) the record is still written.
#
# Everything is in functions, so that the whole file has been read before any of it runs, and replacing it under a
# running shim does nothing. Runs in dash, busybox ash and bash.

# Exit statuses of the child for "never became the program"; meaningful only without a started record.
NO_SHIMS_GROUP=119 NO_GROUP=120 NO_DIRECTORY=121 NO_RECORD=122 NO_LOG=123

PADDING='                                                                                                    '

# Identity of the process that calls it: pid, and start time in clock ticks, field 22 of proc_pid_stat(5).
# The command name, field 2, may hold spaces and parentheses, so fields are counted from the last ")".
identify() {
  read -r stat </proc/self/stat
  pid=${stat%% *}
  # shellcheck disable=SC2086
  take_ticks ${stat##*) }
}
take_ticks() {
  shift 19
  ticks=$1
}

join() { # writing 0 moves the writer: cgroups(7)
  echo 0 >"$1" || {
    echo "sgrid: cannot enter the cgroup $1" >&2
    return 1
  }
}

program() {
  # true is no special builtin, so that a failed redirection does not end the shell with a status of its own choice
  true >>"$log" || exit $NO_LOG
  exec </dev/null >>"$log" 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
  { echo 0 >/proc/self/oom_score_adj; } 2>/dev/null
  while [ "$1" != -- ] && [ "$1" != --via ]; do
    join "$1" || exit $NO_GROUP
    shift
  done
  is_in=$1
  shift
  cd "$directory" || exit $NO_DIRECTORY
  if [ -n "$had_locale" ]; then LC_ALL=$locale; else unset LC_ALL; fi
  trap - HUP INT QUIT TERM USR1 USR2 PIPE
  # The none driver finds an instance's processes by this; the shim itself must not carry it.
  SGRID_INSTANCE_KEY=$key
  export SGRID_INSTANCE_KEY
  if [ "$is_in" = --via ]; then
    SGRID_SHIM=$shim
    export SGRID_SHIM
    # Why it fails belongs to the start and not into the program's log: records.ts, explainNotStarted.
    exec 2<>"$record.started"
  else
    record_start
  fi
  exec "$@"
}

# Last of all before the program: whoever reads it may signal the process.
record_start() {
  identify
  echo "$shim $pid $ticks end" 1<>"$record.started" || exit $NO_RECORD
}

# Still the same process, now in its cgroup. Had the command failed, nothing would have been started.
entered() {
  exec 2>&1
  record=$2 shim=$SGRID_SHIM
  unset SGRID_SHIM
  shift 2
  record_start
  exec "$@"
}

look_at_jobs() {
  words= # when the record cannot be opened, read leaves the old ones
  echo forgotten 1<>"$record.exit" # jobs may say nothing, and then what it said before would be read again
  jobs 1<>"$record.exit"
  read -r words <"$record.exit"
}

# bash forgets the words in wait, unless SIGCHLD interrupts it, which needs POSIX mode and a trap. A program that ends
# between the look and the wait leaves no words behind, and its status is that of this wait.
await_in_bash() {
  # shellcheck disable=SC3040
  set -o posix
  trap : CHLD
  program "$@" &
  child=$!
  status=0
  look_at_jobs
  while case $words in *Running* | *Stopped*) true ;; *) false ;; esac; do
    wait "$child"
    status=$?
    look_at_jobs
  done
  [ "$words" = forgotten ] || {
    wait "$child"
    status=$?
  }
}

shim() {
  key=$2 record=$4 log=$5 directory=$6
  shift 6
  trap '' HUP INT QUIT TERM USR1 USR2 PIPE
  # The words that jobs prints are read by the agent.
  had_locale=${LC_ALL+yes} locale=${LC_ALL-}
  LC_ALL=C

  echo "$PADDING$PADDING" >"$record.started" || exit $NO_RECORD
  echo "reserved $PADDING$PADDING" >"$record.exit" || exit $NO_RECORD
  while [ "$1" != -- ]; do
    join "$1" || {
      echo "$NO_SHIMS_GROUP none end" 1<>"$record.exit"
      exit $NO_SHIMS_GROUP
    }
    shift
  done
  shift
  # Not permitted to all users; then the shim is as likely to be chosen as anyone.
  { echo -1000 >/proc/self/oom_score_adj; } 2>/dev/null
  identify
  shim="$pid $ticks"

  # $? is 137 for exit(137) and for SIGKILL. The words of jobs tell them apart.
  if [ -n "${BASH_VERSION-}" ]; then
    await_in_bash "$@"
  else
    # dash and busybox keep the words until after wait
    program "$@" &
    child=$!
    wait "$child"
    status=$?
    look_at_jobs
  fi
  pause=1
  until echo "$status $words end" 1<>"$record.exit"; do
    [ -d "${record%/*}" ] || exit # the state directory was removed: nobody is left to read it
    sleep $pause
    [ $pause -ge 30 ] || pause=$((pause * 2))
  done
}

case $1 in
  sgrid-entered) entered "$@" ;;
  *) shim "$@" ;;
esac
exit
