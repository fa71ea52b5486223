#!/bin/sh
# dracut, and its image for the kernel that is installed.
# usage: dracut.sh ROOT
set -eu
root=$1

# As Debian has it, hostonly stays "no". Named are the few modules that this machine needs to boot, and xhci_pci, which
# takes the USB controller from vfio-pci unless something makes vfio-pci win: all drivers there are, copied and packed in
# an emulated processor, took more than seven minutes; these take half a minute.
cat > "$root/etc/dracut.conf.d/10-lab.conf" <<'END'
dracutmodules+=" dash base fs-lib kernel-modules rootfs-block udev-rules "
drivers+=" virtio_pci virtio_blk ext4 xhci_pci "
filesystems+=" ext4 "
compress="zstd -1 -T1"
early_microcode="no"
do_strip="no"
nofscks="yes"
END
chroot "$root" dracut --regenerate-all --force
