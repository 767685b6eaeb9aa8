#!/bin/sh
# A Debian without Node.js, an operator with deploy.sh and the archives, and everything that happens to an installation in
# its life. Ends after a reboot.
# shellcheck disable=SC2034,SC2317 # used by what is sourced, and called by check and eventually
scenario=install
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh

carried=/opt/sgridnext
work=/root/install-scenario
address=10.77.0.1
mkdir -p "$work"
export SGRID_TOKEN_FILE=/var/lib/sgridnext/tokens/operator.token
# For the compile cache of sgrid.
export HOME=/root

# --- words ------------------------------------------------------------------------------------------------------------

deploy() { sh $carried/v1/deploy.sh "$@"; }
node_js() { find / -xdev -type f \( -name node -o -name nodejs \) -perm /111 | grep -v '^/usr/sgrid'; find $carried -name 'node' -type f; }
unit_is() { equal "$(systemctl show -p ActiveState,SubState --value "$1" | tr '\n' ' ')" "$2 "; }
main_pid() { systemctl show -p MainPID --value "$1"; }
another_pid() { case $(main_pid "$1") in 0 | "$2") echo "still $2"; return 1 ;; esac; }
absent() { [ ! -e "$1" ] || { echo "$1 is there: $(ls "$1")"; return 1; }; }
service_pid() { tail -n 1 /var/tmp/steady.starts; }
starts() { grep -c . /var/tmp/steady.starts; }
started_twice() { equal "$(starts)" 2; }
node_is() { sgrid get nodes | grep -w alpha | grep -qw "$1" || { sgrid get nodes; return 1; }; }
# untouched HOW: the service has not noticed, and the cockpit knows it
untouched() {
  check "$1: the service lives on with its pid" alive "$pid"
  check "$1: and the cockpit lists it as running" eventually knows_it
  show_seen
  check "$1: it was started once" equal "$(starts)" 1
}
knows_it() { listed_line=$(sgrid get instances | grep -w steady) && seen "$listed_line" && has "$listed_line" ' running ' && has "$listed_line" " $pid "; }
exits() {
  wanted=$1
  shift
  "$@"
  equal "$?" "$wanted"
}
fail_whole() {
  journalctl -b -u sgridnode -u sgridnext --no-pager -o cat | tail -n 40 | remark
  exit 1
}

# --- after the reboot -------------------------------------------------------------------------------------------------

if [ "$1" = rebooted ]; then
  SGRID_MASTER=$(cat /var/lib/sgridnext/address)
  export SGRID_MASTER
  check 'reboot: both units come up by themselves' eventually works systemctl is-active sgridnext sgridnode
  check 'reboot: the service is started by its policy' eventually started_twice
  pid=$(service_pid)
  check 'reboot: and the cockpit lists it as running' eventually knows_it
  show_seen

  check 'uninstall node' works deploy uninstall node
  check 'uninstall node: its unit is gone' refused 'could not be found' systemctl status sgridnode
  check 'uninstall node: the service lives' alive "$pid"
  check 'uninstall node: config and state are kept' nonempty /usr/sgridnode/config.json
  check 'uninstall --purge is refused while services run' refused 'services of this node are running' deploy uninstall node --purge
  check 'and has taken nothing away' nonempty /var/lib/sgridnode/agent.token
  check 'installed again, without any option' works deploy install node
  check 'it adopts the service' eventually knows_it
  check 'and has not started it again' equal "$(starts)" 2
  works sgrid stop steady
  check 'stopped by the cockpit: gone' eventually gone "$pid"
  check 'uninstall node --purge' works deploy uninstall node --purge
  check 'uninstall master --purge' works deploy uninstall master --purge
  check 'uninstall cockpit --purge' works deploy uninstall cockpit --purge
  for left in /usr/sgridnode /usr/sgridnext /usr/sgrid /usr/local/bin/sgrid /var/lib/sgridnode /var/lib/sgridnext \
    /etc/systemd/system/sgridnode.service /etc/systemd/system/sgridnext.service /etc/systemd/system/business.slice; do
    check "$left is gone" absent "$left"
  done
  check 'status says that nothing is installed' refused 'nothing of SgridNext is installed' deploy status
  exit 0
fi

# --- a new machine ----------------------------------------------------------------------------------------------------

