# Sourced by the stand-ins: programs of a machine that would act on the machine the tests run on.
# They stand for the real ones in what they print, refuse and write, below $root instead of /.

root=${VFIO_RUN_ROOT:?only for sandboxes}
control=$root/.sandbox

# A path as the caller names it: scripts may or may not have put the root before it already.
in_root() {
  case $1 in
    "$root"/*) printf '%s\n' "$1" ;;
    /boot/* | /etc/* | /lib/* | /usr/* | /var/*) printf '%s\n' "$root$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# Without root a real machine would stop here; the sandbox's files belong to whoever runs the tests.
need_root() {
  [ "$(id -u)" = 0 ] && return
  printf '%s\n' "$1" >&2
  exit 1
}

# Tests make a program fail by writing its message to .sandbox/fail-PROGRAM.
fail_if_told() {
  [ -e "$control/fail-$1" ] || return 0
  cat "$control/fail-$1" >&2
  exit 1
}
