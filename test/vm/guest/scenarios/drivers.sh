#!/bin/sh
# The contract suite of the cgroup drivers on a machine whose whole tree is ours: systemd and cgroupfs-v2 for real.
# shellcheck disable=SC2034 # used by what is sourced
scenario=drivers
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh

# The suite's tools write beside what they read, and the disk is read-only.
mkdir -p /run/drivers/upper /run/drivers/work /run/drivers/tree
mount -t overlay overlay \
  -o lowerdir=/opt/sgridnext,upperdir=/run/drivers/upper,workdir=/run/drivers/work /run/drivers/tree || exit 1
cd /run/drivers/tree || exit 1
PATH=$PWD/node_modules/.bin:$PATH SGRID_TEST_CGROUPS=machine \
  node node_modules/vitest/vitest.mjs run --project contract test/contract/cgroup-drivers.test.ts \
  -t '^(systemd|cgroupfs-v2) (?!without)' --testTimeout 120000 --hookTimeout 120000 --reporter=default --reporter=json --outputFile=/run/drivers/report.json >/run/drivers/output 2>&1
code=$?
[ -s /run/drivers/report.json ] || {
  tail -n 20 /run/drivers/output | sed 's/^/# /'
  exit 1
}
PATH=$PWD/node_modules/.bin:$PATH node test/vm/guest/report-suite.ts "$scenario" /run/drivers/report.json
[ "$code" -eq 0 ] || tail -n 40 /run/drivers/output | sed 's/^/# /'
check 'the suite ends well' equal "$code" 0
no_groups() {
  left=$(find /sys/fs/cgroup -type d \( -name 't-*' -o -name '*-t.*.slice' -o -name 'run-r*.scope' \) | head -n 5)
  [ -z "$left" ] || { echo "$left"; return 1; }
}
check 'it leaves no group behind' eventually no_groups
check 'it leaves no failed unit behind' equal "$(systemctl list-units --failed --no-legend --plain)" ''
