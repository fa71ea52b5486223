/**
 * `image_files` prints the path of every image that a loader may boot, below $root; `twin_of FILE EARLIER…` names one
 * of the same bytes, such as its copy on the ESP.
 */
export const IMAGE_FILES = `preset_images() { # paths that mkinitcpio's presets name
  for i in "$root"/etc/mkinitcpio.d/*.preset; do [ -f "$i" ] || return 0; break; done
  sed -n 's/^[[:blank:]]*[A-Za-z0-9_]*_\\(image\\|uki\\|efi_image\\)=["'\\'']\\{0,1\\}\\(\\/[^"'\\'' $#]*\\).*/\\2/p' "$root"/etc/mkinitcpio.d/*.preset
}
image_files() { # every image that a loader may boot, each file once: the ESP may be there under two names
  set --
  for i in "$root"/boot/initrd.img-* "$root"/boot/initrd-* "$root"/boot/initramfs-* "$root"/boot/booster-*.img \\
    "$root"/boot/*/*/init* "$root"/efi/*/*/init* "$root"/boot/efi/*/*/init* "$root"/efi/*/init* "$root"/boot/efi/*/init* \\
    "$root"/boot/EFI/Linux/*.efi "$root"/efi/EFI/Linux/*.efi "$root"/boot/efi/EFI/Linux/*.efi \\
    "$root"/etc/kernel/initrd-*.*-* "$root"/usr/lib/kernel/initrd-*.*-* \\
    $(preset_images | while read -r i; do echo "$root$i"; done); do
    case \${i#"$root"} in *rescue*|*kdump*|*.bak|*.old|*.old-dkms|*.new|*.orig|*.save|*.sig|*~|*.dpkg-*|*/.*) continue;; esac
    # clr-boot-manager copies them to the ESP: one of the user's in the place of the package's; others are beside it.
    case \${i#"$root"} in
      */kernel/initrd-*[!0-9]) continue;;
      /usr/lib/kernel/*) [ ! -f "$root/etc/kernel/\${i##*/}" ] || continue;;
    esac
    [ -f "$i" ] && [ ! -L "$i" ] && set -- "$@" "$i"
  done
  [ $# -eq 0 ] || stat -c '%d:%i %n' -- "$@" | {
    seen=' '
    while read -r d i; do case $seen in *" $d "*) ;; *) seen="$seen$d "; printf '%s\\n' "$i";; esac; done
  }
}
twin_of() {
  image=$1; shift
  for p; do cmp -s -- "$image" "$p" && echo "same \${p#"$root"}" && return; done
  return 1
}`
