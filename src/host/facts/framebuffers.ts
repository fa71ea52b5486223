import type { Framebuffer } from '../host.ts'
import { defineFact, linesOf } from './fact.ts'

/** Names by which the firmware's framebuffer is reserved: sysfb's, and those of the drivers that show a console on it. */
const NAMES = 'BOOTFB|simple-?framebuffer|simplefb|simpledrm|efifb|efidrm|vesafb|vesadrm'
const DEVICE = '[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]'

/**
 * Framebuffers that lie in the memory of a PCI device (proc_iomem(5)). For users other than root all addresses are zero,
 * and nothing lies within anything.
 */
export const framebuffers = defineFact({
  commands: { found: `grep -E ' : (.*(${NAMES}).*|${DEVICE})$' "$root/proc/iomem"` },
  parse({ found }): Framebuffer[] {
    const ranges = linesOf(found).flatMap(readRange)
    const devices = ranges.filter(({ name }) => new RegExp(`^${DEVICE}$`).test(name))
    const framebuffers = ranges
      .filter(({ name }) => new RegExp(NAMES).test(name))
      .flatMap(({ name, start, end }) =>
        devices
          .filter(device => device.start <= start && end <= device.end)
          .map(device => ({ device: device.name, name })),
      )
    const idOf = ({ device, name }: Framebuffer) => `${device} ${name}`
    return [...new Map(framebuffers.map(one => [idOf(one), one])).values()]
  },
})

interface Range {
  readonly start: bigint
  readonly end: bigint
  readonly name: string
}

/** `    e0000000-e07e8fff : BOOTFB` */
function readRange(line: string): Range[] {
  const [, from, to, name] = /^\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (\S.*?)\s*$/.exec(line) ?? []
  if (from === undefined || to === undefined || name === undefined) return []
  const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)]
  return end > start ? [{ start, end, name }] : []
}
