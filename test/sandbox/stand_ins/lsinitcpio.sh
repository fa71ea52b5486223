#!/bin/sh
# lsinitcpio(1) of mkinitcpio 39; with -x into the current folder. It reads unified kernel images no more than that one.
. "${0%/*}/.common"
mode=list
while [ $# -gt 0 ]; do
  case $1 in
    -x | --extract) mode=extract ;;
    -l | --list) mode=list ;;
    -c | --config) mode=config ;;
    -n | --nocolor | -v | --verbose) ;;
    --) shift; break ;;
    -*) printf "==> ERROR: lsinitcpio: unrecognized option '%s'\n" "$1" >&2; exit 1 ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || { echo '==> ERROR: No image specified (use -h for help)' >&2; exit 1; }
image=$(in_root "$1")
[ -f "$image" ] || { printf '==> ERROR: No such file: %s\n' "$1" >&2; exit 1; }
[ -r "$image" ] || { printf '==> ERROR: Unable to read file: %s\n' "$1" >&2; exit 1; }
case $mode in
  extract) tar -xf "$image" ;;
  config) tar -xOf "$image" ./buildconfig ;;
  list) tar -tf "$image" | sed -n 's,^\./\(.\),\1,p' | sed 's,/$,,' ;;
esac
