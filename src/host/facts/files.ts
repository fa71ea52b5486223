import { LOADER_FILES } from '../../backends/bootloaders/index.ts'
import { INITRAMFS_FILES } from '../../backends/initramfs/index.ts'
import { UDEV_FILES } from '../address_binding.ts'
import { bytesFromBase64 } from '../bytes.ts'
import type { File } from '../host.ts'
import { MODPROBE_FOLDERS } from '../modprobe.ts'
import { defineFact, linesOf } from './fact.ts'

/** Configuration that is read on every host, whatever is asked of it. */
const STANDING = [
  ...new Set([
    ...MODPROBE_FOLDERS.map(folder => `${folder}/*.conf`),
    ...UDEV_FILES,
    ...LOADER_FILES,
    ...INITRAMFS_FILES,
  ]),
]

/** Whether a path is read on every host. What else is read there is none of what decides how a host boots. */
export const isStanding = (path: string): boolean => STANDING_PATHS.test(path)

const STANDING_PATHS = new RegExp(
  `^(?:${STANDING.map(path => path.replaceAll(/[.+]/g, '\\$&').replaceAll('*', '[^/]*')).join('|')})$`,
)

/** One ESP mounted at two places shows each file twice: what is written to the one has been written to the other. */
const SECOND_SIGHT = `[ ./boot/efi -ef ./efi ] && esp=./boot/efi/; [ ./efi -ef ./boot ] && esp=./efi/`

/**
 * `files_read COMMAND…` runs it on the readable plain files among the patterns, below `$root`; /lib is a link to
 * /usr/lib on most hosts. In `masks` goes a line for each link to /dev/null, which is how a file of another folder is
 * masked (modprobe.d(5)).
 */
const FILES_READ = `files_read() {
set -- "$#" "$@"; masks=; esp=/; cd "\${root:-/}" && { ${SECOND_SIGHT}; :; } && for f in ${STANDING.map(path => `.${path}`).join(' ')}; do
  case $f in "$esp"*) continue;; ./lib/*) [ -L ./lib ] && continue;; esac
  if [ -f "$f" ]; then [ -r "$f" ] && set -- "$@" "$f"
  elif [ -L "$f" ] && [ -c "$f" ]; then masks="$masks$f
"; fi
done
n=$1; shift; [ $# -gt "$n" ] && "$@"
}`

/**
 * Files as bytes: one stat and one cat for all of them, taken apart by their sizes. A file that changes between the
 * two shows in the total, and what is read wrong can never be written: writes compare first.
 */
export const files = defineFact({
  functions: FILES_READ,
  commands: {
    list: "files_read stat -L -c '%s %a %n' --",
    masks: 'files_read :; printf %s "$masks"',
    content: 'files_read cat -- | base64',
  },
  parse(out): Record<string, File> {
    const content = bytesFromBase64(out.content)
    const found: Record<string, File> = {}
    let at = 0
    for (const line of linesOf(out.list)) {
      const [, size, mode, path] = /^(\d+) ([0-7]+) (.*)$/.exec(line) ?? []
      if (size === undefined || mode === undefined || path === undefined) continue
      // As `cat` was told them, below the root: ./etc/…
      found[path.replace(/^\./, '')] = { bytes: content.slice(at, at + Number(size)), mode }
      at += Number(size)
    }
    if (at !== content.length) throw new FilesMoved()
    for (const path of linesOf(out.masks)) found[path.replace(/^\./, '')] = MASK
    return found
  },
})

const MASK: File = { bytes: '', mode: '666', masks: true }

/** The only parser that may fail: a file was written while it was read. */
export class FilesMoved extends Error {
  override readonly name = 'FilesMoved'
}
