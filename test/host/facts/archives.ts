/** A cpio archive of the kernel's kind (newc): contents by path; folders are made on the way. */
export function cpioOf(contents: Readonly<Record<string, string | { readonly to: string }>>): Buffer {
  const folders = new Set(
    Object.keys(contents).flatMap(path =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, i, parts) => parts.slice(0, i + 1).join('/')),
    ),
  )
  return cpioOfEntries([
    ...[...folders].sort().map(name => ({ name, mode: MODES.folder })),
    ...Object.entries(contents).map(([name, content]) =>
      typeof content === 'string'
        ? { name, mode: MODES.file, content }
        : { name, mode: MODES.link, content: content.to },
    ),
  ])
}

/** What cpio(5) has of a file, as far as it is no zero here. */
export interface CpioEntry {
  readonly name: string
  readonly mode: number
  /** Of a link its target. */
  readonly content?: string
  /** Names of the same inode are one file; each has one of its own where it is not given. */
  readonly inode?: number
  readonly links?: number
}

export const MODES = {
  file: 0o100644,
  folder: 0o40755,
  link: 0o120777,
  device: 0o20666,
  fifo: 0o10666,
} as const

/** An archive of just these entries in this order, however odd. */
export const cpioOfEntries = (entries: readonly CpioEntry[]): Buffer =>
  padded(Buffer.concat([...entries, { name: 'TRAILER!!!', mode: 0 }].map(entryOf)), 512)

let lastInode = 1000

function entryOf({ name, mode, content = '', inode = ++lastInode, links = 1 }: CpioEntry): Buffer {
  const data = Buffer.from(content, 'latin1')
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length + 1, 0]
  const header = `070701${fields.map(field => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return Buffer.concat([padded(Buffer.from(header, 'latin1'), 4), padded(data, 4)])
}

const padded = (bytes: Buffer, to: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)])

/** A PE file with these sections, as far as their table tells of them; each one is padded in the file. */
export function peOf(sections: Readonly<Record<string, Buffer>>): Buffer {
  const at = 0x80
  const optional = 0xf0
  const table = at + 24 + optional
  const names = Object.keys(sections)
  const start = Math.ceil((table + 40 * names.length) / 512) * 512
  const header = Buffer.alloc(start)
  header.write('MZ', 0, 'latin1')
  header.writeUInt32LE(at, 0x3c)
  header.write('PE\0\0', at, 'latin1')
  header.writeUInt16LE(names.length, at + 6)
  header.writeUInt16LE(optional, at + 20)
  const bodies: Buffer[] = []
  let offset = start
  for (const [i, [name, body]] of Object.entries(sections).entries()) {
    const raw = padded(body, 512)
    header.write(name, table + 40 * i, 'latin1')
    header.writeUInt32LE(body.length, table + 40 * i + 8)
    header.writeUInt32LE(raw.length, table + 40 * i + 16)
    header.writeUInt32LE(offset, table + 40 * i + 20)
    bodies.push(raw)
    offset += raw.length
  }
  return Buffer.concat([header, ...bodies])
}
