#!/bin/sh
# Services that are containers, with Debian's container engine: the contract suite, which elsewhere runs only where there
# happens to be one. The image is made of this machine's busybox, so no network is needed.
# shellcheck disable=SC2034 # used by what is sourced
scenario=docker
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh

systemctl start docker
check 'the engine answers' eventually docker version --format '{{.Server.Version}}'
echo "# docker $(docker version --format '{{.Server.Version}}'), cgroup v$(docker info --format '{{.CgroupVersion}}')"

# The suite's tools write beside what they read, and the disk is read-only.
mkdir -p /run/docker-suite/upper /run/docker-suite/work /run/docker-suite/tree
mount -t overlay overlay \
  -o lowerdir=/opt/sgridnext,upperdir=/run/docker-suite/upper,workdir=/run/docker-suite/work \
  /run/docker-suite/tree || exit 1
cd /run/docker-suite/tree || exit 1
PATH=$PWD/node_modules/.bin:$PATH SGRID_TEST_PATIENCE_MS=120000 \
  node node_modules/vitest/vitest.mjs run --project contract test/contract/containers.test.ts \
  --hookTimeout 240000 --reporter=default --reporter=json \
  --outputFile=/run/docker-suite/report.json >/run/docker-suite/output 2>&1
code=$?
[ -s /run/docker-suite/report.json ] || {
  tail -n 20 /run/docker-suite/output | sed 's/^/# /'
  exit 1
}
PATH=$PWD/node_modules/.bin:$PATH node test/vm/guest/report-suite.ts "$scenario" /run/docker-suite/report.json
[ "$code" -eq 0 ] || tail -n 60 /run/docker-suite/output | sed 's/^/# /'
check 'the suite ends well' equal "$code" 0
ran() { grep -q '"numPassedTests":[1-9]' /run/docker-suite/report.json || { echo 'no test ran'; return 1; }; }
check 'the suite was not left out' ran
check 'it leaves no container behind' equal "$(docker container ls --all --quiet)" ''
systemctl stop docker.socket docker
