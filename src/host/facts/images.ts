import { RULES_FILE } from '../address_binding.ts'
import { sha256 } from '../digest.ts'
import type { Image } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { moduleName } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'
import { IMAGE_CONTENT } from './images/content.ts'
import { IMAGE_FILES } from './images/files.ts'
import { IMAGE_NOTES } from './images/notes.ts'
import { UNPACK_IMAGE } from './images/unpack.ts'
import { PE_SECTION } from './pe.ts'

/**
 * What of each initramfs image our sources reach, by its content. Unpacking takes seconds, so what an apply has
 * read back is remembered in the journal under the image's path, size and time of modification; a look never writes there.
 */
export const images = defineFact({
  get functions() {
    return READ_IMAGE
  },
  commands: {
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
  if (!lines.includes('end')) return unknown(whyUnread(lines))
  const rest = (word: string) =>
    lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
  const modules = rest('module').map(file =>
    moduleName((file.split('/').at(-1) ?? '').replace(/\.ko.*$/, '')),
  )
  const loads = rest('load').map(line => moduleName(line.trim().split(/\s+/)[0] ?? ''))
  const files = rest('file').map(line => {
    const [, hash = '', file = ''] = /^(\S+) [ *](.*)$/.exec(line) ?? []
    // unmkinitramfs unpacks the last of several archives into main/.
    return [pathOnHost(file.replace(/^\.(?:\/main)?(?=\/)/, '')), hash] as const
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

/** mkinitramfs puts the rules of /etc among those of packages (hooks/udev). */
const pathOnHost = (file: string): string =>
  file.endsWith(RULES_FILE.replace(/^\/etc/, '')) ? RULES_FILE : file

function whyUnread(lines: readonly string[]): string {
  const [word = '', program = ''] = (lines[0] ?? '').split(' ')
  if (word === 'lacks') return `${program} is not installed, which unpacks it`
  return WHY_UNREAD[word] ?? 'none of the programs here that unpack images could'
}

const WHY_UNREAD: Readonly<Record<string, string>> = {
  unwritable: 'no folder to unpack it in can be made in /var/tmp',
  no: 'there is no room in /var/tmp to unpack it',
  // dracut's squash and erofs modules
  packed: 'its files are packed once more inside it, as squashfs or erofs',
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
 * and `end`, or why it could not.
 */
export const READ_IMAGE = `${PE_SECTION}
${IMAGE_FILES}
${IMAGE_NOTES}
${IMAGE_CONTENT}
${UNPACK_IMAGE}
read_image() ( # a process of its own, which leaves nothing in /var/tmp however it ends
  t=$(mktemp -d "$root/var/tmp/.vfio-run.XXXXXX") || { echo unwritable; exit 1; }
  trap 'rm -rf -- "$t"' EXIT
  trap 'exit 143' TERM
  [ -n "\${ignores_hangup-}" ] || trap 'exit 129' HUP INT
  unpack_and_tell "$1" || why_unread
)
unpack_and_tell() {
  image=$1
  # By content: with uefi=yes dracut's kernel hook makes a unified kernel image of /boot/initrd.img-VERSION.
  case $(bytes_at "$image" 0 2) in 4d5a) image=$t/initrd; pe_section "$1" .initrd >"$image" 2>/dev/null || return;; esac
  set --
  for w in cpio bsdtar; do ! command -v $w >/dev/null || set -- "$@" $w; done
  [ $# -gt 0 ] || set -- unmkinitramfs lsinitcpio lsinitrd
  for w; do
    command -v "$w" >/dev/null || continue
    mkdir "$t/tree" && (cd "$t/tree" && unpack_with "$w" "$image" >/dev/null 2>&1 && tell_image 2>/dev/null) && return
    rm -rf -- "$t/tree"
  done
  return 1
}
why_unread() {
  if ! { head -c 65536 /dev/zero >"$t/room"; } 2>/dev/null; then echo 'no room'
  elif grep -qx packed "$t/content" 2>/dev/null; then echo packed
  elif [ -s "$t/why" ]; then head -n 1 "$t/why"
  elif ! command -v cpio >/dev/null && ! command -v bsdtar >/dev/null; then echo 'lacks cpio'
  fi
}`
