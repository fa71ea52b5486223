#!/bin/bash
# dracut(8) 059. The archive is an uncompressed tar where the real one is a compressed cpio; the layout inside is the
# real one, without the programs.
. "${0%/*}/.common"

force= regenerate= hostonly_l= kernel= image= quiet= add_drivers_l= force_drivers_l=
while (($# > 0)); do
  case $1 in
    -f | --force) force=1 ;;
    --regenerate-all) regenerate=1 ;;
    -H | --hostonly) hostonly_l=yes ;;
    -N | --no-hostonly) hostonly_l=no ;;
    --kver) kernel=$2; shift ;;
    --kver=*) kernel=${1#*=} ;;
    --add-drivers) add_drivers_l+=" $2 "; shift ;;
    --force-drivers) force_drivers_l+=" $2 "; shift ;;
    -q | --quiet) quiet=1 ;;
    -v | --verbose | --parallel | --no-hostonly-cmdline) ;;
    -*) echo "dracut: unrecognized option '$1'" >&2; exit 1 ;;
    *) if [[ -z $image ]]; then image=$1; else kernel=$1; fi ;;
  esac
  shift
done
need_root 'dracut[F]: No permission to write to /boot.'

info() { [[ -n $quiet ]] || printf 'dracut[I]: %s\n' "$*" >&2; }
error() { printf 'dracut[E]: %s\n' "$*" >&2; }
fatal() { printf 'dracut[F]: %s\n' "$*" >&2; exit 1; }

if [[ -n $regenerate ]]; then
  [[ -z $kernel$image ]] || fatal '--regenerate-all cannot be called with a kernel version.'
  ret=0
  for dep in "$root"/usr/lib/modules/*/modules.dep; do
    release=${dep%/modules.dep}
    "$0" --kver="${release##*/}" ${force:+--force} ${quiet:+--quiet} ${hostonly_l:+$([[ $hostonly_l = yes ]] && echo -H || echo -N)} || ((ret++))
  done
  exit "$ret"
fi
fail_if_told dracut

# Drop-ins of /etc take the place of those of the same name in /usr/lib; then they are read by name.
drop_ins() {
  for f in "$root"/etc/dracut.conf.d/*.conf "$root"/usr/lib/dracut/dracut.conf.d/*.conf; do
    [[ ! -e $f ]] || printf '%s %s\n' "${f##*/}" "$f"
  done | sort -s -u -k1,1 | cut -d' ' -f2-
}
check_conf_file() {
  if grep -H -e '^[^#]*[+]=\("[^ ]\|.*[^ ]"\)' "$1"; then
    printf '\ndracut[W]: <key>+=" <values> ": <values> should have surrounding white spaces!\n' >&2
    printf 'dracut[W]: This will lead to unwanted side effects! Please fix the configuration file.\n\n' >&2
  fi
}
hostonly= add_drivers= force_drivers= omit_drivers= install_items=
for f in "$root/etc/dracut.conf" $(drop_ins); do
  [[ -e $f ]] || continue
  check_conf_file "$f"
  . "$f"
done
hostonly=${hostonly_l:-$hostonly}
[[ $hostonly = yes ]] || hostonly=
add_drivers+=$add_drivers_l
force_drivers+=$force_drivers_l

[[ -n $kernel ]] || kernel=$(uname -r)
[[ -d $root/usr/lib/modules/$kernel ]] || fatal "Cannot find module directory /lib/modules/$kernel/"

is_mount_point() { grep -q "^[^#][^ ]* *$1 " "$root/etc/fstab"; }
if [[ -z $image ]]; then
  machine_id=$(cat "$root/etc/machine-id" 2>/dev/null)
  image=/boot/initramfs-$kernel.img
  for place in /efi /boot /boot/efi; do
    if [[ -d $root$place/loader/entries && -n $machine_id && -d $root$place/$machine_id ]]; then
      image=$place/$machine_id/$kernel/initrd
      found=1
      break
    fi
  done
  if [[ -z $found && ! -e $root/boot/vmlinuz-$kernel && -n $machine_id ]]; then
    for place in /boot/efi /efi; do
      ! is_mount_point "$place" || image=$place/$machine_id/$kernel/initrd
    done
  fi