# A network card: what listens on it is reached by others.
cat >/etc/systemd/network/lan0.netdev <<'NETDEV'
[NetDev]
Name=lan0
Kind=dummy
NETDEV
cat >/etc/systemd/network/lan0.network <<NETWORK
[Match]
Name=lan0
[Network]
Address=$address/24
NETWORK
systemctl --quiet enable --now systemd-networkd
has_address() { has "$(busybox ip -4 addr show lan0)" "$address"; }
check 'the machine has an address' eventually has_address
check 'and no Node.js' equal "$(node_js)" ''

check 'install master' works deploy install master --host "$address"
SGRID_MASTER=$(cat /var/lib/sgridnext/address) || fail_whole
export SGRID_MASTER
echo "# $SGRID_MASTER"
check 'its address pins the certificate' has "$SGRID_MASTER" "https://$address:15872#sha256:"
check 'the unit of the master is active' unit_is sgridnext 'active running'
check 'install node' works deploy install node --main-node "$SGRID_MASTER" --node-index 1 --alias alpha \
  --token-file /var/lib/sgridnext/tokens/agent.token
check 'the unit of the agent is active' unit_is sgridnode 'active running'
for unit in sgridnext sgridnode; do
  check "$unit: ready by notification, with a watchdog" equal \
    "$(systemctl show -p Type,WatchdogUSec --value $unit | sort | tr '\n' ' ')" '1min notify '
done
check 'the token is read by root only' equal "$(stat -c '%U %a' /var/lib/sgridnode/agent.token)" 'root 600'
check 'the master runs as a user of its own' equal "$(stat -c %U "/proc/$(main_pid sgridnext)")" sgridnext
check 'install cockpit' works deploy install cockpit
check 'the node is linked, with the driver systemd' eventually node_is systemd
check 'what is loaded when it is needed is there: YAML' has "$(sgrid get nodes -o yaml)" 'alias: alpha'
check 'and figures for Prometheus' has "$(busybox wget -q -O - http://127.0.0.1:25528/metrics)" sgridnode_build_info
check 'plain text is refused' exits 3 sgrid --master "http://$address:15872" get nodes
check 'another fingerprint is refused' exits 3 sgrid \
  --master "https://$address:15872#sha256:$(printf '%064d' 0)" get nodes
check 'installing again changes nothing' works deploy install node --main-node "$SGRID_MASTER" --node-index 2
check 'neither the config' has "$(cat /usr/sgridnode/config.json)" '"nodeIndex": 1'

mkdir -p "$work/package"
cat >"$work/package/run" <<'PROGRAM'
#!/bin/sh
echo $$ >>/var/tmp/steady.starts
trap 'exit 0' TERM
while :; do sleep 0.2; done
PROGRAM
tar -czf "$work/service.tar.gz" -C "$work/package" .
check 'a service' works sgrid service create steady --type binary --entry run
check 'an instance of it' works sgrid instance create steady alpha --port 7001 --memory 64 --pids 20
check 'deployed with the installed sgrid' works sgrid deploy steady "$work/service.tar.gz" --version 1.0.0 --wait
pid=$(service_pid)
check 'the service runs' alive "$pid"

# --- both units, in every way ------------------------------------------------------------------------------------------

for unit in sgridnode sgridnext; do
  systemctl stop $unit
  check "systemctl stop $unit: it is down" unit_is $unit 'inactive dead'
  check "systemctl stop $unit: the service lives on" alive "$pid"
  systemctl start $unit
  untouched "systemctl stop and start $unit"
  systemctl restart $unit
  untouched "systemctl restart $unit"
  before=$(main_pid $unit)
  systemctl kill -s KILL $unit
  check "systemctl kill -s KILL $unit: it comes back by itself" eventually another_pid $unit "$before"
  untouched "systemctl kill -s KILL $unit"
done
mkdir -p /etc/systemd/system/sgridnode.service.d
printf '[Service]\nWatchdogSec=15\n' >/etc/systemd/system/sgridnode.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart sgridnode
before=$(main_pid sgridnode)
kill -STOP "$before"
check 'an agent that hangs is replaced by the watchdog' eventually another_pid sgridnode "$before"
check 'and systemd says why' has "$(journalctl -b -u sgridnode --no-pager -o cat)" 'Watchdog timeout'
untouched 'the watchdog'
rm -r /etc/systemd/system/sgridnode.service.d
systemctl daemon-reload

# --- upgrades ---------------------------------------------------------------------------------------------------------

