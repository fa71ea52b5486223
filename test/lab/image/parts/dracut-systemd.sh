#!/bin/sh
# systemd in the initramfs too, as Debian's dracut has it: services load what is to be loaded early, not a script.
# usage: dracut-systemd.sh ROOT; before dracut.sh
set -eu
root=$1

cat > "$root/etc/dracut.conf.d/11-systemd.conf" <<'END'
dracutmodules+=" systemd systemd-initrd systemd-journald systemd-modules-load systemd-udevd dracut-systemd "
END
