#!/bin/sh
# update-grub(8)
. "${0%/*}/.common"
fail_if_told update-grub
exec grub-mkconfig -o /boot/grub/grub.cfg "$@"
