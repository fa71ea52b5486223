#!/bin/bash
# mkinitcpio(8) 39. The archive is an uncompressed tar where the real one is a compressed cpio; the layout inside is
# the real one, without the programs.
. "${0%/*}/.common"

msg() { printf '==> %s\n' "$*"; }
msg2() { printf '  -> %s\n' "$*"; }
warning() { printf '==> WARNING: %s\n' "$*" >&2; }
error() { printf '==> ERROR: %s\n' "$*" >&2; ((++builderrors)); }
die() { printf '==> ERROR: %s\n' "$*" >&2; exit 1; }

presets=() config= kernel= image= uki= cmdline= skip=
while (($# > 0)); do
  case $1 in
    -P | --allpresets) presets=("$root"/etc/mkinitcpio.d/*.preset) ;;
    -p | --preset) presets+=("$root/etc/mkinitcpio.d/$2.preset"); shift ;;
    -c | --config) config=$2; shift ;;
    -k | --kernel) kernel=$2; shift ;;
    -g | --generate) image=$2; shift ;;
    -U | --uki) uki=$2; shift ;;
    --cmdline) cmdline=$2; shift ;;
    -S | --skiphooks) skip+=",$2"; shift ;;
    --splash=*) ;;
    --splash) shift ;;
    -n | --nocolor | -v | --verbose) ;;
    *) die "unrecognized option '$1'" ;;
  esac
  shift
done
need_root '==> ERROR: Unable to write to /boot'

process_preset() (
  [[ -e $1 ]] || die "Failed to load preset: '${1#"$root"}'"
  . "$1"
  ret=0
  for p in "${PRESETS[@]}"; do
    msg "Building image from preset: ${1#"$root"}: '$p'"
    kver=${p}_kver config=${p}_config image=${p}_image uki=${p}_uki options=${p}_options
    command=(-k "${!kver:-$ALL_kver}")
    if [[ -n ${!config:-$ALL_config} ]]; then
      msg "Using configuration file: '${!config:-$ALL_config}'"
      command+=(-c "${!config:-$ALL_config}")
    else
      msg "Using default configuration file: '/etc/mkinitcpio.conf'"
    fi
    if [[ -z ${!image}${!uki} ]]; then
      warning "No image or UKI specified. Skipping image '$p'"
      continue
    fi
    [[ -z ${!image} ]] || command+=(-g "${!image}")
    [[ -z ${!uki} ]] || command+=(-U "${!uki}")
    command+=(${!options})
    msg2 "${command[*]}"
    "$0" "${command[@]}" || ret=1
  done
  exit "$ret"
)
if ((${#presets[@]} > 0)); then
  ret=0
  for preset in "${presets[@]}"; do
    process_preset "$preset" || ret=1
  done
  exit "$ret"
fi
fail_if_told mkinitcpio

release=$kernel
[[ $kernel != /* ]] || release=$(sed -n 's/^bzImage of //p' "$(in_root "$kernel")")
[[ -n $release && -d $root/usr/lib/modules/$release ]] || die "'/lib/modules/$release' is not a valid kernel module directory"
modules=/usr/lib/modules/$release

# Drop-ins count only beside the default configuration.
configs=("$(in_root "${config:-/etc/mkinitcpio.conf}")")
[[ -n $config ]] || configs+=("$root"/etc/mkinitcpio.conf.d/*.conf)
read_config() {
  local file
  for file in "${configs[@]}"; do
    [[ -e $file ]] || continue
    . "$file" || die "Failed to read configuration '${file#"$root"}'"
  done
}
unset MODULES BINARIES FILES HOOKS
read_config
for name in MODULES FILES HOOKS; do
  # The old form is a string.
  [[ $(declare -p "$name" 2>/dev/null) = 'declare -a'* ]] || read -r -a "$name" <<<"${!name}"
done
((${#HOOKS[@]} > 0)) || die 'Invalid config: No hooks found'

builderrors=0
work=$(mktemp -d "$root/tmp/mkinitcpio.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/root
mkdir -p "$tree"/{proc,sys,dev,run,tmp,var,etc,new_root,usr/bin,usr/lib,hooks} "$tree$modules/kernel"
ln -s usr/lib "$tree/lib"
ln -s usr/bin "$tree/bin"
printf 39 >"$tree/VERSION"

declare -A runtime=([udev]=1 [keymap]=1 [consolefont]=1 [encrypt]=1 [lvm2]=1 [resume]=1 [usr]=1)
declare -A below=([block]='^kernel/drivers/(ata|nvme|scsi|md|block|virtio)/' [keyboard]='^kernel/drivers/(hid|usb/host)/'
  [kms]='^kernel/drivers/gpu/drm/' [filesystems]='^kernel/fs/')
known=' base udev systemd autodetect microcode modconf kms keyboard keymap consolefont sd-vconsole block encrypt sd-encrypt lvm2 resume usr filesystems fsck '
wanted=$work/wanted
: >"$wanted"
hooks= detected=
msg "Starting build: '$release'"
for hook in "${HOOKS[@]}"; do
  [[ ",$skip," != *",$hook,"* ]] || continue
  if [[ $known != *" $hook "* ]]; then
    error "Hook '$hook' cannot be found"
    continue
  fi
  msg2 "Running build hook: [$hook]"
  [[ $hook != autodetect ]] || detected=1
  [[ -z ${below[$hook]} ]] || modules_below "$release" "${below[$hook]}" | if [[ -n $detected ]]; then of_this_host; else cat; fi >>"$wanted"
  [[ -z ${runtime[$hook]} ]] || hooks+=" $hook"
  if [[ $hook = modconf ]]; then
    for file in "$root"/etc/modprobe.d/*.conf "$root"/usr/lib/modprobe.d/*.conf; do
      [[ ! -e $file ]] || install_file "$tree" "${file#"$root"}"
    done
  elif [[ $hook = systemd ]]; then
    mkdir -p "$tree/etc/modules-load.d"
    printf '%s\n' "${MODULES[@]}" >"$tree/etc/modules-load.d/MODULES.conf"
  fi
done

added=()
for name in "${MODULES[@]}"; do
  module=${name%\?}
  if is_module "$release" "$module"; then
    echo "$module" >>"$wanted"
    added+=("${module//-/_}")
  elif [[ $name != *\? ]] && ! is_built_in "$release" "$module"; then
    error "module not found: '$module'"
  fi
done
for file in "${FILES[@]}"; do
  install_file "$tree" "$file" || error "file not found: '$file'"
done
for file in "${configs[@]}"; do
  [[ ! -e $file ]] || cat "$file"
done >"$tree/buildconfig"
{
  ((${#added[@]} == 0)) || printf 'MODULES="%s"\n' "${added[*]}"
  printf 'EARLYHOOKS="%s"\nHOOKS="%s"\nLATEHOOKS=""\nCLEANUPHOOKS="%s"\nEMERGENCYHOOKS=""\n' \
    "$([[ $hooks != *udev* ]] || echo udev)" "${hooks# }" "$([[ $hooks != *udev* ]] || echo udev)"
} >"$tree/config"

(cd "$root$modules" && with_dependencies "$release" "$wanted" | sort -u | xargs -r cp -p --parents -t "$tree$modules")
msg 'Generating module dependencies'
cp -p "$root$modules"/modules.{dep,builtin} "$tree$modules"

# The same content gives the same bytes, as in the real one.
tar -cf "$work/image" --sort=name --mtime=@0 -C "$tree" .
finish() {
  if ((builderrors > 0)); then
    warning 'errors were encountered during the build. The image may not be complete.'
  else
    msg "$1"
  fi
}
if [[ -n $image ]]; then
  msg "Creating zstd-compressed initcpio image: '$image'"
  # Over the old one: its inode stays.
  cat "$work/image" >"$(in_root "$image")" || die "Unable to write to '$image'"
  finish 'Initcpio image generation successful'
fi

# Arguments of the machine, blanks between them; comments only in the drop-ins.
embedded_cmdline() {
  local drop_ins=("$root"/etc/cmdline.d/*.conf)
  if [[ -n $cmdline ]]; then
    cat "$(in_root "$cmdline")"
  elif [[ -e ${drop_ins[0]} ]]; then
    grep -h -- '^[^#]' "${drop_ins[@]}"
  elif [[ -e $root/etc/kernel/cmdline ]]; then
    cat "$root/etc/kernel/cmdline"
  else
    tr ' ' '\n' <"$root/proc/cmdline" | grep -vE '^(BOOT_IMAGE|initrd)='
  fi | tr -s '\n' ' '
}

# The PE format's numbers, least significant byte first.
le() {
  local value=$2 i
  for ((i = 0; i < $1; i++)); do
    printf "\\x$(printf %02x $((value & 255)))"
    ((value >>= 8))
  done
}
# write_pe NAME=FILE…
write_pe() {
  local count=$# size start=1024 name file
  head -c 60 < <(printf MZ; cat /dev/zero)
  le 4 64
  printf 'PE\0\0'
  le 2 0x8664; le 2 "$count"; le 4 0; le 4 0; le 4 0; le 2 240; le 2 0x22
  le 2 0x20b; head -c 22 /dev/zero
  le 8 0; le 4 4096; le 4 512; head -c 16 /dev/zero
  le 4 0x10000000; le 4 1024; le 4 0; le 2 10; le 2 0; head -c 36 /dev/zero
  le 4 16; head -c 128 /dev/zero
  for section; do
    name=${section%%=*}
    size=$(stat -c %s "${section#*=}")
    printf '%s' "$name"
    head -c $((8 - ${#name})) /dev/zero
    le 4 "$size"; le 4 "$((start + 0x10000))"; le 4 $(((size + 511) / 512 * 512)); le 4 "$start"
    head -c 12 /dev/zero
    le 4 0x40000040
    start=$((start + (size + 511) / 512 * 512))
  done
  head -c $((1024 - 64 - 24 - 240 - 40 * count)) /dev/zero
  for section; do
    file=${section#*=}
    size=$(stat -c %s "$file")
    cat "$file"
    head -c $(((size + 511) / 512 * 512 - size)) /dev/zero
  done
}
if [[ -n $uki ]]; then
  msg "Creating unified kernel image: '$uki'"
  embedded_cmdline >"$work/cmdline"
  printf '%s' "$release" >"$work/uname"
  output=$(in_root "$uki")
  mkdir -p "${output%/*}"
  write_pe ".osrel=$root/usr/lib/os-release" ".cmdline=$work/cmdline" ".uname=$work/uname" \
    ".linux=$(in_root "$kernel")" ".initrd=$work/image" >"$work/uki"
  cat "$work/uki" >"$output" || die "Unable to write to '$uki'"
  finish 'Unified kernel image generation successful'
fi
((builderrors == 0))
