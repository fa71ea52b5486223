#!/bin/sh
# grub-mkconfig(8) of Debian 12 (grub-common 2.06): 00_header and 10_linux, without probing any disk.
. "${0%/*}/.common"
set -e

output=
while [ $# -gt 0 ]; do
  case $1 in
    -o) output=$(in_root "$2"); shift 2 ;;
    --output=*) output=$(in_root "${1#*=}"); shift ;;
    *) printf "Unrecognized option \`%s'\n" "$1" >&2; exit 1 ;;
  esac
done
fail_if_told grub-mkconfig
need_root 'grub-mkconfig: You must run this as root'

GRUB_DEVICE_UUID=$(sed -n 's/^UUID=\([^ ]*\) \/ .*/\1/p' "$root/etc/fstab")
if [ -f "$root/etc/default/grub" ]; then
  . "$root/etc/default/grub"
fi
for x in "$root"/etc/default/grub.d/*.cfg; do
  if [ -e "$x" ]; then
    . "$x"
  fi
done

case $GRUB_DISTRIBUTOR in
  '') OS=GNU/Linux ;;
  Ubuntu | Kubuntu) OS=$GRUB_DISTRIBUTOR ;;
  *) OS="$GRUB_DISTRIBUTOR GNU/Linux" ;;
esac
class=$(printf '%s' "$GRUB_DISTRIBUTOR" | tr 'A-Z' 'a-z' | cut -d' ' -f1)
CLASS="${class:+--class $class }--class gnu-linux --class gnu --class os"
[ -n "$GRUB_DEFAULT" ] || GRUB_DEFAULT=0
[ "$GRUB_DEFAULT" != saved ] || GRUB_DEFAULT='${saved_entry}'
linux_root_device=UUID=$GRUB_DEVICE_UUID
[ "$GRUB_DISABLE_LINUX_UUID" != true ] || linux_root_device=/dev/sda2

grub_quote() { sed "s/'/'\\\\''/g"; }

header() {
  cat <<EOT
if [ -s \$prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${GRUB_DEFAULT}"
fi

if [ x"\${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi

export menuentry_id_option

if [ "\${prev_saved_entry}" ]; then
  set saved_entry="\${prev_saved_entry}"
  save_env saved_entry
  set prev_saved_entry=
  save_env prev_saved_entry
  set boot_once=true
fi

function savedefault {
  if [ -z "\${boot_once}" ]; then
    saved_entry="\${chosen}"
    save_env saved_entry
  fi
}
function load_video {
  if [ x\$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
    insmod efi_uga
    insmod ieee1275_fb
    insmod vbe
    insmod vga
    insmod video_bochs
    insmod video_cirrus
  fi
}

terminal_output gfxterm
if [ x\$feature_timeout_style = xy ] ; then
  set timeout_style=menu
  set timeout=${GRUB_TIMEOUT:-5}
else
  set timeout=${GRUB_TIMEOUT:-5}
fi
EOT
}

# linux_entry VERSION simple|advanced|recovery ARGS
linux_entry() {
  indent=
  [ "$2" = simple ] || [ "$GRUB_DISABLE_SUBMENU" = true ] || indent='	'
  case $2 in
    simple) title=$OS ;;
    recovery) title="$OS, with Linux $1 (${GRUB_RECOVERY_TITLE:-recovery mode})" ;;
    *) title="$OS, with Linux $1" ;;
  esac
  id=gnulinux-$1-$2-$GRUB_DEVICE_UUID
  [ "$2" != simple ] || id=gnulinux-simple-$GRUB_DEVICE_UUID
  sed "s/^/$indent/" <<EOT
menuentry '$(printf '%s' "$title" | grub_quote)' ${CLASS} \$menuentry_id_option '$id' {
EOT
  [ "$2" = recovery ] || [ "$GRUB_SAVEDEFAULT" != true ] || printf '%s\tsavedefault\n' "$indent"
  sed "s/^/$indent/" <<EOT
	load_video
	insmod gzio
	if [ x\$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	insmod part_gpt
	insmod ext2
	search --no-floppy --fs-uuid --set=root $GRUB_DEVICE_UUID
	echo	'Loading Linux $1 ...'
	linux	/boot/vmlinuz-$1 root=${linux_root_device} ro $3
EOT
  if [ -e "$root/boot/initrd.img-$1" ]; then
    sed "s/^/$indent/" <<EOT
	echo	'Loading initial ramdisk ...'
	initrd	/boot/initrd.img-$1
EOT
  fi
  printf '%s}\n' "$indent"
}

linux() {
  cat <<'EOT'
function gfxmode {
	set gfxpayload="${1}"
}
set linux_gfx_mode=
export linux_gfx_mode
EOT
  case $GRUB_DISABLE_SUBMENU in yes | y) GRUB_DISABLE_SUBMENU=true ;; esac
  is_top_level=true
  for version in $(kernels_newest_first); do
    printf 'Found linux image: /boot/vmlinuz-%s\n' "$version" >&2
    [ ! -e "$root/boot/initrd.img-$version" ] || printf 'Found initrd image: /boot/initrd.img-%s\n' "$version" >&2
    if [ "$is_top_level" = true ] && [ "$GRUB_DISABLE_SUBMENU" != true ]; then
      linux_entry "$version" simple "$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
      printf "submenu 'Advanced options for %s' \$menuentry_id_option 'gnulinux-advanced-%s' {\n" "$OS" "$GRUB_DEVICE_UUID"
      is_top_level=false
    fi
    linux_entry "$version" advanced "$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"
    if [ "$GRUB_DISABLE_RECOVERY" != true ]; then
      linux_entry "$version" recovery "single $GRUB_CMDLINE_LINUX"
    fi
  done
  if [ "$is_top_level" != true ]; then
    echo '}'
  fi
  echo
}

kernels_newest_first() {
  for image in "$root"/boot/vmlinuz-*; do
    [ ! -e "$image" ] || printf '%s\n' "${image##*/vmlinuz-}"
  done | sort -rV
}

other_systems() {
  [ ! -d "$root/sys/firmware/efi" ] || cat <<'EOT'
if [ "$grub_platform" = "efi" ]; then
	fwsetup --is-supported
	if [ "$?" = 0 ]; then
		menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
			fwsetup
		}
	fi
fi
EOT
}

custom() {
  cat <<'EOT'
# This file provides an easy way to add custom menu entries.  Simply type the
# menu entries you want to add after this comment.  Be careful not to change
# the 'exec tail' line above.
EOT
}

section() {
  echo
  echo "### BEGIN /etc/grub.d/$1 ###"
  $2
  echo "### END /etc/grub.d/$1 ###"
}

menu() {
  cat <<'EOT'
#
# DO NOT EDIT THIS FILE
#
# It is automatically generated by grub-mkconfig using templates
# from /etc/grub.d and settings from /etc/default/grub
#
EOT
  section 00_header header
  section 10_linux linux
  section 20_linux_xen :
  section 30_os-prober :
  section 30_uefi-firmware other_systems
  section 40_custom custom
}

if [ -z "$output" ]; then
  menu
  exit
fi
echo 'Generating grub configuration file ...' >&2
rm -f "$output.new"
(umask 077; menu >"$output.new")
chmod 444 "$output.new"
# grub-mkconfig writes into the old file, so its inode and mode stay.
[ -e "$output" ] && [ ! -w "$output" ] && chmod u+w "$output" && was_read_only=1
(umask 077; cat "$output.new" >"$output")
[ -z "$was_read_only" ] || chmod u-w "$output"
rm -f "$output.new"
echo 'done' >&2
