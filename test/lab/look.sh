# The independent look: what the machine itself says, in sections, by its own tools.
# usage: sh -s < look.sh, as root
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
section() { printf '\n@@ %s\n' "$1"; }

section boot_id
cat /proc/sys/kernel/random/boot_id
section cmdline
cat /proc/cmdline
section devices # address, driver, group
for device in /sys/bus/pci/devices/*; do
  driver=$(readlink "$device/driver") || driver=/none
  group=$(readlink "$device/iommu_group") || group=/none
  echo "${device##*/} ${driver##*/} ${group##*/}"
done
section lspci
lspci -nnk -d 1002:
lspci -nnk -d 1033:
section images
for image in /boot/initrd.img-*; do
  echo "$image:"
  lsinitramfs "$image" | grep -E 'vfio|modprobe\.d/|xhci' | sed 's/^/  /'
done
section image_files # of the running kernel's image
unpacked=$(mktemp -d)
unmkinitramfs "/boot/initrd.img-$(uname -r)" "$unpacked"
for file in conf/modules etc/modprobe.d/vfio.conf; do
  for copy in "$unpacked/$file" "$unpacked/main/$file"; do
    if [ -f "$copy" ]; then sed "s|^|$file: |" "$copy"; fi
  done
done
rm -rf "$unpacked"
section messages
journalctl -k -b 0 -o cat --no-pager | grep -iE 'DMAR: IOMMU|AMD-Vi|vfio|Default domain|iommu group'
section leftovers
find / -xdev -name '.vfio-run.*' 2>/dev/null
find /run /tmp /dev/shm -name '.vfio-run.*' 2>/dev/null
section state # type, mode, size, path
find /var/lib/vfio-run -printf '%y %m %s %p\n' 2>/dev/null | sort -k 4
section end
