#!/bin/sh
# shutdown(8): -r now or -r +N, both at once.
. "${0%/*}/.common"
case $1 in
  -r | --reboot) exec reboot ;;
  *) echo 'shutdown: the sandbox can only reboot (-r)' >&2; exit 1 ;;
esac
