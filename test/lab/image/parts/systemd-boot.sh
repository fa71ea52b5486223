#!/bin/sh
# Where kernel-install takes the command line from; update-initramfs runs it by the package's hook.
# usage: systemd-boot.sh ROOT; the environment has ROOT_UUID
set -eu
root=$1

echo "root=UUID=$ROOT_UUID ro mitigations=off apparmor=0 nowatchdog console=ttyS0 quiet" > "$root/etc/kernel/cmdline"
