import type { Bytes } from '../../../host/bytes.ts'
import type { Host } from '../../../host/host.ts'
import type { WrittenLine } from '../lines/written_line.ts'

/** A Boot Loader Specification entry (type #1): FOLDER/*.conf, lines of a key and its value. */
export interface BlsEntry {
  readonly path: string
  /** The file's name, which is its id in the loader's variables; without .conf for GRUB. */
  readonly id: string
  readonly title: string
  readonly version: string
  readonly sortKey: string
  readonly machineId: string
  /** As the entry names them, relative to its file system. */
  readonly linux: string
  readonly initrds: readonly string[]
  /** A program of the firmware (memtest, a shell, another loader), or another OS: never for kernel arguments. */
  readonly isLinux: boolean
  /** Something at all: an entry that names nothing to boot is on no menu. */
  readonly boots: boolean
  /** Its `options` lines, in order; the loader joins them. */
  readonly options: readonly WrittenLine[]
}

/** The entries of a folder, by file name. */
export const blsEntries = (host: Host, folder: string): BlsEntry[] =>
  Object.keys(host.files)
    .filter(path => path.startsWith(`${folder}/`) && /^[^/]+\.conf$/.test(path.slice(folder.length + 1)))
    .sort()
    .map(path => parseBlsEntry(path, host.files[path]?.bytes ?? ''))

/**
 * Total: any bytes give an entry, one without `linux` is none of ours. Keys count as they are written: to the loaders
 * `LINUX` is a key like any other that they do not know (systemd, src/boot/efi/boot.c streq8(); grub2, blscfg.c
 * bls_get_val()).
 */
export function parseBlsEntry(path: string, bytes: Bytes): BlsEntry {
  const pairs = [...bytes.matchAll(PAIR)].map(match => {
    const [whole, indent = '', key = '', gap = '', value = ''] = match
    const start = match.index + indent.length + key.length + gap.length
    return { key, value: value.trimEnd(), start, end: match.index + whole.length }
  })
  const first = (key: string) => pairs.find(pair => pair.key === key)?.value ?? ''
  const each = (key: string) => pairs.filter(pair => pair.key === key)
  return {
    path,
    id: path.split('/').at(-1) ?? path,
    title: first('title'),
    version: first('version'),
    sortKey: first('sort-key'),
    machineId: first('machine-id'),
    linux: first('linux'),
    initrds: each('initrd').flatMap(({ value }) => value.split(/\s+/)),
    boots: ['linux', 'efi', 'uki', 'uki-url'].some(key => first(key) !== ''),
    isLinux: first('linux') !== '' && first('efi') === '' && first('uki') === '',
    options: each('options').map(({ start, end }) => ({ path, start, end })),
  }
}

/** Blanks and tabs separate; a line that starts with # is a comment (systemd, src/boot/efi/boot.c line_get_key_value()). */
const PAIR = /(?<![^\n])([ \t]*)([^#\s]\S*)([ \t]+|(?![^\n]))([^\n]*)/g
