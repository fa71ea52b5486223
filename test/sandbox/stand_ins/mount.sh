#!/bin/sh
# mount(8) of a FAT partition. In a sandbox that is a folder in the place of the device, with what is on it: a link to
# it takes the place of the mount point.
. "${0%/*}/.common"
[ $# -eq 6 ] && [ "$1 $2 $3" = '-t vfat -o' ] || { echo 'mount: the sandbox knows -t vfat -o OPTIONS DEVICE FOLDER' >&2; exit 1; }
need_root "mount: $6: must be superuser to use mount."
[ -d "$5" ] || { echo "mount: $6: special device $5 does not exist." >&2; exit 32; }
rmdir "$6" && ln -s "$5" "$6"
