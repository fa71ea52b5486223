/**
 * The lock of a host: one line in /var/lib/vfio-run/lock, empty when free: `RUN UNTIL WHO`, UNTIL in seconds since
 * the epoch by the host's own clock, from which the controller's may differ. It is held from the first write over
 * the reboot to the last look; a run that died leaves it, and it can be taken once UNTIL has passed.
 */
export const LOCK_FUNCTIONS = `take_lock() { # RUN SECONDS WHO; fails with the holder's RUN SECONDS-LEFT WHO in $held, or none where it cannot be written
  held=
  mkdir -p "$state" && chmod 700 "$state" || return 1
  n=0
  until mkdir "$state/.vfio-run.taking" 2>/dev/null; do
    n=$((n + 1))
    # Nobody takes that long: the one who began it was killed.
    [ "$n" -ne 50 ] || rmdir "$state/.vfio-run.taking"
    [ "$n" -lt 60 ] || return 1
    sleep 0.1 2>/dev/null || sleep 1
  done
  [ -f "$state/lock" ] && read -r held <"$state/lock"
  r=\${held%% *}; w=\${held#* }; u=\${w%% *}; w=\${w#* }; now=$(date +%s); taken=1
  # Half a line is what a power cut leaves, and holds for nobody.
  case $u in '' | 0* | *[!0-9]*) u=0;; esac
  if [ -z "$held" ] || [ "$r" = "$1" ] || [ "$now" -gt "$u" ]; then
    held=
    printf '%s %s %s\\n' "$1" "$((now + $2))" "$3" >"$state/lock" && taken=0
  else held="$r $((u - now)) $w"; fi
  rmdir "$state/.vfio-run.taking"
  return $taken
}
free_lock() { # RUN
  [ -f "$state/lock" ] && read -r held <"$state/lock" && [ "\${held%% *}" = "$1" ] && : >"$state/lock"
}`
