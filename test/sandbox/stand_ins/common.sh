# Sourced by the stand-ins: programs of a machine that would act on the machine the tests run on.
# They stand for the real ones in what they print, refuse and write, below $root instead of /.

root=${VFIO_RUN_ROOT:?only for sandboxes}
control=$root/.sandbox

# A path as the caller names it: scripts may or may not have put the root before it already.
in_root() {
  case $1 in
    "$root"/*) printf '%s\n' "$1" ;;
    /boot/* | /efi/* | /etc/* | /lib/* | /usr/* | /var/*) printf '%s\n' "$root$1" ;;
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

# with_dependencies RELEASE NAMES: of the modules that the file NAMES lists, the paths below /lib/modules/RELEASE, and
# those of what they need and of what the softdeps of modprobe.d name (modprobe --show-depends). Names that are
# none of its modules give nothing.
with_dependencies() {
  for x in "$root"/etc/modprobe.d/*.conf "$root"/usr/lib/modprobe.d/*.conf; do
    # A last line without a newline must not swallow the next file's first.
    [ ! -e "$x" ] || { sed 's/^/modprobe.d /' "$x"; echo; }
  done | awk '
    function name(path) { sub(/^.*\//, "", path); sub(/\.ko.*$/, "", path); gsub(/-/, "_", path); return path }
    function add(module,   i, n, parts) {
      gsub(/-/, "_", module)
      if (module in added || !(module in needs)) return
      added[module] = 1
      print path[module]
      n = split(needs[module] " " soft[module], parts, " ")
      for (i = 1; i <= n; i++) add(parts[i])
    }
    FILENAME == "-" && $1 == "modprobe.d" {
      if ($2 != "softdep") next
      module = $3; gsub(/-/, "_", module)
      for (i = 4; i <= NF; i++) if ($i !~ /:$/) soft[module] = soft[module] " " $i
      next
    }
    FILENAME ~ /modules\.dep$/ {
      file = $1; sub(/:$/, "", file)
      module = name(file)
      path[module] = file
      needs[module] = " "
      for (i = 2; i <= NF; i++) needs[module] = needs[module] " " name($i)
      next
    }
    NF > 0 { wanted[++count] = $1 }
    END { for (i = 1; i <= count; i++) add(wanted[i]) }
  ' "$root/usr/lib/modules/$1/modules.dep" - "$2"
}

# modules_below RELEASE REGEX: names of the modules whose path matches.
modules_below() {
  sed 's/:.*//' "$root/usr/lib/modules/$1/modules.dep" | grep -E -- "$2" | sed 's,^.*/,,; s,\.ko.*$,,; s,-,_,g'
}

# is_module RELEASE NAME, is_built_in RELEASE NAME
is_module() {
  modules_below "$1" . | grep -qxF -- "$(printf %s "$2" | tr - _)"
}
is_built_in() {
  sed 's,^.*/,,; s,\.ko.*$,,; s,-,_,g' "$root/usr/lib/modules/$1/modules.builtin" | grep -qxF -- "$(printf %s "$2" | tr - _)"
}

# install_file IMAGE PATH: copies a file of the machine into an image's tree; of a link what it links to as well.
install_file() {
  [ -f "$root$2" ] || return 1
  mkdir -p "$1${2%/*}"
  if [ -L "$root$2" ]; then
    real=$(readlink -f "$root")
    target=$(readlink -f "$root$2")
    # Absolute links lead out of the sandbox.
    case $target in "$real"/*) target=${target#"$real"} ;; esac
    mkdir -p "$1${target%/*}"
    cp -p "$root$target" "$1$target" 2>/dev/null || return 1
    ln -rsf "$1$target" "$1$2"
  else
    cp -p "$root$2" "$1$2"
  fi
}

# of_this_host: of module names, those that the machine's devices ask for; what these need comes along later.
of_this_host() {
  grep -xF -f "$control/modules-asked-for"
}
