import type { Change } from '../../host/change.ts'
import { shellQuote } from './quote.ts'

/**
 * Moves devices from driver to driver while the host runs (Documentation/ABI/testing/sysfs-bus-pci: driver_override,
 * unbind, drivers_probe), and back where a later step fails. It expects say, fail, $root and $dir of the apply script.
 *
 * What is written to these files runs a driver's own code within write(2), under the device's lock. A driver that waits
 * there for a guest, a file system or its hardware hangs in state D, which no signal ends: a child writes, and we wait.
 */
export const BIND_FUNCTIONS = `nap() { sleep 0.1 2>/dev/null || sleep 1; }
driver_of() { # ADDRESS
  l=$(readlink -- "$root/sys/bus/pci/devices/$1/driver") || l=
  printf '%s' "\${l##*/}"
}
check_identity() { # ADDRESS ID
  d=$root/sys/bus/pci/devices/$1
  { read -r v <"$d/vendor" && read -r i <"$d/device"; } 2>/dev/null || fail "there is no device $1 any more: nothing is bound"
  i=\${v#0x}:\${i#0x}
  [ "$i" = "$2" ] || fail "$1 is $i now and was $2 when it was looked at: addresses have moved; it is not touched"
}
check_device() { # ADDRESS ID DRIVER
  check_identity "$1" "$2"
  b=$(driver_of "$1")
  [ "$b" = "$3" ] || fail "$1 is on \${b:-no driver} now and was on \${3:-no driver} when it was looked at: somebody else binds it; it is not touched"
}
tell() { # SECONDS PATH TEXT; 1: the kernel refused, $refused says why; 2: it has not come back
  rm -f -- "$dir/told"; refused=
  { if printf '%s\\n' "$3" >"$2"; then echo 0; else echo 1; fi >"$dir/told"; } </dev/null >/dev/null 2>"$dir/refused" &
  u=$(($(date +%s) + $1))
  until [ -s "$dir/told" ]; do
    [ "$(date +%s)" -le "$u" ] || return 2
    nap
  done
  read -r rc <"$dir/told"
  [ "$rc" = 0 ] || { read -r refused <"$dir/refused" || refused='no reason given'; return 1; }
}
hangs() { # N WHAT; the device's lock is held from now on: looks of this boot leave out what is read under it
  : >"$dir/$1.hung"
  cat "$root/proc/sys/kernel/random/boot_id" >"$state/hung"
  fail "$2, and hangs in the kernel: nothing but a reboot clears that (journalctl -k may say what it waits for)"
}
comes_to() { # ADDRESS DRIVER; '' for any. The write is back when it is done, but udev loads modules in its own time
  n=0
  until l=$(driver_of "$1"); if [ -n "$2" ]; then [ "$l" = "$2" ]; else [ -n "$l" ]; fi; do
    n=$((n + 1)); [ "$n" -lt 20 ] || return 1
    nap
  done
}
let_go() { # SECONDS ADDRESS
  tell "$1" "$root/sys/bus/pci/devices/$2/driver/unbind" "$2" || return
  n=0
  while [ -n "$(driver_of "$2")" ]; do n=$((n + 1)); [ "$n" -lt 20 ] || { refused='it is still there'; return 1; }; nap; done
}
bound=
bind_device() { # N ADDRESS ID FROM TO OVERRIDE SECONDS
  say run "$2: \${4:-no driver} -> \${5:-the kernel's choice}"
  # A module that was loaded for this may have had its id, and taken it already.
  if [ -n "$5" ] && [ "$(driver_of "$2")" = "$5" ]; then check_identity "$2" "$3"; else check_device "$2" "$3" "$4"; fi
  d=$root/sys/bus/pci/devices/$2
  read -r o <"$d/driver_override" || fail "this kernel has no driver_override for $2"
  [ "$o" != '(null)' ] || o=
  printf '%s %s %s %s\\n' "$2" "$7" "\${4:--}" "\${o:--}" >"$dir/$1.bound" || fail "cannot write to $dir (is the disk full?)"
  bound="$1 $bound"
  # First of all, so that nothing else takes it in between.
  override "$1" "$2" "$5" "$7"
  b=$(driver_of "$2")
  if [ "$b" != "$5" ] || [ -z "$5" ]; then
    if [ -n "$b" ]; then
      let_go "$7" "$2"
      case $? in
      1) fail "$b does not let go of $2: $refused";;
      2) hangs "$1" "$b has not let go of $2 within $7 s";;
      esac
    fi
    # As udev does where a device appears; blacklists hold.
    [ -n "$5" ] || { read -r m <"$d/modalias" && modprobe -q -b -- "$m"; } >/dev/null 2>&1 || :
    tell "$7" "$root/sys/bus/pci/drivers_probe" "$2"
    [ $? -ne 2 ] || hangs "$1" "\${5:-its driver} has not taken $2 within $7 s"
    comes_to "$2" "$5" || [ -z "$5" ] || fail "$5 did not take $2: $(about "$2")"
  fi
  b=$(driver_of "$2")
  case $5$b in *vfio[-_]pci) [ -n "$5" ] || fail "$b has taken $2 again: its id is claimed for it";; esac
  [ "$5" = "$6" ] || override "$1" "$2" "$6" "$7"
  say line "$2 is on \${b:-no driver}"
}
about() { # ADDRESS: the kernel's last word on it
  m=$(dmesg 2>/dev/null | grep -F -- "$1" | tail -n 1)
  printf '%s' "\${m:-the kernel says nothing of it}"
}
override() { # N ADDRESS DRIVER SECONDS
  tell "$4" "$root/sys/bus/pci/devices/$2/driver_override" "$3"
  case $? in
  1) fail "the kernel refuses the driver_override of $2: $refused";;
  2) hangs "$1" "the driver_override of $2 was not written within $4 s";;
  esac
}
rebind() { # N: to where bind_device has found it, as far as the kernel lets us
  read -r a t from o <"$dir/$1.bound" || return
  [ "$from" != - ] || from=
  [ "$o" != - ] || o=
  if [ -f "$dir/$1.hung" ]; then say unrestored "$a on \${from:-no driver} (it hangs in the kernel: reboot)"; return; fi
  f=$root/sys/bus/pci/devices/$a/driver_override
  b=$(driver_of "$a")
  if [ "$b" != "$from" ]; then
    { tell "$t" "$f" "\${from:-$o}" && { [ -z "$b" ] || let_go "$t" "$a"; }; } || { say unrestored "$a on \${from:-no driver}"; return; }
    if [ -n "$from" ]; then tell "$t" "$root/sys/bus/pci/drivers_probe" "$a" && comes_to "$a" "$from"; fi
  fi
  if tell "$t" "$f" "$o" && [ "$(driver_of "$a")" = "$from" ]; then say rebound "$a"
  else say unrestored "$a on \${from:-no driver}"; fi
}`

type Bind = Extract<Change, { kind: 'bind' }>

/** Looks, before anything is written, whether the device is still the one it was, and where it was. */
export const checkDevice = ({ address, id, from }: Bind): string =>
  `check_device ${[address, id, from].map(shellQuote).join(' ')}`

export const bindDevice = ({ address, id, from, to, override, timeout }: Bind, n: number): string =>
  `bind_device ${n} ${[address, id, from, to, override ?? to].map(shellQuote).join(' ')} ${timeout}`
