#!/bin/sh
# Three machines without Node.js and an operator's, which reaches them by ssh: from nothing to a fleet, cut in two in every
# way, and upgraded machine by machine.
# shellcheck disable=SC2034,SC2154,SC2317 # used by what is sourced, and called by check and eventually
scenario=fleet
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/machines.sh

carried=/opt/sgridnext
work=/root/fleet-scenario
mkdir -p "$work"
# For the compile cache of sgrid.
export HOME=/root SGRID_TOKEN_FILE=$work/operator.token

names='one two three'
file_of() { echo "$machines/$1/root$2"; }
starts() { grep -c . "$(file_of "$1" /var/tmp/web.starts)"; }
started() { equal "$(starts "$1")" "$2"; }
# wait_for up|down NODE...: by one process that waits, where asking again and again would be most of the load.
wait_for() {
  condition=$1
  shift
  works sgrid wait "$@" --for "$condition" --timeout 10m
}
has_nodes() { equal "$(sgrid get nodes -o name | grep -c .)" "$1"; }
instance_pid() { sgrid get instances -o jsonl | grep "\"nodeAlias\":\"$1\"" | sed 's/.*"pid":\([0-9]*\).*/\1/'; }
# Who answers where, as programs on a machine read it.
registry() { grep -o '"server_name"[^}]*' "$(file_of "$1" /var/lib/sgridnode/stat-remote.json)" | sed 's/.*"pid":\([0-9]*\).*"machine_id":\([0-9]*\).*/\2=\1/' | sort | tr '\n' ' '; }
same_registry() { for name in $names; do equal "$(registry "$name")" "$(registry one)" || return 1; done; }
registry_has() { equal "$(registry "$1" | wc -w)" "$2"; }
events() { sgrid get events -o jsonl --limit 500 | grep "\"kind\":\"$1\"" | grep -c "\"nodeId\":$2,"; }
event_count() { equal "$(events "$1" "$2")" "$3"; }
differ() { [ "$1" != "$2" ] || { echo "is '$1' as before"; return 1; }; }
order() { echo "$2" >"$(file_of "$1" /var/tmp/web.order)"; }
fail_whole() {
  for number in 1 2 3; do on $number journalctl -b --no-pager -o cat -n 15 -u sgridnode -u sgridnext 2>&1 | remark; done
  exit 1
}

# --- three machines ---------------------------------------------------------------------------------------------------

prepare_machines
number=0
for name in $names; do
  number=$((number + 1))
  boot_machine "$name" $number
done
for number in 1 2 3; do check "machine $number is reached by ssh" eventually on $number true; done
check 'and has no Node.js' equal "$(on 1 'command -v node nodejs; ls /opt/sgridnext')" ''
check 'each is a machine of its own' equal "$(cat "$machines"/*/root/etc/machine-id | sort -u | grep -c .)" 3

began=$(date +%s)
sh $carried/v1/deploy.sh push master "root@$network.1" -- --host "$network.1" >"$work/push-master" 2>&1 ||
  { remark <"$work/push-master"; fail_whole; }
check 'push master' has "$(cat "$work/push-master")" '1 of 1 machines have sgridnext'
SGRID_MASTER=$(on 1 cat /var/lib/sgridnext/address) || fail_whole
export SGRID_MASTER
(umask 077 && on 1 cat /var/lib/sgridnext/tokens/operator.token >"$SGRID_TOKEN_FILE" &&
  on 1 cat /var/lib/sgridnext/tokens/agent.token >"$work/agent.token")
check 'install cockpit, on the machine of the operator' works sh $carried/v1/deploy.sh install cockpit
sh $carried/v1/deploy.sh push node "root@$network.1=1" "root@$network.2=2" "root@$network.99=99" "root@$network.3=3" -- \
  --main-node "$SGRID_MASTER" --token-file "$work/agent.token" >"$work/push" 2>&1
check 'push node to four, of which one is not there: exit status 1' equal $? 1
echo "# from nothing to three machines in $(($(date +%s) - began)) s, emulated"
remark <"$work/push"
check 'a line for each that has it' equal "$(grep -c '^ok ' "$work/push")" 3
check 'one for the one that has not' equal "$(grep '^failed' "$work/push" | grep -c "root@$network.99")" 1
check 'with the reason' has "$(grep "$network.99" "$work/push")" 'No route to host'
check 'and a summary' has "$(tail -n 1 "$work/push")" '3 of 4 machines have sgridnode'
for number in 1 2 3; do
  check "nothing is left of the push on machine $number" equal "$(on $number 'ls -d /tmp/sgrid-push.*' 2>/dev/null)" ''
done
# A name can be waited for when it is known.
check 'the nodes are known' eventually has_nodes 3
check 'and linked' wait_for up one two three
check 'each with systemd' equal "$(sgrid get nodes | grep -c ' systemd ')" 3
check 'the token is in no argument, log or unit of a machine' equal \
  "$({ on 2 journalctl --no-pager; cat /proc/[0-9]*/cmdline "$machines"/*/root/etc/systemd/system/*.service | tr '\0' '\n'; } | grep -cFf "$work/agent.token")" 0

mkdir -p "$work/package"
cat >"$work/package/run" <<'PROGRAM'
#!/bin/sh
echo $$ >>/var/tmp/web.starts
echo "web is here"
trap 'exit 0' TERM
while :; do
  if [ -e /var/tmp/web.order ]; then read -r code </var/tmp/web.order; rm /var/tmp/web.order; exit "$code"; fi
  sleep 0.2
