#!/bin/sh
# Before the first package is unpacked: $1 is the new root.
set -eu

# Only what finds the disks under qemu: a small initial RAM disk is most of the boot time under emulation.
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/hooks"
printf 'MODULES=list\nCOMPRESS=gzip\n' >"$1/etc/initramfs-tools/conf.d/vm"
cat >"$1/usr/share/initramfs-tools/hooks/vm" <<'HOOK'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
for module in virtio_pci virtio_blk ext4 crc32c_generic; do
  force_load "$module"
done
HOOK
chmod 755 "$1/usr/share/initramfs-tools/hooks/vm"
