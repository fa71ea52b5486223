import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSelector, type SelectorProblem } from '../../src/host/selectors.ts'

const read = (written: unknown) => {
  const problems: SelectorProblem[] = []
  const selector = readSelector(written, problem => problems.push(problem))
  return { selector, problems }
}

const DEFAULTS = { functions: 'card', group: 'device' }

describe('what a selector says', () => {
  it.each<[string, unknown, object]>([
    ['an address', '02:00.0', { address: '0000:02:00.0' }],
    ['an address in full, in capitals', '0000:0A:00.0', { address: '0000:0a:00.0' }],
    ['an address behind Intel VMD', '10000:01:00.0', { address: '10000:01:00.0' }],
    ['a slot', '02:00', { slot: '0000:02:00' }],
    ['a slot in full', '0001:02:1f', { slot: '0001:02:1f' }],
    ['an id', '10DE:13c2', { id: '10de:13c2' }],
    ['blanks around it', ' 02:00.0 ', { address: '0000:02:00.0' }],
    ['names of classes', { class: 'audio' }, { classes: ['0401', '0403', '0480'] }],
    ['a list of classes', { class: ['display', '0c0330'] }, { classes: ['03', '0c0330'] }],
    ['a class with digits like a number', { class: '3d' }, { classes: ['0302'] }],
    ['names of vendors', { class: 'vga', vendor: 'AMD' }, { classes: ['0300'], vendors: ['1002', '1022'] }],
    ['a vendor in digits', { vendor: '0x10DE' }, { vendors: ['10de'] }],
    [
      'the other properties',
      { driver: 'nvme', sriov: 'pf', boot_vga: false },
      { driver: 'nvme', sriov: 'pf', bootVga: false },
    ],
    [
      'what comes along',
      { slot: '02:00', functions: 'only', group: 'whole', at_most: 1 },
      { slot: '0000:02:00', functions: 'only', group: 'whole', atMost: 1 },
    ],
    [
      'what is left out',
      { class: 'usb', not: '06:00.0' },
      { classes: ['0c03'], not: [{ ...DEFAULTS, text: '06:00.0', address: '0000:06:00.0' }] },
    ],
  ])('%s', (_, written, meaning) => {
    const { selector, problems } = read(written)
    expect(problems).toEqual([])
    expect({ ...selector, text: '' }).toEqual({ ...DEFAULTS, text: '', ...meaning })
  })

  it('a mapping is told as YAML has it on a line', () => {
    const written = { class: ['usb', 'audio'], not: { vendor: 'amd' }, at_most: 2 }
    expect(read(written).selector.text).toBe('{class: [usb, audio], not: {vendor: amd}, at_most: 2}')
  })
})

const CHOOSING = 'address, id, slot, class, vendor, driver, sriov, boot_vga'

describe('a selector that is refused', () => {
  it.each<[string, unknown, readonly (string | number)[], string, string | undefined]>([
    [
      'a word that is none',
      '10de-13c2',
      [],
      '"10de-13c2" is neither a vendor:device id nor a PCI address',
      'write it as 10de:1aef, 02:00.0 or 02:00 (lspci -nn shows them)',
    ],
    [
      'a slot beyond the 32 of a bus',
      '02:20',
      [],
      '"02:20" is neither a vendor:device id nor a PCI address',
      'write it as 10de:1aef, 02:00.0 or 02:00 (lspci -nn shows them)',
    ],
    [
      'a class that stands alone',
      'display',
      [],
      '"display" is neither a vendor:device id nor a PCI address',
      'write {class: display}',
    ],
    [
      'a vendor that stands alone',
      'NVIDIA',
      [],
      '"NVIDIA" is neither a vendor:device id nor a PCI address',
      'write {vendor: nvidia}, with a class',
    ],
    [
      'a number, as which YAML reads some ids',
      { vendor: 8086 },
      ['vendor'],
      'must be a string, not the number 8086',
      'quote it: without quotes YAML reads a number',
    ],
    [
      'a slip in a class',
      { class: ['usb', 'dispaly'] },
      ['class', 1],
      '"dispaly" is not a class of PCI devices',
      'did you mean "display"?',
    ],
    [
      'a vendor nobody knows',
      { vendor: 'frobnitz' },
      ['vendor'],
      '"frobnitz" is not a vendor of PCI devices',
      expect.stringMatching(/^write its four hex digits, quoted, or one of nvidia, amd, /),
    ],
    [
      'an id as an address',
      { address: '10de:13c2' },
      ['address'],
      '"10de:13c2" is not a PCI address',
      'write it as 02:00.0',
    ],
    [
      'an address as a slot',
      { slot: '02:00.0' },
      ['slot'],
      '"02:00.0" is not a PCI slot',
      'write it as 02:00, quoted',
    ],
    [
      'a vendor as an id',
      { id: '10de' },
      ['id'],
      '"10de" is not a vendor:device id',
      'write it as 10de:13c2, quoted',
    ],
    ['a driver with blanks', { driver: 'a b' }, ['driver'], '"a b" is not a driver name', 'write it as nvme'],
    [
      'a word for true',
      { class: 'vga', boot_vga: 'maybe' },
      ['boot_vga'],
      'must be true or false, not the string "maybe"',
      undefined,
    ],
    [
      'none at most',
      { class: 'vga', at_most: 0 },
      ['at_most'],
      'must be a whole number from 1, not the number 0',
      undefined,
    ],
    [
      'a slip in a word',
      { class: 'vga', functions: 'onyl' },
      ['functions'],
      'must be card or only, not the string "onyl"',
      'did you mean "only"?',
    ],
    [
      'a list for a word',
      { class: 'vga', group: [] },
      ['group'],
      'must be device or whole, not a list',
      undefined,
    ],
    ['no class', { class: [] }, ['class'], 'must name at least one', undefined],
    ['nothing', null, [], 'must be a string, not nothing', undefined],
    ['no property', {}, [], 'would choose every device', `name one of ${CHOOSING}`],
    [
      'none that chooses',
      { boot_vga: false, at_most: 1 },
      [],
      'would choose every device',
      `name one of ${CHOOSING}`,
    ],
    [
      'what has no meaning there',
      { class: 'vga', not: [{ class: 'vga', at_most: 1 }] },
      ['not', 0],
      '"at_most" has no meaning in not',
      `there it takes ${CHOOSING}`,
    ],
    ['a slip in a property', { clas: 'vga' }, [], 'there is no property "clas"', 'did you mean "class"?'],
    [
      'a property far from any',
      { constructor: 'x' },
      [],
      'there is no property "constructor"',
      `properties are ${CHOOSING}, not, at_most, functions, group`,
    ],
  ])('%s', (_, written, path, why, hint) => {
    expect(read(written).problems).toEqual([expect.objectContaining({ path, why, hint })])
  })
})

it('whatever is written gives a selector or a problem', () => {
  fc.assert(
    fc.property(fc.anything(), written => {
      expect(typeof read(written).selector.text).toBe('string')
    }),
  )
})
