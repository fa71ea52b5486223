#!/bin/sh
# initramfs-tools, and its image for the kernel that is installed.
# usage: initramfs-tools.sh ROOT
set -eu
root=$1

# Loading 36 MB of initramfs through an emulated BIOS is slow: name the few drivers the root disk needs.
sed -i 's/^MODULES=.*/MODULES=list/; s/^#\? *COMPRESS=.*/COMPRESS=zstd/; s/^#\? *COMPRESSLEVEL=.*/COMPRESSLEVEL=1/' \
  "$root/etc/initramfs-tools/initramfs.conf"
grep -q '^COMPRESSLEVEL=1' "$root/etc/initramfs-tools/initramfs.conf" ||
  echo COMPRESSLEVEL=1 >> "$root/etc/initramfs-tools/initramfs.conf"
printf 'virtio_pci\nvirtio_blk\next4\n' >> "$root/etc/initramfs-tools/modules"

for kernel in "$root"/lib/modules/*; do
  chroot "$root" update-initramfs -c -k "${kernel##*/}"
done
