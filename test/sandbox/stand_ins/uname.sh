#!/bin/sh
# uname(1) of the sandbox's machine.
. "${0%/*}/.common"
kernel=$root/proc/sys/kernel
field() {
  case $1 in
    s) cat "$kernel/ostype" ;;
    n) cat "$kernel/hostname" ;;
    r) cat "$kernel/osrelease" ;;
    v) cat "$kernel/version" ;;
    m) echo x86_64 ;;
    o) echo GNU/Linux ;;
    *) echo "uname: invalid option -- '$1'" >&2; exit 1 ;;
  esac
}
options=${*:--s}
fields=
for x in s n r v m o; do
  case $options in -*"$x"* | -a) fields="$fields $(field $x)" ;; esac
done
echo "${fields# }"