fi
output=$(in_root "$image")
[[ -z $force && -e $output ]] && fatal "Will not override existing initramfs ($image) without --force"
[[ -d ${output%/*} ]] || fatal "Can't write to '${image%/*}': Directory '${image%/*}' does not exist or is not accessible."

work=$(mktemp -d "$root/var/tmp/dracut.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/initramfs
modules=/usr/lib/modules/$kernel
mkdir -p "$tree"/{dev,proc,sys,run,tmp,etc/cmdline.d,usr/bin,usr/sbin,usr/lib,usr/lib64,usr/lib/dracut/hooks} "$tree$modules"
ln -s usr/bin usr/sbin usr/lib usr/lib64 "$tree"

wanted=$work/wanted
# 90kernel-modules, 50drm: disks, USB host controllers and displays; network cards only in images for any machine.
network=; [[ -n $hostonly ]] || network="|net/ethernet"
auto="^kernel/(drivers/(ata|nvme|scsi|md|block|virtio|usb/host|hid|gpu/drm$network)|fs)/"
modules_below "$kernel" "$auto" | if [[ -n $hostonly ]]; then of_this_host; else cat; fi >"$wanted"
for name in $omit_drivers; do
  grep -vxE "${name//-/_}" "$wanted" >"$wanted.kept"
  mv "$wanted.kept" "$wanted"
done
# dracut-install -m stops at a name that it does not know; dracut says so and goes on.
instmods() {
  local name
  for name; do
    if is_module "$kernel" "$name"; then
      echo "${name//-/_}" >>"$wanted"
    elif ! is_built_in "$kernel" "$name"; then
      echo "dracut-install: Failed to find module '$name'" >&2
      error "FAILED:  /usr/lib/dracut/dracut-install -D $tree --kerneldir /lib/modules/$kernel/ -m $*"
      return
    fi
  done
}
instmods $add_drivers
instmods $force_drivers
for name in $force_drivers; do
  echo "rd.driver.pre=$name" >>"$tree/etc/cmdline.d/20-force_drivers.conf"
done
(cd "$root$modules" && with_dependencies "$kernel" "$wanted" | sort -u | xargs -r cp -p --parents -t "$tree$modules")
cp -p "$root$modules"/modules.{dep,builtin} "$tree$modules"

for f in "$root"/usr/lib/modprobe.d/*.conf ${hostonly:+"$root"/etc/modprobe.d/*.conf}; do
  [[ ! -e $f ]] || install_file "$tree" "${f#"$root"}"
done
# The shell takes the items for patterns; they are of the machine's root, not of ours.
set -f
items=($install_items)
set +f
for item in "${items[@]}"; do
  for f in "$root"$item; do
    install_file "$tree" "${f#"$root"}" || echo "dracut-install: ERROR: installing '${f#"$root"}'" >&2
  done
done
printf '%s\n' bash systemd systemd-initrd kernel-modules kernel-modules-extra rootfs-block udev-rules base fs-lib shutdown >"$tree/usr/lib/dracut/modules.txt"
printf ' %s' "--kver '$kernel'" ${force:+--force} >"$tree/usr/lib/dracut/build-parameter.txt"
: >"$tree/usr/lib/dracut/dracut-059"
sed 's/^PRETTY_NAME="\(.*\)"/PRETTY_NAME="\1 dracut-059 (Initramfs)"/' "$root/usr/lib/os-release" >"$tree/usr/lib/initrd-release"
ln -s ../usr/lib/initrd-release "$tree/etc/initrd-release"
ln -s usr/lib/systemd/systemd "$tree/init"

info "*** Creating image file '$image' ***"
# Over the old one: its inode stays.
tar -cf "$work/initramfs.img" -C "$tree" . && cp --reflink=auto "$work/initramfs.img" "$output" || { rm -f "$output"; fatal "Creation of $image failed"; }
info "*** Creating initramfs image file '$image' done ***"
