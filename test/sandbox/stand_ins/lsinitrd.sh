#!/bin/sh
# lsinitrd(1) of dracut 059.
. "${0%/*}/.common"
mode=list
only_modules=
release=
wanted=
while [ $# -gt 0 ]; do
  case $1 in
    -k | --kver) release=$2; shift ;;
    -f | --file) wanted="$wanted ${2#/}"; shift ;;
    -s | --size | -v | --verbose) ;;
    -m | --mod) only_modules=1 ;;
    --unpack) mode=unpack ;;
    --) shift; break ;;
    -*) echo 'Usage: lsinitrd [options] [<initramfs file> [<filename> [<filename> [...] ]]]' >&2; exit 1 ;;
    *) break ;;
  esac
  shift
done
if [ $# -gt 0 ]; then
  name=$1
  shift
else
  [ -n "$release" ] || release=$(uname -r)
  id=$(cat "$root/etc/machine-id" 2>/dev/null)
  name=/boot/initramfs-$release.img
  for place in /efi /boot /boot/efi; do
    [ -z "$id" ] || [ ! -f "$root$place/$id/$release/initrd" ] || name=$place/$id/$release/initrd
  done
fi
for x; do wanted="$wanted ${x#/}"; done
image=$(in_root "$name")
if [ ! -f "$image" ]; then
  printf '%s does not exist\n\n' "$name" >&2
  exit 1
fi
[ -r "$image" ] || { printf "No <initramfs file> specified and the default image '%s' cannot be accessed!\n" "$name" >&2; exit 1; }

if [ "$mode" = unpack ]; then
  exec tar -xf "$image" $(for x in $wanted; do printf ' ./%s' "$x"; done)
fi
if [ -n "$wanted" ]; then
  for x in $wanted; do tar -xOf "$image" "./$x" 2>/dev/null; done
  exit
fi
line() { echo '========================================================================'; }
dracut_modules() { echo 'dracut modules:'; tar -xOf "$image" ./usr/lib/dracut/modules.txt 2>/dev/null; line; }
echo "Image: $name: $(du -h "$image" | cut -f1)"
line
echo "Version: $(tar -tf "$image" | sed -n 's,^\./usr/lib/dracut/\(dracut-.*\),\1,p')"
echo
if [ -n "$only_modules" ]; then
  dracut_modules
  exit
fi
printf 'Arguments: '
tar -xOf "$image" ./usr/lib/dracut/build-parameter.txt 2>/dev/null
echo
dracut_modules
tar -tvf "$image" | awk '{
  path = $6; for (i = 7; i <= NF; i++) path = path " " $i
  sub(/^\.\//, "", path); if (path != "") sub(/\/$/, "", path); if (path == "") path = "."
  printf "%s   1 root     root     %8d Jan  1  1970 %s\n", $1, $3, path
}' | sort -k9
line
