#!/bin/sh
# init of the image's first boot, started by QEMU's -kernel: grub-install needs the disk it installs to.
# Ends with the word the builder waits for on the serial line, and powers off.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mount -o remount,rw /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs run /run
grub-install --target=i386-pc /dev/vda && update-grub && rm -f /sbin/lab-first-boot && echo LAB-IMAGE-DONE
sync
mount -o remount,ro /
echo o > /proc/sysrq-trigger
while :; do sleep 1; done
