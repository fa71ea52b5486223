#!/bin/sh
# unshare(1) -m: what stands for mounts here is seen by everybody, and gone when its command has ended them.
. "${0%/*}/.common"
need_root 'unshare: unshare failed: Operation not permitted'
[ "$1" = -m ] || { echo "unshare: the sandbox knows -m" >&2; exit 1; }
shift
exec "$@"
