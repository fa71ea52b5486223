#!/bin/sh
# bootctl(1): what it says of the loader that has booted, and where its partition is.
. "${0%/*}/.common"
variable() { tail -c +5 "$root/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" 2>/dev/null | tr -d '\000'; }
esp() {
  for place in /efi /boot /boot/efi; do
    if grep -q "^[^#][^ ]* *$place *vfat" "$root/etc/fstab"; then
      echo "$place"
      return
    fi
  done
  echo "Couldn't find EFI system partition. It is recommended to mount it to /boot/ or /efi/." >&2
  exit 1
}
verb=status
for x; do
  case $x in
    -p | --print-esp-path | -x | --print-boot-path) esp; exit ;;
    --no-pager | -q | --quiet) ;;
    -*) printf "bootctl: unrecognized option '%s'\n" "$x" >&2; exit 1 ;;
    *) verb=$x ;;
  esac
done
case $verb in
  is-installed)
    [ -e "$root$(esp)/EFI/systemd/systemd-bootx64.efi" ] && echo yes && exit
    echo no
    exit 1
    ;;
  status)
    printf 'System:\n      Firmware: UEFI 2.70 (American Megatrends 5.17)\n   Secure Boot: disabled\n\n'
    info=$(variable LoaderInfo)
    [ -z "$info" ] || printf 'Current Boot Loader:\n      Product: %s\n Current Entry: %s\n\n' "$info" "$(variable LoaderEntrySelected)"
    stub=$(variable StubInfo)
    [ -z "$stub" ] || printf 'Current Stub:\n      Product: %s\n\n' "$stub"
    printf 'Available Boot Loaders on ESP:\n          ESP: %s\n' "$(esp)"
    ;;
  *) printf 'Unknown command verb %s.\n' "$verb" >&2; exit 1 ;;
esac
