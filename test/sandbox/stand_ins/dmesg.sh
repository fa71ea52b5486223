#!/bin/sh
# dmesg(1) where kernel.dmesg_restrict=1, as in Debian.
. "${0%/*}/.common"
if [ "$(id -u)" != 0 ]; then
  echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2
  exit 1
fi
exec sed 's/^\(\[[^]]*\]\) [^ ]* kernel:/\1/' "$root/var/log/kernel-journal"
