#!/bin/sh
# The EFI system partition, mounted where Debian's installer mounts it, with systemd-boot on it.
# usage: esp.sh ROOT; the environment has ESP_UUID. $ROOT/boot/efi is a filesystem of its own already
set -eu
root=$1

printf 'UUID=%s /boot/efi vfat umask=0077 0 1\n' "$ESP_UUID" >> "$root/etc/fstab"
# No EFI variables here: firmware that has none of its own starts EFI/BOOT/BOOTX64.EFI.
chroot "$root" bootctl --esp-path=/boot/efi --no-variables install
echo 'timeout 0' > "$root/boot/efi/loader/loader.conf"
