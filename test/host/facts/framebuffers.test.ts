import { describe, expect, it } from 'vitest'
import { framebuffers } from '../../../src/host/facts/framebuffers.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

const IOMEM = `00000000-00000fff : Reserved
00001000-0009ffff : System RAM
e0000000-f7ffffff : PCI Bus 0000:00
  e0000000-f1ffffff : PCI Bus 0000:01
    e0000000-efffffff : 0000:01:00.0
      e0000000-e02fffff : BOOTFB
        e0000000-e02fffff : simple-framebuffer
    f0000000-f1ffffff : 0000:01:00.0
      f1000000-f12fffff : efifb
  f7000000-f70fffff : PCI Bus 0000:02
    f7000000-f707ffff : 0000:02:00.0
`

describe('boot framebuffers', () => {
  const found = (text: string) =>
    framebuffers.parse({ found: text }).map(({ device, name }) => [device, name])

  it('lie in the memory of a device', () => {
    expect(found(IOMEM)).toEqual([
      ['0000:01:00.0', 'BOOTFB'],
      ['0000:01:00.0', 'simple-framebuffer'],
      ['0000:01:00.0', 'efifb'],
    ])
  })

  it('are those of no device elsewhere', () => {
    expect(found('e0000000-e02fffff : BOOTFB\nf0000000-f1ffffff : 0000:01:00.0\n')).toEqual([])
  })

  it('cannot be told where addresses are hidden', () => {
    expect(found(IOMEM.replaceAll(/[0-9a-f]{8}/g, '00000000'))).toEqual([])
  })

  it('lie above 4 GiB too', () => {
    expect(found('6000000000-67ffffffff : 0000:03:00.0\n  6000000000-60007fffff : BOOTFB\n')).toEqual([
      ['0000:03:00.0', 'BOOTFB'],
    ])
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('are found among all ranges', () => {
      expect(factOf(framebuffers, argv, { '/proc/iomem': IOMEM })).toHaveLength(3)
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(framebuffers)
})
