#!/bin/sh
# Nothing of the product: what this machine is, and the two facts that the agent's design rests on. The first is the
# negative control: without a group of its own a program dies with the unit that started it.
# shellcheck disable=SC2034 # used by what is sourced
scenario=smoke
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh

first_line() { "$@" | head -n 1; }
has_controllers() { for name in cpu memory pids; do grep -qw "$name" /sys/fs/cgroup/cgroup.controllers || { echo "no $name"; return 1; }; done; }

echo "# $(first_line systemctl --version), kernel $(uname -r)"
check 'systemd is process 1' equal "$(cat /proc/1/comm)" systemd
check 'cgroup v2 alone' equal "$(stat -fc %T /sys/fs/cgroup)" cgroup2fs
check 'controllers cpu, memory, pids' has_controllers

mkdir -p /run/smoke
cat >/run/smoke/unit.sh <<'UNIT'
sleep 1000 &
echo $! >/run/smoke/plain
systemd-run --quiet --scope --collect --slice=business.slice --unit=smoke-scope -- sleep 1001 &
echo $! >/run/smoke/scope
mkdir -p /sys/fs/cgroup/business.slice/smoke-hand
sh -c 'echo 0 >/sys/fs/cgroup/business.slice/smoke-hand/cgroup.procs && exec sleep 1002' &
echo $! >/run/smoke/hand
wait
UNIT
systemd-run --quiet --collect --unit=smoke-unit sh /run/smoke/unit.sh
check 'the unit starts three children' eventually nonempty /run/smoke/hand
in_business() { grep -q '^0::/business.slice/smoke-' "/proc/$1/cgroup" || { cat "/proc/$1/cgroup"; return 1; }; }
plain=$(cat /run/smoke/plain) scope=$(cat /run/smoke/scope) hand=$(cat /run/smoke/hand)
check 'systemd-run --scope keeps the pid and moves it' eventually in_business "$scope"
check 'a process enters business.slice by hand' eventually in_business "$hand"
systemctl stop smoke-unit
check 'plain child of a stopped unit dies' gone "$plain"
check 'process in a scope of business.slice lives' alive "$scope"
check 'process in a group below business.slice lives' alive "$hand"

kill -9 "$scope" "$hand"
check 'both end when killed' eventually gone "$hand"
systemctl stop business.slice
