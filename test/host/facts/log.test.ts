import { describe, expect, it } from 'vitest'
import { log } from '../../../src/host/facts/log.ts'
import { parsesAnything } from './any_output.ts'

const FIRST = '[    0.000000] lab kernel: Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)'
const DMAR = '[    1.234567] lab kernel: DMAR: Intel(R) Virtualization Technology for Directed I/O'

describe('the kernel messages of this boot', () => {
  it('come from the journal, without time stamps', () => {
    expect(log.parse({ journal: `${FIRST}\n${DMAR}\r\n`, dmesg: '' })).toEqual({
      is: 'observed',
      value: {
        source: 'journal',
        truncated: false,
        lines: [
          'Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)',
          'DMAR: Intel(R) Virtualization Technology for Directed I/O',
        ],
      },
    })
  })

  it('a message may come before the first', () => {
    const microcode = '[    0.000000] microcode: updated early'
    expect(log.parse({ journal: `${microcode}\n${FIRST}\n`, dmesg: '' })).toMatchObject({
      value: { truncated: false },
    })
  })

  it.each([
    ['dmesg where the journal is empty', '', `[    0.000000] Linux version 6\n`, 'dmesg', false],
    [
      'dmesg where the journal has lost its beginning',
      DMAR,
      '[    0.000000] Linux version 6\n',
      'dmesg',
      false,
    ],
    ['the journal where both have', DMAR, '[    1.234567] DMAR: x\n', 'journal', true],
    ['a cut dmesg where that is all', '', '[ 9000.000001] vfio_pci: add\n', 'dmesg', true],
    ['none where there is none', '', '', 'none', true],
  ])('%s', (_, journal, dmesg, source, truncated) => {
    expect(log.parse({ journal, dmesg })).toMatchObject({ value: { source, truncated } })
  })

  it('the first line is kept only where it is about us', () => {
    const out = { journal: `[    5.000000] lab kernel: usb 1-1: new device\n${DMAR}`, dmesg: '' }
    expect(log.parse(out)).toMatchObject({
      value: { truncated: true, lines: ['DMAR: Intel(R) Virtualization Technology for Directed I/O'] },
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(log)
})
