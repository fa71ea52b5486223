import { sha256 } from '../digest.ts'
import type { Image } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { moduleName } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'
import { PE_SECTION } from './pe.ts'

/**
 * What of each initramfs image our sources reach, by its content. Unpacking takes seconds, so what an apply has
 * read back is remembered in the journal under the image's path, size and time of modification; a look never writes there.
 */
export const images = defineFact({
  commands: {
    // Functions live in READ_IMAGE, which the script defines before the facts.
    found: `image_files | { set --; while IFS= read -r i; do
echo "image \${i#"$root"}"; known_image "$i" || twin_of "$i" "$@" || read_image "$i"; set -- "$@" "$i"
done; }`,
  },
  parse({ found }): Record<string, Known<Image>> {
    const read: Record<string, Known<Image>> = {}
    for (const block of found.split(/^image /m).slice(1)) {
      const [path = '', ...lines] = linesOf(block)
      const twin = read[/^same (.*)$/.exec(lines[0] ?? '')?.[1] ?? '']
      read[path] = twin === undefined ? parseImage(path, lines) : renamed(twin, path)
    }
    return read
  },
})

const renamed = (twin: Known<Image>, path: string): Known<Image> =>
  twin.is === 'unknown' ? twin : observed({ ...twin.value, path })

function parseImage(path: string, lines: readonly string[]): Known<Image> {
  if (!lines.includes('end')) return unknown('none of the programs here that unpack images could')
  const rest = (word: string) =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  const modules = rest('module').map(file =>
    moduleName((file.split('/').at(-1) ?? '').replace(/\.ko.*$/, '')),
  )
  const loads = rest('load').map(line => moduleName(line.trim().split(/\s+/)[0] ?? ''))
  const files = rest('file').map(line => {
    const [hash = '', file = ''] = line.split(/\s+\*?/)
    return [file.replace(/^.*?\/((?:usr\/)?(?:etc|lib)\/modprobe\.d\/)/, '/$1'), hash] as const
  })
  const made = rest('made')[0] ?? ''
  return observed({
    path,
    release: (rest('release')[0] ?? '').replaceAll(/['"]/g, ''),
    madeBy: MAKERS.find(name => name === made) ?? '',
    modules: [...new Set(modules)].sort(),
    loads: [...new Set(loads)].filter(name => name.startsWith('vfio')),
    files: Object.fromEntries([...files, ...rest('option').map(boosterOptions)]),
  })
}

const MAKERS = ['initramfs-tools', 'dracut', 'mkinitcpio', 'booster'] as const

/** Its init has no modprobe.d, but a list of each module's options: that of one module counts as a file here. */
export const boosterOptionsPath = (module: string) => `/etc/booster.init.yaml (options of ${module})`

function boosterOptions(line: string): [string, string] {
  const [, module = '', text = ''] = /^(\S+?): *(.*)$/.exec(line) ?? []
  return [boosterOptionsPath(moduleName(module)), sha256(text.trim().replace(/^(['"])(.*)\1$/, '$2'))]
}

/**
 * `read_image FILE` prints `made NAME`, `release R`, `module PATH`, `load NAME`, `file SHA256 PATH`, `option TEXT` lines
 * and `end`; `known_image FILE` prints the same from the journal when the image is still the one it was read from;
 * `twin_of FILE EARLIER…` names one of the same bytes, such as its copy on the ESP; `remember_images` reads all and
 * writes them to the journal.
 *
 * An image is one or more cpio archives, of which the last may be compressed (Documentation/driver-api/early-userspace/
 * buffer-format.rst of the kernel). Unpacked with cpio or bsdtar they need no generator's own program, whose versions
 * differ (lsinitrd of dracut 033 unpacks nothing); those are asked where that did not work.
 *
 * Of a link mkinitramfs copies the target too: as a relative link, in older versions as it was (copy_file()).
 */
export const READ_IMAGE = `${PE_SECTION}
linked_file() { # LINK below the unpacked tree we are in: its target there, never the host's own of that name
  f=$1 n=0
  while [ -L "$f" ] && [ "$n" -lt 8 ]; do
    n=$((n + 1)); g=$(readlink -- "$f")
    case $g in /*) f=\${1%%/etc/modprobe.d/*}; f=\${f%%/lib/modprobe.d/*}; f=\${f%/usr}$g;; *) f=\${f%/*}/$g;; esac
  done
  case $(readlink -f -- "$f") in "$(pwd -P)"/*) [ -f "$f" ] && h=$(sha256sum <"$f") && echo "file \${h%% *}  $1";; esac
}
preset_images() { # paths that mkinitcpio's presets name
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
stamp_of() { stat -L -c '%s:%Y' -- "$1"; }
note_of() { # in $note; without a process of its own: this is all that a look at a known image costs
  p=\${1#"$root"} note=$state/images/
  while case $p in */*) ;; *) false;; esac; do note=$note\${p%%/*}_ p=\${p#*/}; done
  note=$note$p
}
known_image() {
  note_of "$1"; [ -r "$note" ] || return 1
  { read -r s && [ "$s" = "$(stamp_of "$1")" ] && cat; } <"$note"
}
twin_of() {
  image=$1; shift
  for p; do cmp -s -- "$image" "$p" && echo "same \${p#"$root"}" && return; done
  return 1
}
bytes_at() { od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \\n'; } # FILE OFFSET COUNT
archives_in() { # FILE: the offset of each archive; the zeros between them belong to none
  set -- "$1" $(grep -abo 'TRAILER!!!' "$1" | cut -d : -f 1)
  image=$1 at=0; shift
  while b=$(od -An -v -tx1 -j "$at" -N 512 "$image") && [ -n "$b" ]; do
    for x in $b; do [ "$x" = 00 ] || break; at=$((at + 1)); done
    [ "$x" != 00 ] || continue
    echo "$at"
    case $(bytes_at "$image" "$at" 6) in 30373037303[12]) ;; *) return;; esac
    # The name of its last entry, behind a header of 110 bytes (cpio(5), "New ASCII Format").
    while [ $# -gt 0 ] && { [ "$1" -lt "$at" ] || [ "$(bytes_at "$image" $(($1 - 110)) 5)" != 3037303730 ]; }; do shift; done
    [ $# -gt 0 ] || return
    at=$(($1 + 12))
  done
}
decompressed() { # FILE OFFSET
  case $(bytes_at "$1" "$2" 6) in
    1f8b*) d='gzip -dc';; 425a68*) d='bzip2 -dc';; fd377a58*|5d0000*) d='xz -dc';; 28b52ffd*) d='zstd -dcq';;
    02214c18*|04224d18*) d='lz4 -dc';; 894c5a4f*) d='lzop -dc';; 3037303730*) d=cat;; *) return 1;;
  esac
  tail -c +$(($2 + 1)) "$1" | $d
}
unpack_archive() { # of what is large, only what we look at
  set -- 'dev/*' '*/dev/*' '*/firmware/*' '*/bin/*' '*/sbin/*' '*/share/*' '*.so' '*.so.*' '*/kernel/fs/*' '*/kernel/net/*' '*/kernel/sound/*' '*/drivers/gpu/*' '*/drivers/media/*' '*/drivers/net/*' '*/drivers/scsi/*'
  if command -v cpio >/dev/null; then cpio -idf --quiet --no-absolute-filenames "$@"
  else for p; do shift; set -- "$@" --exclude "$p"; done; bsdtar -xf - "$@"; fi
}
unpack_with() { # PROGRAM IMAGE: into the folder we are in
  case $1 in
    cpio|bsdtar) archives_in "$2" >../archives && [ -s ../archives ] && while read -r o; do decompressed "$2" "$o" | unpack_archive || return; done <../archives;;
    unmkinitramfs) unmkinitramfs "$2" .;;
    lsinitcpio) lsinitcpio -x "$2";;
    booster) booster unpack "$2" .;;
    lsinitrd) lsinitrd --unpack "$2";;
  esac
}
maker_of() { # FOLDER, the root of an image, by what its generator leaves in it
  if [ -f "$1/conf/modules" ] || [ -d "$1/scripts" ]; then echo initramfs-tools
  elif [ -f "$1/etc/booster.init.yaml" ]; then echo booster
  elif [ -d "$1/usr/lib/dracut" ] || [ -d "$1/lib/dracut" ]; then echo dracut
  elif [ -f "$1/buildconfig" ] || [ -f "$1/init_functions" ] || { [ -f "$1/config" ] && [ -d "$1/hooks" ]; }; then echo mkinitcpio
  fi
}
loads_of() { # MAKER FOLDER: what its init loads by name
  case $1 in
    initramfs-tools) sed -n 's/^[[:blank:]]*\\(vfio\\)/load \\1/p' "$2/conf/modules";;
    # rd.driver.pre= takes names with commas between, and the last of a name's dashes may be left (dracut.sh).
    dracut) grep -h '' "$2"/etc/cmdline.d/*.conf | tr ' \\t' '\\n\\n' | sed -n 's/^rd\\.driver\\.pre=//p' | tr -d "\\"'" | tr , '\\n' | sed 's/^/load /';;
    # With the systemd hook its init reads the second, with busybox the first (install/systemd, init_functions).
    mkinitcpio)
      grep -h '' "$2"/usr/lib/modules-load.d/MODULES.conf "$2"/etc/modules-load.d/MODULES.conf | sed -n 's/^[[:alnum:]]/load &/p'
      sed -n 's/^MODULES=//p' "$2/config" | tr -d "()\\"'" | tr ' \\t' '\\n\\n' | sed -n 's/^./load &/p';;
    booster)
      sed -n '/^modules_force_load:/,/^[^ -]/s/^ *- */load /p; s/^kernel: */release /p' "$2/etc/booster.init.yaml"
      sed -n '/^modprobe_options:/,/^[^ ]/s/^ \\{1,\\}\\(vfio\\)/option \\1/p' "$2/etc/booster.init.yaml";;
  esac
}
tell_image() { # of the tree we are in; fails where it is no image's
  # unmkinitramfs puts several archives into folders of their own.
  for d in main squashfs-root erofs-root .; do m=$(maker_of $d); [ -z "$m" ] || break; done
  [ -n "$m" ] || [ -e init ] || [ -L init ] || return 1
  # What is packed once more is not seen (dracut's squash module).
  for s in squash*root.img erofs-root.img; do [ ! -f "$s" ] || [ -d squashfs-root ] || [ -d erofs-root ] || return 1; done
  echo "made $m"
  for r in lib/modules/*/ usr/lib/modules/*/ */lib/modules/*/ */usr/lib/modules/*/; do [ -d "$r" ] && r=\${r%/} && echo "release \${r##*/}" && break; done
  find . -name '*vfio*.ko*' | sed 's/^/module /'
  loads_of "$m" "$d"
  find . -path '*/modprobe.d/*.conf' -type f -exec sha256sum {} + | sed 's/^/file /'
  find . -path '*/modprobe.d/*.conf' -type l | while IFS= read -r l; do linked_file "$l"; done
  echo end
}
read_image() {
  t=$(mktemp -d "$root/var/tmp/.vfio-run.XXXXXX") || return 1
  image=$1
  # By content: with uefi=yes dracut's kernel hook makes a unified kernel image of /boot/initrd.img-VERSION.
  case $(bytes_at "$1" 0 2) in 4d5a) image=$t/initrd; pe_section "$1" .initrd >"$image" 2>/dev/null || { rm -rf -- "$t"; return 1; };; esac
  for w in cpio bsdtar unmkinitramfs lsinitcpio booster lsinitrd; do
    command -v $w >/dev/null || continue
    mkdir "$t/tree" && (cd "$t/tree" && unpack_with $w "$image" >/dev/null 2>&1 && tell_image 2>/dev/null) && break
    rm -rf -- "$t/tree"
  done
  rm -rf -- "$t"
}
remember_images() {
  image_files | { set --; while IFS= read -r i; do
    s=$(stamp_of "$i") || continue
    if b=$(twin_of "$i" "$@"); then b=$(known_image "$root\${b#same }"); else b=$(read_image "$i"); fi
    set -- "$@" "$i"
    case $b in *end) ;; *) continue;; esac
    note_of "$i"; n=$note; t=\${n%/*}/.vfio-run.\${n##*/}
    mkdir -p "$state/images" && printf '%s\\n%s\\n' "$s" "$b" >"$t" && mv -f "$t" "$n"
  done; }
}`
