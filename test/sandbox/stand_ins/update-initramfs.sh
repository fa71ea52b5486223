#!/bin/sh
# update-initramfs(8) of Debian 12 (initramfs-tools 0.142).
. "${0%/*}/.common"
set -e

mode=
version=
while [ $# -gt 0 ]; do
  case $1 in
    -k) version=$2; shift 2 ;;
    -c | -u | -d) mode=${1#-}; shift ;;
    -v | -t) shift ;;
    *) printf "update-initramfs: unknown argument '%s'\n" "$1" >&2; exit 2 ;;
  esac
done
if [ -z "$mode" ]; then
  echo 'You must specify at least one of -c, -u, or -d.' >&2
  exit 2
fi
need_root "update-initramfs: cannot write to /boot: Permission denied"

. "$root/etc/initramfs-tools/update-initramfs.conf"

installed() {
  for image in "$root"/boot/vmlinuz-*; do
    printf '%s\n' "${image##*/vmlinuz-}"
  done | sort -rV
}

with_image() {
  installed | while read -r release; do
    [ ! -e "$root/boot/initrd.img-$release" ] || printf '%s\n' "$release"
  done
}

case $mode$version in
  call) versions=$(installed) ;;
  uall | dall) versions=$(with_image) ;;
  u) versions=$(with_image | head -n 1) ;;
  *) versions=$version ;;
esac
if [ "$mode" = u ] && [ "$update_initramfs" = no ]; then
  echo 'update-initramfs: Not updating initramfs.'
  exit 0
fi

for release in $versions; do
  image=/boot/initrd.img-$release
  if [ "$mode" = d ]; then
    echo "update-initramfs: Deleting $image"
    rm -f "$root$image"
    continue
  fi
  echo "update-initramfs: Generating $image"
  if (fail_if_told update-initramfs) && mkinitramfs -o "$image.new" "$release"; then
    mv -f "$root$image.new" "$root$image"
  else
    rm -f "$root$image.new"
    echo "update-initramfs: failed for $image with 1." >&2
    exit 1
  fi
done
