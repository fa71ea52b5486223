import type { Image } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { moduleName } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * What of each initramfs image our sources reach, by its content. Unpacking takes seconds, so what an apply has
 * read back is remembered in the journal under the image's inode, size and time of modification; a look never writes there.
 */
export const images = defineFact({
  commands: {
    // Functions live in READ_IMAGE, which the script defines before the facts.
    found: `for d in "$root"/lib/modules/*/; do
  k=\${d%/}; k=\${k##*/}; i=$root/boot/initrd.img-$k
  [ -f "$i" ] || continue
  echo "image $k"; known_image "$i" "$k" || read_image "$i"
done`,
  },
  parse({ found }): Record<string, Known<Image>> {
    const images: Record<string, Known<Image>> = {}
    const blocks = found.split(/^image /m).slice(1)
    for (const block of blocks) {
      const [release = '', ...lines] = linesOf(block)
      images[release] = parseImage(`/boot/initrd.img-${release}`, lines)
    }
    return images
  },
})

function parseImage(path: string, lines: readonly string[]): Known<Image> {
  if (!lines.includes('end')) return unknown('unmkinitramfs could not read it')
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
  return observed({
    path,
    modules: [...new Set(modules)].sort(),
    loads: [...new Set(loads)].filter(name => name.startsWith('vfio')),
    files: Object.fromEntries(files),
  })
}

/**
 * `read_image FILE` prints `module PATH`, `load NAME`, `file SHA256 PATH` lines and `end`;
 * `known_image FILE RELEASE` prints the same from the journal when the image is still the one it was read from;
 * `remember_image FILE RELEASE` reads and writes it there. unmkinitramfs(8) knows every layout of its own generator.
 * Of a link mkinitramfs copies the target too: as a relative link, in older versions as it was (copy_file()).
 */
export const READ_IMAGE = `linked_file() { # LINK below the unpacked tree we are in: its target there, never the host's own of that name
  f=$1 n=0
  while [ -L "$f" ] && [ "$n" -lt 8 ]; do
    n=$((n + 1)); g=$(readlink -- "$f")
    case $g in /*) f=\${1%%/etc/modprobe.d/*}; f=\${f%%/lib/modprobe.d/*}; f=\${f%/usr}$g;; *) f=\${f%/*}/$g;; esac
  done
  case $(readlink -f -- "$f") in "$(pwd -P)"/*) [ -f "$f" ] && h=$(sha256sum <"$f") && echo "file \${h%% *}  $1";; esac
}
stamp_of() { stat -L -c '%i:%s:%Y' -- "$1"; }
known_image() {
  [ -r "$state/images/$2" ] || return 1
  { read -r s && [ "$s" = "$(stamp_of "$1")" ] && cat; } <"$state/images/$2"
}
read_image() {
  command -v unmkinitramfs >/dev/null || return 1
  t=$(mktemp -d "$root/var/tmp/.vfio-run.XXXXXX") || return 1
  if unmkinitramfs "$1" "$t" >/dev/null 2>&1; then (
    cd "$t" || exit
    find . -name '*vfio*.ko*' | sed 's/^/module /'
    for c in conf/modules main/conf/modules; do [ -f "$c" ] && sed -n 's/^[[:blank:]]*\\(vfio\\)/load \\1/p' "$c"; done
    find . -path '*/modprobe.d/*.conf' -type f -exec sha256sum {} + | sed 's/^/file /'
    find . -path '*/modprobe.d/*.conf' -type l | while IFS= read -r l; do linked_file "$l"; done
    echo end
  ); fi
  rm -rf -- "$t"
}
remember_image() {
  s=$(stamp_of "$1") && b=$(read_image "$1") && case $b in *end) ;; *) return 1;; esac
  mkdir -p "$state/images" && printf '%s\\n%s\\n' "$s" "$b" >"$state/images/.vfio-run.$2" && mv -f "$state/images/.vfio-run.$2" "$state/images/$2"
}`
