# shellcheck shell=sh disable=SC2317
# Sourced by scenarios: machines within this one, each with a systemd, an sshd and a network card of its own, on one
# switch. What is installed here is there too, and nothing of what is carried.
machines=/fleet
network=10.88.0

# prepare_machines: disk, switch and key.
prepare_machines() {
  mkdir -p $machines
  # An overlay cannot keep its changes in what it lies over.
  truncate -s 5G /var/fleet.ext4
  mkfs.ext4 -q -F /var/fleet.ext4
  mount -o loop,noatime /var/fleet.ext4 $machines
  ip link add switch type bridge
  ip addr add "$network.254/24" dev switch
  ip link set switch up
  mkdir -p /root/.ssh
  chmod 700 /root/.ssh
  ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
  printf 'Host %s.*\n  StrictHostKeyChecking accept-new\n  ConnectTimeout 20\n' "$network" >/root/.ssh/config
}

# boot_machine NAME NUMBER: at $network.NUMBER.
boot_machine() {
  root=$machines/$1/root
  mkdir -p "$machines/$1/upper" "$machines/$1/work" "$root"
  mount -t overlay "machine-$1" -o "lowerdir=/,upperdir=$machines/$1/upper,workdir=$machines/$1/work" "$root"
  echo "$1" >"$root/etc/hostname"
  : >"$root/etc/machine-id"
  : >"$root/etc/fstab"
  rm -f "$root/etc/systemd/system/multi-user.target.wants/sgridnext-vm.service"
  printf '[Match]\nName=host0\n[Network]\nAddress=%s.%s/24\n' "$network" "$2" >"$root/etc/systemd/network/10-lan.network"
  mkdir -p "$root/root/.ssh"
  chmod 700 "$root/root/.ssh"
  rm -f "$root/root/.ssh/id_ed25519"
  cp /root/.ssh/id_ed25519.pub "$root/root/.ssh/authorized_keys"
  systemctl --quiet --root="$root" enable systemd-networkd ssh
  # The cable, under a name of our own.
  # A machine that reboots ends systemd-nspawn with 133 (its --keep-unit), and is begun again as systemd-nspawn@.service does.
  systemd-run --quiet --collect --unit="machine-$1" --slice=machine.slice -p Delegate=yes -p KillMode=mixed \
    -p RestartForceExitStatus=133 -p SuccessExitStatus=133 \
    systemd-nspawn --quiet --boot --keep-unit --register=no --link-journal=no --console=read-only --machine="$1" \
    --directory="$root" --network-bridge=switch
}

on() { machine=$1; shift; ssh -o BatchMode=yes "root@$network.$machine" "$@"; }
boot_of() { on "$1" cat /proc/sys/kernel/random/boot_id; }
rebooted_since() { boot_now=$(boot_of "$1") && case $boot_now in "$2") echo 'the same boot'; return 1 ;; esac; }
# reboot_machine NUMBER: returns when it is reached again.
reboot_machine() {
  boot_before=$(boot_of "$1") || return 1
  # The connection goes down with it.
  on "$1" systemctl reboot || true
  eventually rebooted_since "$1" "$boot_before"
}
# systemd-nspawn(1) names the host's end after the machine.
unplug() { ip link set "vb-$1" down; }
plug_in() { ip link set "vb-$1" up; }
