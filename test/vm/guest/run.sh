#!/bin/sh
# Runs the scenarios named in /opt/sgridnext/scenarios in order and powers the machine off.
#
# On stdout, one line each:  ok NAME: CHECK | FAILED NAME: CHECK: WHY | # remark | end NAME
# A scenario that exits with 88 wants a reboot: it is called again afterwards, with "rebooted" as its argument.
set -u
payload=/opt/sgridnext
state=/var/lib/sgridnext-vm
# On a busy host an installation, or ten containers, or three machines, take most of an hour; the harness bounds everything together.
limit_s=3000
mkdir -p "$state"

while read -r name; do
  [ -e "$state/$name.done" ] && continue
  phase=first
  [ -e "$state/$name.rebooted" ] && phase=rebooted
  timeout -k 5 "$limit_s" sh "$payload/test/vm/guest/scenarios/$name.sh" "$phase" </dev/null
  code=$?
  case $code in
    0) ;;
    88)
      : >"$state/$name.rebooted"
      sync
      systemctl reboot
      exit 0
      ;;
    124 | 137) echo "FAILED $name: the whole scenario: not at its end after $limit_s s" ;;
    *) echo "FAILED $name: the whole scenario: ended with exit code $code" ;;
  esac
  : >"$state/$name.done"
  echo "end $name"
done <"$payload/scenarios"
sync
systemctl poweroff --force
