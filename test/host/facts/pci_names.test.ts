import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { pciNames } from '../../../src/host/facts/pci_names.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const PCI_IDS = Buffer.from(`# List of PCI IDs
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t13c2  Not NVIDIA's
10de  NVIDIA Corporation
\t13c2  GM204 [GeForce GTX 970]
\t\t1043 8508  ASUS
\t13c3  Another
8086  Intel\xae

C 03  Display controller
\t00  VGA compatible controller
`).toString('latin1')

const DEVICES: Contents = {
  '/sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n',
  '/sys/bus/pci/devices/0000:01:00.0/device': '0x13c2\n',
  '/sys/bus/pci/devices/0000:00:00.0/vendor': '0x8086\n',
  '/sys/bus/pci/devices/0000:00:00.0/device': '0x191f\n',
}
const NAMES = {
  is: 'observed',
  value: {
    '10de': 'NVIDIA Corporation',
    '10de:13c2': 'GM204 [GeForce GTX 970]',
    '8086': 'Intel\xae',
  },
}

describe('names of devices', () => {
  it('are not known from a look that did not find them', () => {
    expect(pciNames.parse({ names: '' })).toEqual({
      is: 'unknown',
      why: 'this host has no pci.ids, or none of its devices are in it',
    })
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('are those of this host only, as far as its list goes', () => {
      expect(factOf(pciNames, argv, { ...DEVICES, '/usr/share/misc/pci.ids': PCI_IDS })).toEqual(NAMES)
    })

    it.skipIf(isMissing)('are read where the list is packed', () => {
      const packed = gzipSync(Buffer.from(PCI_IDS, 'latin1')).toString('latin1')
      expect(factOf(pciNames, argv, { ...DEVICES, '/usr/share/hwdata/pci.ids.gz': packed })).toEqual(NAMES)
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(pciNames)
})
