#!/bin/sh
# mkinitramfs(8) of Debian 12 (initramfs-tools 0.142). The archive is an uncompressed tar where the real one is a
# compressed cpio: cpio is not on every machine that runs the tests. The layout inside is the real one.
. "${0%/*}/.common"
set -e
umask 022

output=
while [ $# -gt 1 ]; do
  case $1 in
    -o) output=$(in_root "$2"); shift 2 ;;
    *) printf "mkinitramfs: unknown argument '%s'\n" "$1" >&2; exit 2 ;;
  esac
done
version=$1
modules=/usr/lib/modules/$version
. "$root/etc/initramfs-tools/initramfs.conf"
for x in "$root"/etc/initramfs-tools/conf.d/*; do
  [ ! -f "$x" ] || . "$x"
done

work=$(mktemp -d "$root/var/tmp/mkinitramfs_XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/usr/bin" "$work/usr/lib" "$work/usr/lib64" "$work/usr/sbin" "$work/conf/conf.d" "$work/etc/modprobe.d" "$work/usr/lib/modprobe.d" "$work/scripts/init-top" "$work$modules"
ln -s usr/bin usr/lib usr/lib64 usr/sbin "$work"

# add_modules_from_file(), force_load(): a name without arguments is followed by a blank there.
listed=
for x in "$root/etc/initramfs-tools/modules" "$root"/usr/share/initramfs-tools/modules.d/*; do
  [ -f "$x" ] || continue
  grep '^[^#]' "$x" >"$work/.list" || :
  while read -r module args; do
    [ -n "$module" ] || continue
    echo "$module" "$args" >>"$work/conf/modules"
    listed="$listed $module"
  done <"$work/.list"
  rm -f "$work/.list"
done

# auto_add_modules(): disks, USB host controllers, network and file systems; no display, no sound.
case $MODULES in
  list) auto='^$' ;;
  *) auto='^kernel/(drivers/(ata|nvme|scsi|md|block|virtio|usb/host|hid|net/ethernet)|fs)/' ;;
esac

{ printf '%s\n' $listed; modules_below "$version" "$auto" || :; } >"$work/.wanted"
with_dependencies "$version" "$work/.wanted" >"$work/.files"
(cd "$root$modules" && xargs cp -p --parents -t "$work$modules") <"$work/.files"
rm -f "$work/.files" "$work/.wanted"

cp -p "$root$modules/modules.builtin" "$root$modules/modules.dep" "$work$modules"
echo 'DPKG_ARCH=amd64' >"$work/conf/arch.conf"
cp -p "$root/etc/initramfs-tools/initramfs.conf" "$work/conf/initramfs.conf"
for d in /etc/modprobe.d /usr/lib/modprobe.d; do
  for x in "$root$d"/*.conf; do
    # copy_file(): nothing but regular files; of a link its last target too, and a relative link to that.
    [ -f "$x" ] || continue
    target=$d/${x##*/}
    if [ -L "$x" ]; then
      real=$(readlink -f "$root")
      target=$(readlink -f "$x")
      target=${target#"$real"}
      mkdir -p "$work${target%/*}"
      ln -rs "$work$target" "$work$d/${x##*/}"
    fi
    cp -p "$root$target" "$work$target"
  done
done
# udev's hook: rules of one's own, where no package has one of that name.
for x in "$root"/etc/udev/rules.d/*.rules; do
  [ -e "$x" ] && [ ! -e "$root/usr/lib/udev/rules.d/${x##*/}" ] || continue
  mkdir -p "$work/usr/lib/udev/rules.d"
  cp -p "$x" "$work/usr/lib/udev/rules.d/"
done
echo '#!/bin/sh' >"$work/init"
echo '#!/bin/sh' >"$work/scripts/init-top/udev"
chmod 755 "$work/init" "$work/scripts/init-top/udev"

tar -cf "$output" -C "$work" .