old=$(version_of v1)
new=$(version_of v2)
newer=$(version_of broken)

# A rollout over four instances, of which each has to be up for a while: longer than what is done to the servers meanwhile.
mkdir -p "$work/wide"
for version in 1.0.0 2.0.0; do
  cat >"$work/wide/run" <<PROGRAM
#!/bin/sh
echo $version >>/var/tmp/wide.\$SGRID_TARGET_PORT
trap 'exit 0' TERM
while :; do sleep 0.5; done
PROGRAM
  tar -czf "$work/wide-$version.tar.gz" -C "$work/wide" .
done
ports='7101 7102 7103 7104'
check 'a service of four instances' works sgrid service create wide --type binary --entry run
for port in $ports; do works sgrid instance create wide alpha --port "$port"; done
check 'it is deployed' works sgrid deploy wide "$work/wide-1.0.0.tar.gz" --version 1.0.0 --max-unavailable 4 --wait
rollout_is() { sgrid get rollouts -o yaml --limit 1 | grep -q "state: $1" || { sgrid get rollouts --limit 1; return 1; }; }
came_up_once() {
  for port in $ports; do
    equal "$(tr '\n' ' ' <"/var/tmp/wide.$port")" '1.0.0 2.0.0 ' || return 1
  done
}
check 'a rollout is begun' works sgrid deploy wide "$work/wide-2.0.0.tar.gz" --version 2.0.0 --min-ready 45s

check "upgrade master to $new, in the middle of it" works sh $carried/v2/deploy.sh upgrade master
check 'the rollout goes on' rollout_is running
untouched 'upgrade master'
check 'the database was backed up, and then migrated' nonempty /var/lib/sgridnext/sgridnext.db.v*.bak
check 'agent and cockpit are a version of the protocol behind, and work' eventually node_is "$old"
check "upgrade node to $new, in the middle of it" works sh $carried/v2/deploy.sh upgrade node
untouched 'upgrade node'
check 'the cockpit sees the new version of the agent' eventually node_is "$new"
check 'the rollout comes to its end' works sgrid wait "$(sgrid get rollouts -o name --limit 1)" --timeout 20m
check 'and succeeded' rollout_is succeeded
check 'each instance was brought up once by it' came_up_once

for role in master node; do
  check "downgrade of $role is refused" refused 'a downgrade is refused' deploy upgrade $role
  untouched "a refused downgrade of $role"
done
check 'and leaves nothing behind' equal "$(find /usr/sgridnext/versions /usr/sgridnode/versions -name '.new*')" ''
check 'downgrade of master all the same: it refuses the database' refused 'this sgridnext knows up to' \
  deploy upgrade master --allow-downgrade
check "and is taken back: the master is $new" has "$(readlink /usr/sgridnext/current)" "$new"
untouched 'a downgrade that was taken back'

for role in master node; do
  case $role in master) unit=sgridnext ;; *) unit=sgridnode ;; esac
  check "upgrade $role to $newer, which does not start: taken back, and said" \
    refused 'was taken back' sh $carried/broken/deploy.sh upgrade $role
  check "its unit is active" unit_is $unit 'active running'
  check "with $new" has "$(readlink /usr/$unit/current)" "$new"
  untouched "a failed upgrade of $role"
done
check 'what the failed master had migrated was put back' nonempty /var/lib/sgridnext/sgridnext.db.of-"$newer"-*
check 'with what it held' has "$(sgrid get services)" wide
works sgrid stop service/wide

# --- what people look at ------------------------------------------------------------------------------------------------

deploy status | tee "$work/status" | remark
check 'status: two servers and a cockpit' equal "$(wc -l <"$work/status")" 3
check 'status: they are active' equal "$(grep -c 'active running' "$work/status")" 2
check 'doctor finds nothing bad' works deploy doctor
deploy doctor | remark
systemctl restart sgridnext
check 'doctor, run by root, leaves nothing that stops the master' unit_is sgridnext 'active running'
for unit in sgridnext sgridnode; do systemd-analyze security --no-pager $unit | tail -n 1 | remark; done
# A watchdog that was too impatient for a busy host would be seen here.
systemctl show -p Id,NRestarts sgridnext sgridnode | grep . | remark
check 'no failed unit' equal "$(systemctl list-units --failed --no-legend --plain)" ''
untouched 'all this'
exit 88
