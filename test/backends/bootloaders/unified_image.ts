/**
 * A unified kernel image as small as the PE format allows: the DOS header's pointer, the PE header with a PE32+ optional
 * header, the section table and the sections (Microsoft's PE format; systemd-stub(7) for what they are called).
 */
export function unifiedImage(sections: Readonly<Record<string, string>>, { signed = false } = {}): string {
  const names = Object.keys(sections)
  const header = Buffer.alloc(PE + 24 + OPTIONAL + 40 * names.length)
  header.write('MZ')
  header.writeUInt32LE(PE, 60)
  header.write('PE\0\0', PE)
  header.writeUInt16LE(0x8664, PE + 4)
  header.writeUInt16LE(names.length, PE + 6)
  header.writeUInt16LE(OPTIONAL, PE + 20)
  header.writeUInt16LE(0x20b, PE + 24)
  header.writeUInt32LE(16, PE + 24 + 108)
  const start = FIRST_SECTION
  let at = start
  const bodies: Buffer[] = []
  names.forEach((name, i) => {
    const body = Buffer.from(sections[name] ?? '', 'latin1')
    const padded = Buffer.alloc(Math.ceil(body.length / 512) * 512)
    body.copy(padded)
    const entry = PE + 24 + OPTIONAL + 40 * i
    header.write(name, entry, 8, 'latin1')
    header.writeUInt32LE(body.length, entry + 8)
    header.writeUInt32LE(0x10000 * (i + 1), entry + 12)
    header.writeUInt32LE(padded.length, entry + 16)
    header.writeUInt32LE(at, entry + 20)
    bodies.push(padded)
    at += padded.length
  })
  if (signed) {
    header.writeUInt32LE(at, PE + 24 + 144)
    header.writeUInt32LE(8, PE + 24 + 148)
    bodies.push(Buffer.alloc(8, 1))
  }
  const gap = Buffer.alloc(start - header.length)
  return Buffer.concat([header, gap, ...bodies]).toString('latin1')
}

const PE = 0x80
const OPTIONAL = 240
const FIRST_SECTION = 4096
