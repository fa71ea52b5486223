#!/bin/sh
# unmkinitramfs(8): an image of one archive is unpacked straight into the folder, without main/.
. "${0%/*}/.common"
while :; do
  case $1 in
    -v | --verbose | --) shift ;;
    *) break ;;
  esac
done
[ $# -eq 2 ] || { echo 'Usage: unmkinitramfs [-v] initramfs-file directory' >&2; exit 2; }
mkdir -p "$2" && exec tar -xf "$(in_root "$1")" -C "$2"
