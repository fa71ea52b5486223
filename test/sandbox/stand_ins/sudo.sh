#!/bin/sh
# sudo(8) 1.9.13. .sandbox/sudo says how it is configured: nopasswd, password, or denied (not in sudoers, which it
# says only after the password). Like the real one it gives its command an environment of its own: SSH_CONNECTION is
# gone; and it reads not one byte of standard input beyond the password's line.
. "${0%/*}/.common"
mode=$(cat "$control/sudo")
user=$(id -un)
[ "$user" != root ] || mode=nopasswd
prompt="[sudo] password for $user: "
target=root
from_stdin=
ask=1
while [ $# -gt 0 ]; do
  case $1 in
    -p) prompt=$2; shift 2 ;;
    --prompt=*) prompt=${1#*=}; shift ;;
    -u) target=$2; shift 2 ;;
    --user=*) target=${1#*=}; shift ;;
    -S | --stdin) from_stdin=1; shift ;;
    -n | --non-interactive) ask=; shift ;;
    -H | -k | -E | --set-home | --reset-timestamp) shift ;;
    -[A-Za-z][A-Za-z]*) rest=${1#-?}; first=${1%"$rest"}; shift; set -- "$first" "-$rest" "$@" ;;
    --) shift; break ;;
    -*) printf "sudo: invalid option -- '%s'\nusage: sudo -h | -K | -k | -V\n" "${1#-}" >&2; exit 1 ;;
    *) break ;;
  esac
done

authenticate() {
  if [ -z "$ask" ]; then
    echo 'sudo: a password is required' >&2
    exit 1
  fi
  if [ -z "$from_stdin" ]; then
    echo 'sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper' >&2
    echo 'sudo: a password is required' >&2
    exit 1
  fi
  wrong=0
  while [ "$wrong" -lt 3 ]; do
    printf '%s' "$prompt" >&2
    if ! IFS= read -r given; then
      echo >&2
      [ "$wrong" -eq 0 ] && echo 'sudo: no password was provided' >&2
      [ "$wrong" -gt 0 ] && echo "sudo: $wrong incorrect password attempt$([ "$wrong" -eq 1 ] || echo s)" >&2
      exit 1
    fi
    [ "$given" != "$(cat "$control/sudo-password")" ] || return 0
    wrong=$((wrong + 1))
    [ "$wrong" -eq 3 ] || echo 'Sorry, try again.' >&2
  done
  echo 'sudo: 3 incorrect password attempts' >&2
  exit 1
}

[ "$mode" = nopasswd ] || authenticate
if [ "$mode" = denied ]; then
  echo "$user is not in the sudoers file." >&2
  exit 1
fi
[ $# -gt 0 ] || { echo 'usage: sudo -h | -K | -k | -V' >&2; exit 1; }
uid=0
home=/root
[ "$target" = root ] || { uid=1001; home=/home/$target; }
# Not exec: the real one stays as the parent, and its own environment still tells of the connection.
env -i HOME="$home" USER="$target" LOGNAME="$target" LANG=C.UTF-8 SUDO_USER="$user" SUDO_UID=1000 SUDO_GID=1000 \
  SUDO_COMMAND="$*" PATH="$VFIO_RUN_PATH" VFIO_RUN_ROOT="$root" VFIO_RUN_PATH="$VFIO_RUN_PATH" SANDBOX_UID="$uid" "$@"
