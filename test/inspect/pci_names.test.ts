import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameOf, readPciIds } from '../../src/inspect/pci_names.ts'
import { aDevice } from '../builders.ts'

const LIST = `#
#	List of PCI ID's
#
1002  Advanced Micro Devices, Inc. [AMD/ATI]
	73ff  Navi 23 [Radeon RX 6600/6600 XT/6600M]
		1043 05d5  ROG STRIX-RX6600XT-O8G-GAMING
10de  NVIDIA Corporation
	13c2  GM204 [GeForce GTX 970]
1b21  ASMedia Technology Inc.
	1242  ASM1142 USB 3.1 Host Controller
8086  Intel Corporation
	15b8  Ethernet Connection (2) I219-V

# List of known device classes, subclasses and programming interfaces
C 00  Unclassified device
	00  Non-VGA unclassified device
C 03  Display controller
	00  VGA compatible controller
`

test('of pci.ids it reads makers and products, not the cards below them nor the classes', () => {
  expect(readPciIds(LIST)).toEqual({
    '1002': 'Advanced Micro Devices, Inc. [AMD/ATI]',
    '1002:73ff': 'Navi 23 [Radeon RX 6600/6600 XT/6600M]',
    '10de': 'NVIDIA Corporation',
    '10de:13c2': 'GM204 [GeForce GTX 970]',
    '1b21': 'ASMedia Technology Inc.',
    '1b21:1242': 'ASM1142 USB 3.1 Host Controller',
    '8086': 'Intel Corporation',
    '8086:15b8': 'Ethernet Connection (2) I219-V',
  })
})

test.each([
  ['10de:13c2', 'NVIDIA GM204 [GeForce GTX 970]'],
  ['1002:73ff', 'AMD/ATI Navi 23 [Radeon RX 6600/6600 XT/6600M]'],
  ['1b21:1242', 'ASMedia ASM1142 USB 3.1 Host Controller'],
  ['8086:15b8', 'Intel Ethernet Connection (2) I219-V'],
  ['8086:ffff', ''],
  ['ffff:0001', ''],
])('%s is called "%s": the maker without its legal form', (id, name) => {
  expect(nameOf(aDevice({ id }), readPciIds(LIST))).toBe(name)
})

test('a product whose maker is not in the list keeps its own name', () => {
  expect(nameOf(aDevice({ id: '1234:1111' }), { '1234:1111': 'QEMU Virtual Video Controller' })).toBe(
    'QEMU Virtual Video Controller',
  )
})

test('any text is a list, if an empty one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      for (const [id, name] of Object.entries(readPciIds(text))) {
        expect(id).toMatch(/^([0-9a-f]{4})?(:[0-9a-f]{4})?$/)
        expect(name).not.toBe('')
      }
    }),
  )
})