done
PROGRAM
tar -czf "$work/web.tar.gz" -C "$work/package" .
works sgrid service create web --type binary --entry run
for name in $names; do check "an instance on $name" works sgrid instance create web "$name" --port 8001; done
check 'deployed on all three' works sgrid deploy web "$work/web.tar.gz" --version 1.0.0 --max-unavailable 3 --wait
for name in $names; do check "it runs on $name" started "$name" 1; done
check 'each machine knows where all three are' eventually registry_has one 3
check 'and they agree' eventually same_registry

# --- one machine is cut off -----------------------------------------------------------------------------------------

unplug three
check 'cut off: the master knows it' wait_for down three
check 'and still lists what it runs' has "$(sgrid get instances | grep three)" web
check 'what is asked of it is refused, with the reason' refused 'not connected' sgrid restart web@three
for name in $names; do check "the service runs on $name" started "$name" 1; done
order three 7
check 'cut off: a program that fails is started again by its agent' eventually started three 2
check 'the event waits there' event_count instance.exited 3 0
before=$(instance_pid two)
check 'a change on the other side' works sgrid restart web@two
check 'makes another process of it' differ "$(instance_pid two)" "$before"
known_by_three=$(registry three)
has_moved() { differ "$(registry one)" "$known_by_three"; }
check 'machine one learns of it' eventually has_moved
check 'and sends nobody to the one that is cut off, as others run the service' eventually registry_has one 2
check 'which keeps what it knew last, of all' equal "$(registry three)" "$known_by_three"
plug_in three
check 'together again: linked' wait_for up three
check 'the exit is told, once' eventually event_count instance.exited 3 1
check 'and the start after it' eventually event_count instance.started 3 2
check 'all agree again' eventually same_registry
check 'nothing was started because of it' started three 2
check 'as the master sees it' equal "$(instance_pid three)" "$(tail -n 1 "$(file_of three /var/tmp/web.starts)")"

# --- the master is cut off from all others ------------------------------------------------------------------------------

known=$(registry two)
unplug one
check 'the operator reaches nobody, and is told' refused 'no master answers' sgrid get nodes
check 'every registry stays as it was' equal "$(registry two) $(registry three)" "$known $known"
order two 3
check 'its agents go on' eventually started two 3
check 'and still with all in their registries' equal "$(registry two | wc -w) $(registry three | wc -w)" '3 3'
plug_in one
check 'all nodes are back' wait_for up one two three
check 'the exit is told, once' eventually event_count instance.exited 2 1
check 'services did not notice' equal "$(starts one) $(starts two) $(starts three)" '1 3 2'

# --- units and machines that stop ----------------------------------------------------------------------------------------

lives() { on "$2" kill -0 "$(tail -n 1 "$(file_of "$1" /var/tmp/web.starts)")"; }
listed() { line=$(sgrid get instances | grep -w "$1") && seen "$line" && has "$line" ' running ' && has "$line" " $(tail -n 1 "$(file_of "$1" /var/tmp/web.starts)") "; }
# untouched WHEN: two's service has not noticed, and the cockpit knows it
untouched() {
  check "$1: the service on two lives on, started three times in all as before" equal "$(lives two 2 && starts two)" 3
  check "$1: and the cockpit lists it as running" eventually listed two
  show_seen
}
on 2 systemctl stop sgridnode
check 'systemctl stop sgridnode on two: the master knows it' wait_for down two
check 'the service there lives on' lives two 2
on 2 systemctl start sgridnode
check 'and start: linked' wait_for up two
untouched 'systemctl stop and start sgridnode'
on 2 systemctl restart sgridnode
untouched 'systemctl restart sgridnode'
agent=$(on 2 systemctl show -p MainPID --value sgridnode)
on 2 systemctl kill -s KILL sgridnode
another_agent() { case $(on 2 systemctl show -p MainPID --value sgridnode) in '' | 0 | "$agent") return 1 ;; esac; }
check 'systemctl kill -s KILL sgridnode: it comes back by itself' eventually another_agent
untouched 'systemctl kill -s KILL sgridnode'

check 'reboot of three' reboot_machine 3
check 'its service is started by its policy' eventually started three 3
check 'and the cockpit lists it as running' eventually listed three
show_seen
check 'reboot of one, the master' reboot_machine 1
check 'all nodes are back' eventually wait_for up one two three
check 'its service is started by its policy' eventually started one 2
check 'and the cockpit lists it as running' eventually listed one
show_seen
untouched 'reboots of the two others'
check 'all agree again' eventually same_registry

# --- upgrades, in the wrong order -----------------------------------------------------------------------------------------

sh $carried/v2/deploy.sh push node "root@$network.2" "root@$network.3" >"$work/push" 2>&1
check 'push a newer agent to two machines: it is an upgrade' equal $? 0
remark <"$work/push"
older=$(version_of v1)
newer=$(version_of v2)
versions() { equal "$(sgrid get nodes | awk 'NR > 1 { print $NF }' | sort | tr '\n' ' ')" "$1"; }
check 'agents a version of the protocol ahead of their master are linked' eventually versions "$older $newer $newer "
check 'the services did not notice' equal "$(starts two) $(starts three)" '3 3'
check 'and are commanded' works sgrid restart web@three
check 'and tell' eventually event_count instance.started 3 4
check 'their logs are read' has "$(sgrid logs web@three --tail 20 2>&1)" 'web is here'
sh $carried/v2/deploy.sh push master "root@$network.1" >"$work/push" 2>&1
check 'then the master' equal $? 0
check 'all nodes are linked' wait_for up one two three
check 'the services did not notice' equal "$(starts one) $(starts two) $(starts three)" '2 3 4'
on 3 ls /usr/sgridnode/versions | remark

for name in $names; do systemctl stop "machine-$name"; done
