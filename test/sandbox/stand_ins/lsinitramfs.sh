#!/bin/sh
# lsinitramfs(8): paths without a leading slash, as cpio --list prints them.
. "${0%/*}/.common"
[ "$1" != -- ] || shift
[ $# -gt 0 ] || { echo 'Usage: lsinitramfs [-l] initramfs-file...' >&2; exit 2; }
for image; do
  tar -tf "$(in_root "$image")" | sed 's,^\./\(.\),\1,; s,\(.\)/$,\1,'
done
