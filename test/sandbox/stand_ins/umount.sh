#!/bin/sh
# umount(8) of what the stand-in of mount has mounted.
. "${0%/*}/.common"
need_root "umount: $1: must be superuser to unmount."
[ -L "$1" ] || { echo "umount: $1: not mounted." >&2; exit 32; }
rm "$1" && mkdir "$1"
