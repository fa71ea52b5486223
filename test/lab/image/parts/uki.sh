#!/bin/sh
# dracut makes a UKI, as Debian 12 has no other program that can.
# usage: uki.sh ROOT; the environment has ROOT_UUID
set -eu
root=$1

cat > "$root/etc/dracut.conf.d/20-uki.conf" <<END
uefi="yes"
kernel_cmdline="root=UUID=$ROOT_UUID ro mitigations=off apparmor=0 nowatchdog console=ttyS0 quiet"
END
# Else the hook of systemd-boot's package would write an entry for each kernel beside the UKI.
echo 'layout=uki' > "$root/etc/kernel/install.conf"
