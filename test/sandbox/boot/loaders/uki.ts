/** Sections of a unified kernel image by name, without the padding (PE format, section 4: Section Table). */
export function readUki(image: Buffer): Map<string, Buffer> {
  const header = image.readUInt32LE(PE_OFFSET)
  if (image.toString('latin1', header, header + 4) !== 'PE\0\0') throw new Error('this is no PE file')
  const count = image.readUInt16LE(header + 6)
  const table = header + 24 + image.readUInt16LE(header + 20)
  const rows = Array.from({ length: count }, (_, i) => table + i * SECTION_HEADER)
  return new Map(rows.map(at => section(image, at)))
}

const PE_OFFSET = 0x3c
const SECTION_HEADER = 40

function section(image: Buffer, at: number): [string, Buffer] {
  const name = image.toString('latin1', at, at + 8).replace(/\0+$/, '')
  const [size, start] = [image.readUInt32LE(at + 8), image.readUInt32LE(at + 20)]
  return [name, image.subarray(start, start + size)]
}
