#!/bin/sh
# id(1): SANDBOX_UID stands for the credentials that a process without root cannot really take on.
. "${0%/*}/.common"
uid=${SANDBOX_UID:-1000}
case $* in
  -u | -g | '-r -u' | -ru | '-u -r') echo "$uid" ;;
  -un | -gn | '-u -n') [ "$uid" = 0 ] && echo root || cat "$control/user" ;;
  '') [ "$uid" = 0 ] && echo 'uid=0(root) gid=0(root) groups=0(root)' || echo "uid=$uid($(cat "$control/user")) gid=$uid($(cat "$control/user"))" ;;
  *) echo "id: the sandbox knows -u, -g, -un and -gn" >&2; exit 1 ;;
esac
