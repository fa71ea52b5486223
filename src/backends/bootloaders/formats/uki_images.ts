import type { Bytes } from '../../../host/bytes.ts'
import { type Fact, linesOf } from '../../../host/facts/fact.ts'
import type { Menu, MenuEntry } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { type Known, observed } from '../../../host/known.ts'
import { BOOT_ROOTS } from '../systemd_boot.ts'

/**
 * The first two words of section names, as od reads them on a little-endian machine. A profile of its own (systemd 257)
 * repeats .cmdline: the first one is the default's.
 */
const SECTIONS = {
  '.cmdline': '1684890414.1701734764',
  '.uname': '1634628910.25965',
  '.osrel': '1920167726.27749',
  '.linux': '1852402734.30837',
} as const

/** What the loader reads of it is text of a line or two; more is no command line. */
const LONGEST = 16384

/**
 * Unified kernel images by their PE headers: which sections they have and whether they are signed. Of each file one od
 * reads the header's place, one the header, and one each text; nothing here needs more than POSIX. PE format: the header
 * at [60]; from there sections at [6], the optional header's size at [20], the certificate table (directory 4) at
 * [24 + 144] (PE32+), then 40 bytes a section.
 */
export const unifiedImages: Fact<Known<Menu>, 'images' | 'booted'> = {
  commands: {
    images: `pe_words() { od -An -v -tu4 -j "$2" -N "$3" -- "$1"; }
seen=
for r in ${BOOT_ROOTS.join(' ')}; do
for s in $seen; do [ "$root$r" -ef "$root$s" ] && continue 2; done; seen="$seen $r"
for f in "$root$r"/EFI/*/*.[eE][fF][iI]; do
  [ -f "$f" ] && [ -r "$f" ] || continue
  set -- $(pe_words "$f" 60 4); [ $# -eq 1 ] || continue
  set -- $(pe_words "$f" "$1" 2048); [ $# -gt 66 ] && [ "$1" = 17744 ] || continue
  n=$(($2 >> 16)) at=$((($6 & 65535) / 4 + 6))
  [ $(($7 & 65535)) -eq 523 ] && [ "$at" -ge 48 ] && [ $# -ge $((at + 10 * n)) ] || continue
  shift 43; signed=$1; shift $((at - 43)); echo "image \${f#"$root"}"
  [ "$signed" -gt 0 ] && echo signed
  while [ "$n" -gt 0 ]; do
    size=$3; [ "$5" -lt "$size" ] && size=$5
    case $1.$2 in
    ${SECTIONS['.linux']}) echo linux;;
    ${Object.entries(SECTIONS)
      .filter(([name]) => name !== '.linux')
      .map(([name, words]) => `${words}) name=${name};;`)
      .join('\n    ')}
    *) name=;;
    esac
    [ -n "$name" ] && [ "$size" -le ${LONGEST} ] && echo "section $name" && od -An -v -tx1 -j "$6" -N "$size" -- "$f"
    name=; n=$((n - 1)); shift 10
  done
  echo end
done; done`,
    booted:
      'f="$root/sys/firmware/efi/efivars/LoaderImageIdentifier-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"; [ -r "$f" ] && tail -c +5 "$f" | tr -d "\\000"',
  },
  parse({ images, booted }) {
    const blocks = images.split(/^image /m).slice(1)
    return observed({
      path: '/EFI/Linux',
      default: '',
      saved: booted.trim(),
      entries: blocks.flatMap(block => entryOf(linesOf(block)) ?? []),
    })
  },
}

/** Undefined: a program of the firmware that is no unified kernel image. */
function entryOf(lines: readonly string[]): MenuEntry | undefined {
  const path = lines[0] ?? ''
  if (!lines.includes('end') || !lines.includes('linux')) return undefined
  const text = (name: string): Bytes => {
    const at = lines.indexOf(`section ${name}`)
    const rows = at < 0 ? [] : lines.slice(at + 1)
    const end = rows.findIndex(row => !/^\s/.test(row))
    const hex = rows.slice(0, end < 0 ? rows.length : end).join(' ')
    return Buffer.from(hex.replaceAll(/[^0-9a-f]/g, ''), 'hex')
      .toString('latin1')
      .replace(/\0[\s\S]*$/, '')
  }
  const os = osFields(text('.osrel'))
  return {
    title: os('PRETTY_NAME') || path,
    id: path.split('/').at(-1) ?? path,
    source: '',
    kernel: path,
    // The stub makes blanks of control characters (systemd, src/boot/efi/util.c mangle_stub_cmdline()).
    args: splitArgs(text('.cmdline')),
    recovery: false,
    unified: {
      release: text('.uname').trim(),
      signed: lines.includes('signed'),
      sortKey: os('IMAGE_ID') || os('ID'),
      version: os('IMAGE_VERSION') || os('VERSION') || os('VERSION_ID') || os('BUILD_ID'),
    },
  }
}

const osFields = (bytes: Bytes) => {
  const fields = new Map(
    linesOf(bytes).map(line => [
      line.split('=', 1)[0] ?? '',
      line
        .slice(line.indexOf('=') + 1)
        .trim()
        .replace(/^(["'])(.*)\1$/, '$2'),
    ]),
  )
  return (name: string): string => fields.get(name) ?? ''
}
