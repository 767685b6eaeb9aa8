#!/bin/sh
# What the systemd driver rests on: why an instance's limits are on a slice and not on the scopes of its runs, and that
# process 1 may reload or execute itself anew at any time.
# shellcheck disable=SC2034 # used by what is sourced
scenario=scopes
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh

product=/opt/sgridnext
business=/sys/fs/cgroup/business.slice
manager='org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager'
absent() { [ ! -e "$1" ] || { echo "$1 is there"; return 1; }; }
there() { [ -e "$1" ] || { echo "$1 is absent"; return 1; }; }
oom_kills() { sed -n 's/^oom_kill //p' "$1/memory.events"; }

systemd-run --quiet --scope --collect --slice=business.slice --unit=scopes-alone \
  -p MemoryMax=32M -p MemorySwapMax=0 -- tail /dev/zero >/dev/null 2>&1
check 'a scope with a memory limit is OOM-killed' equal "$?" 137
check 'and takes its count of OOM kills along' eventually absent "$business/scopes-alone.scope"

systemd-run --quiet --collect --unit=scopes-exited --slice=business.slice --service-type=oneshot --remain-after-exit \
  -p Delegate=yes true
check 'a service that has ended and remains has no group' eventually absent "$business/scopes-exited.service"
systemctl stop scopes-exited

systemd-run --quiet --scope --collect --unit=scopes-taken -- sleep 3000 &
taken=$!
check 'a scope of a name is there' eventually grep -q scopes-taken "/proc/$taken/cgroup"
said=$("$product/node_modules/.bin/node" "$product/test/vm/guest/refused-start.ts" \
  /usr/bin/systemd-run --scope --quiet --unit=scopes-taken -- 2>&1)
says_why() { case $1 in *'never became the program: Failed to start transient scope unit: '*) ;; *) echo "$1"; return 1 ;; esac; }
check 'a start whose scope is refused is no run of the program, and says why' says_why "$said"
check 'and leaves nothing in its log' equal "$(printf '%s\n' "$said" | wc -l)" 1
kill "$taken"

slice=$business/business-scopes.slice
# shellcheck disable=SC2086
busctl -q call $manager StartTransientUnit 'ssa(sv)a(sa(sv))' business-scopes.slice fail \
  2 MemoryMax t 33554432 MemorySwapMax t 0 0
check 'a slice has its group without a process' eventually there "$slice/memory.max"
systemd-run --quiet --scope --collect --slice=business-scopes.slice -- tail /dev/zero >/dev/null 2>&1
check 'a scope in a slice with a memory limit is OOM-killed' equal "$?" 137
check 'and the slice keeps the count' equal "$(oom_kills "$slice")" 1
systemctl daemon-reload
check 'also after systemd has read its units again' equal "$(oom_kills "$slice") $(cat "$slice/memory.max")" '1 33554432'

systemd-run --quiet --scope --collect --slice=business-scopes.slice -- sleep 2000 &
pid=$!
check 'a process is in the slice' eventually grep -q business-scopes.slice/run- "/proc/$pid/cgroup"
systemctl daemon-reexec
check 'it lives through systemd executing itself anew' alive "$pid"
check 'with the limit and the count' equal "$(oom_kills "$slice") $(cat "$slice/memory.max")" '1 33554432'
systemctl isolate multi-user.target
check 'and through isolating a target' alive "$pid"
kill "$pid"
systemctl stop business-scopes.slice
check 'stopped, the slice is gone' absent "$slice"
