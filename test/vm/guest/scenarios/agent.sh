#!/bin/sh
# The product as it is installed: master and agent as units of systemd, a service with limits, and everything that may
# happen to the agent's unit. Ends after a reboot.
# shellcheck disable=SC2034 # used by what is sourced
scenario=agent
# shellcheck disable=SC1091
. /opt/sgridnext/test/vm/guest/checks.sh
product=/opt/sgridnext
PATH=$product/node_modules/.bin:$PATH

# Emulated, compiling is most of a start.
mount -t tmpfs tmpfs "$product/dist/.compile-cache"

if [ "$1" = first ]; then
  cat >/etc/systemd/system/sgridnext.service <<UNIT
[Service]
ExecStart=$product/dist/bin/sgridnext --state-dir /var/lib/sgridnext
Restart=always
[Install]
WantedBy=multi-user.target
UNIT
  # Besides the agent, an ordinary child in its unit: the negative control. All settings that matter are the defaults.
  cat >/etc/systemd/system/sgridnode.service <<UNIT
[Service]
ExecStart=$product/dist/bin/sgridnode --state-dir /var/lib/sgridnode --token-file /var/lib/sgridnext/tokens/agent.token --host 127.0.0.1
ExecStartPost=/bin/sh -c 'sleep 100000 & echo \$! >/run/plain-child'
Restart=always
RestartSec=100ms
[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl --quiet enable sgridnext sgridnode
  systemctl start sgridnext sgridnode
fi

node "$product/test/vm/guest/agent/main.ts" "$1" || {
  journalctl -b -u sgridnode -u sgridnext --no-pager -o cat | tail -n 40 | sed 's/^/# /'
  exit 1
}
[ "$1" = rebooted ] || exit 88
