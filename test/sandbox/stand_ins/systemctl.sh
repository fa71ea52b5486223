#!/bin/sh
# systemctl(1): only what a provisioner asks for.
. "${0%/*}/.common"
verb=
for x; do
  case $x in
    -*) ;;
    *) [ -n "$verb" ] || verb=$x ;;
  esac
done
case $verb in
  reboot) exec reboot ;;
  is-system-running) echo running ;;
  *) printf 'Unknown command verb %s.\n' "$verb" >&2; exit 1 ;;
esac
