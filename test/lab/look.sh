# The independent look: what the machine itself says, in sections, by its own tools.
# usage: sh -s < look.sh, as root
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
section() { printf '\n@@ %s\n' "$1"; }

LOADER=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f # vendor id of the variables that systemd-boot sets
loader_says() { # VARIABLE: UTF-16 behind four bytes of attributes
  cat "/sys/firmware/efi/efivars/$1-$LOADER" 2>/dev/null | tail -c +5 | tr -d '\000'
}
booted_image() { # the file that the running system's initramfs came from
  initrd=$(tr ' ' '\n' </proc/cmdline | sed -n 's/^initrd=//p' | tr '\\' /)
  entry=$(loader_says LoaderEntrySelected)
  case "$initrd $entry" in
  /*) echo "$(bootctl --print-boot-path)$initrd" ;;
  *.efi) echo "$(bootctl --print-boot-path)/EFI/Linux/$entry" ;;
  *) echo "/boot/initrd.img-$(uname -r)" ;;
  esac
}
names_in() {
  if command -v lsinitramfs >/dev/null; then lsinitramfs "$1"; else lsinitrd "$1" 2>/dev/null; fi
}
content_in() { # IMAGE FILE…: the lines of those that are in it, behind the file's name
  image=$1
  shift
  if command -v lsinitrd >/dev/null; then
    for file; do lsinitrd -f "$file" "$image" 2>/dev/null | sed "s|^|$file: |"; done
    return
  fi
  unpacked=$(mktemp -d)
  unmkinitramfs "$image" "$unpacked"
  for file; do cat "$unpacked/$file" "$unpacked/main/$file" 2>/dev/null | sed "s|^|$file: |"; done
  rm -rf "$unpacked"
}

section boot_id
cat /proc/sys/kernel/random/boot_id
section cmdline
cat /proc/cmdline
section loader
loader_says LoaderInfo
echo
loader_says LoaderEntrySelected
section devices # address, driver, group
for device in /sys/bus/pci/devices/*; do
  driver=$(readlink "$device/driver") || driver=/none
  group=$(readlink "$device/iommu_group") || group=/none
  echo "${device##*/} ${driver##*/} ${group##*/}"
done
section lspci
lspci -nnk -d 1002:
lspci -nnk -d 1033:
section image
image=$(booted_image)
echo "$image"
names_in "$image" | grep -E 'vfio|modprobe\.d/|xhci' | sed 's/^/  /'
section image_files
# The lists of what is loaded early: initramfs-tools', dracut's.
content_in "$image" conf/modules etc/cmdline.d/20-force_drivers.conf etc/modprobe.d/vfio.conf
section messages
journalctl -k -b 0 -o cat --no-pager | grep -iE 'DMAR: IOMMU|AMD-Vi|vfio|Default domain|iommu group'
section leftovers
# vfat is where an EFI system partition may be mounted: no part of /'s own filesystem.
find / $(findmnt -rno TARGET -t vfat) -xdev -name '.vfio-run.*' 2>/dev/null
find /run /tmp /dev/shm -name '.vfio-run.*' 2>/dev/null
section state # type, mode, size, path
find /var/lib/vfio-run -printf '%y %m %s %p\n' 2>/dev/null | sort -k 4
section end
