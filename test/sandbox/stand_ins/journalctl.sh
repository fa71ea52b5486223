#!/bin/sh
# journalctl(1) for kernel messages of the running boot. The log is kept as `-o short-monotonic` prints it,
# `[    0.000000] host kernel: text`; other formats than that and cat are not imitated.
. "${0%/*}/.common"
format=short
kernel=
while [ $# -gt 0 ]; do
  case $1 in
    -k | --dmesg) kernel=1 ;;
    -b | --boot) case $2 in 0) shift ;; -[0-9]* | [1-9]*) echo "Data from the specified boot ($2) is not available: No such boot ID in journal" >&2; exit 1 ;; esac ;;
    -b0 | --boot=0 | -q | --quiet | --no-pager | --no-hostname | -a | --all | -kb | -kb0) case $1 in -k*) kernel=1 ;; esac ;;
    -o | --output) format=$2; shift ;;
    -o?*) format=${1#-o} ;;
    --output=*) format=${1#*=} ;;
    *) printf "journalctl: unrecognized option '%s'\n" "$1" >&2; exit 1 ;;
  esac
  shift
done
if [ "$(id -u)" != 0 ]; then
  echo 'Hint: You are currently not seeing messages from other users and the system.
      Users in groups '"'adm', 'systemd-journal'"' can see all messages.
      Pass -q to turn off this notice.
No journal files were opened due to insufficient permissions.' >&2
  exit 1
fi
[ -n "$kernel" ] || { echo 'journalctl: the sandbox keeps only kernel messages: -k' >&2; exit 1; }
case $format in
  short-monotonic) cat "$root/var/log/kernel-journal" ;;
  cat) sed 's/^\[[^]]*\] [^ ]* kernel: //' "$root/var/log/kernel-journal" ;;
  *) sed 's/^\[[^]]*\]/Feb 10 08:00:00/' "$root/var/log/kernel-journal" ;;
esac
