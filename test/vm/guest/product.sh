# shellcheck shell=sh
# Sourced by scenarios that need the product: master and agent as units of systemd, running. Repeating it is harmless.
product=/opt/sgridnext
PATH=$product/node_modules/.bin:$PATH

start_product() {
  # Emulated, compiling is most of a start.
  mountpoint -q "$product/dist/.compile-cache" || mount -t tmpfs tmpfs "$product/dist/.compile-cache"
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
}

# with_product PROGRAM [ARG]...: runs a scenario in TypeScript, and says what the units said when it fails.
with_product() {
  node "$product/test/vm/guest/agent/$1" "$2" && return
  journalctl -b -u sgridnode -u sgridnext --no-pager -o cat | tail -n 40 | sed 's/^/# /'
  return 1
}
