#!/bin/sh
# After all packages are configured: $1 is the new root.
set -eu

echo sgridnext-vm >"$1/etc/hostname"
# An empty machine-id is filled at boot without the first-boot questions; see machine-id(5).
: >"$1/etc/machine-id"
printf '%s\n' \
  '/dev/vda / ext4 rw,noatime 0 0' \
  '/dev/vdb /opt/sgridnext ext4 ro 0 0' >"$1/etc/fstab"
mkdir -p "$1/opt/sgridnext"

# ttyS0 is the console, ttyS1 carries the results: nobody logs in on either.
for unit in serial-getty@ttyS0.service serial-getty@ttyS1.service getty@tty1.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  e2scrub_reap.service systemd-timesyncd.service; do
  ln -sf /dev/null "$1/etc/systemd/system/$unit"
done

# Emulated, the engine takes many seconds to start: the scenario that wants it does so itself.
chroot "$1" systemctl --quiet disable docker.service docker.socket containerd.service apparmor.service ssh.service

cat >"$1/etc/systemd/system/sgridnext-vm.service" <<'UNIT'
[Unit]
Description=Scenarios of the virtual machine
RequiresMountsFor=/opt/sgridnext

[Service]
Type=exec
ExecStart=/bin/sh /opt/sgridnext/test/vm/guest/run.sh
StandardOutput=tty
StandardError=journal+console
TTYPath=/dev/ttyS1
# What a scenario leaves running is its own business: the run must not be stopped by tidying up.
KillMode=process

[Install]
WantedBy=multi-user.target
UNIT
mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
ln -sf ../sgridnext-vm.service "$1/etc/systemd/system/multi-user.target.wants/sgridnext-vm.service"
