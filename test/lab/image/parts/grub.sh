#!/bin/sh
# GRUB's configuration, and the init of a first boot that installs it: grub-install needs the disk it installs to.
# usage: grub.sh ROOT
set -eu
root=$1
here=$(dirname "$0")

# Never _DEFAULT: that is the variable the tool edits.
sed -i 's/^GRUB_CMDLINE_LINUX=.*/GRUB_CMDLINE_LINUX="mitigations=off apparmor=0 nowatchdog console=ttyS0"/
        s/^GRUB_TIMEOUT=.*/GRUB_TIMEOUT=0/; s/^#GRUB_TERMINAL=.*/GRUB_TERMINAL=console/' "$root/etc/default/grub"

install -m 755 "$here/first-boot.sh" "$root/sbin/lab-first-boot"
