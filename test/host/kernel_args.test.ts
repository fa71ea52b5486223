import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArgEdit,
  effectiveValues,
  isSatisfied,
  kernelArgs,
  keyOf,
  piecesOf,
  resolveEdit,
  splitArgs,
  valuesOf,
} from '../../src/host/kernel_args.ts'

/** The line after an edit, as a loader's adapter writes it: changed tokens in their places, a new one before a `--`. */
function edited(line: string, edit: ArgEdit): string {
  const tokens = splitArgs(line)
  const { change, append } = resolveEdit(tokens, edit)
  const kept = change(tokens).filter(token => token !== undefined)
  const end = kernelArgs(kept).length
  return [...kept.slice(0, end), ...(append === undefined ? [] : [append]), ...kept.slice(end)].join(' ')
}

describe('splitting a command line', () => {
  it.each([
    ['', []],
    ['  quiet\t splash \n', ['quiet', 'splash']],
    ['dyndbg="file drivers/usb/* +p" quiet', ['dyndbg="file drivers/usb/* +p"', 'quiet']],
    ['"acpi_osi=!Windows 2012" ro', ['"acpi_osi=!Windows 2012"', 'ro']],
    ['open="to the end of the line', ['open="to the end of the line']],
    ['console=tty0 console=ttyS0,115200', ['console=tty0', 'console=ttyS0,115200']],
  ])('%j has the tokens %j', (line, tokens) => {
    expect(splitArgs(line)).toEqual(tokens)
  })

  it('finds every token where the line has it, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), line => {
        for (const { token, start, end } of piecesOf(line).tokens) expect(line.slice(start, end)).toBe(token)
      }),
    )
  })
})

describe('names', () => {
  it.each([
    ['vfio-pci.ids=10de:13c2', 'vfio_pci.ids'],
    ['vfio_pci.ids=10de:13c2', 'vfio_pci.ids'],
    ['quiet', 'quiet'],
    ['"acpi_osi=!Windows 2012"', 'acpi_osi'],
    ['root=UUID=5f0a-6c61', 'root'],
  ])('the key of %j is %s', (token, key) => {
    expect(keyOf(token)).toBe(key)
  })
})

describe('what the kernel reads of a line', () => {
  it.each([
    ['quiet -- init=x', ['quiet']],
    ['quiet "--" init=x', ['quiet']],
    ['-- quiet -- x', []],
    ['quiet --- splash --x', ['quiet', '---', 'splash', '--x']],
  ])('of %j: %j', (line, args) => {
    expect(kernelArgs(splitArgs(line))).toEqual(args)
  })
})

describe('values in effect', () => {
  it.each([
    ['the last vfio-pci.ids only', 'vfio-pci.ids=1:1,2:2 vfio_pci.ids=3:3', 'vfio-pci.ids', ['3:3']],
    ['the last module_blacklist only', 'module_blacklist=a module_blacklist=b', 'module_blacklist', ['b']],
    [
      'all of intel_iommu',
      'intel_iommu=on,sm_on quiet intel_iommu=igfx_off',
      'intel_iommu',
      ['on', 'sm_on', 'igfx_off'],
    ],
    [
      'a quoted value without its quotes',
      'pcie_acs_override="downstream,multifunction"',
      'pcie_acs_override',
      ['downstream', 'multifunction'],
    ],
    ['none for a bare word', 'iommu', 'iommu', []],
    ['none of those that are handed to init', 'iommu=pt -- iommu=off', 'iommu', ['pt']],
    ['none for an empty value', 'iommu=', 'iommu', []],
  ])('%s', (_, line, key, values) => {
    expect(effectiveValues(splitArgs(line), key)).toEqual(values)
  })

  it('a value may hold further equals signs', () => {
    expect(valuesOf('root=UUID=5f0a')).toEqual(['UUID=5f0a'])
  })
})

const on: ArgEdit = { op: 'add', key: 'intel_iommu', value: 'on' }
const acs = (value: string): ArgEdit => ({ op: 'add', key: 'pcie_acs_override', value })
const ids = (...values: string[]): ArgEdit => ({ op: 'set', key: 'vfio-pci.ids', values })

describe('one edit', () => {
  it.each<[string, string, ArgEdit, string]>([
    ['appends what is missing', 'quiet splash', on, 'quiet splash intel_iommu=on'],
    ['starts an empty line', '', on, 'intel_iommu=on'],
    ['comes before a --', 'quiet -- init=x', on, 'quiet intel_iommu=on -- init=x'],
    ["leaves init's alone", '-- intel_iommu=off', on, 'intel_iommu=on -- intel_iommu=off'],
    [
      'does not look for what goes among init’s',
      'intel_iommu=on -- intel_iommu=on',
      { op: 'remove', key: 'intel_iommu', value: 'on' },
      '-- intel_iommu=on',
    ],
    ['leaves what is there', 'intel_iommu=on quiet', on, 'intel_iommu=on quiet'],
    ['sees intel_iommu=off and takes its place', 'ro intel_iommu=off quiet', on, 'ro intel_iommu=on quiet'],
    ['switches off within a list', 'intel_iommu=off,igfx_off', on, 'intel_iommu=on,igfx_off'],
    ['joins the other values of the key', 'intel_iommu=igfx_off', on, 'intel_iommu=igfx_off,on'],
    [
      'replaces an off that comes after an on',
      'intel_iommu=on intel_iommu=off',
      on,
      'intel_iommu=on intel_iommu=on',
    ],
    ['fills an empty value', 'intel_iommu= quiet', on, 'intel_iommu=on quiet'],
    ['gives a bare word its value', 'intel_iommu quiet', on, 'intel_iommu=on quiet'],
    [
      'merges a list',
      'pcie_acs_override=downstream',
      acs('multifunction'),
      'pcie_acs_override=downstream,multifunction',
    ],
    [
      'merges into a quoted list within its quotes',
      'pcie_acs_override="downstream"',
      acs('multifunction'),
      'pcie_acs_override="downstream,multifunction"',
    ],
    [
      'merges into a quoted argument within its quotes',
      '"pcie_acs_override=downstream" ro',
      acs('multifunction'),
      '"pcie_acs_override=downstream,multifunction" ro',
    ],
    [
      'takes one value out of a list',
      'pcie_acs_override=downstream,multifunction',
      { op: 'remove', key: 'pcie_acs_override', value: 'downstream' },
      'pcie_acs_override=multifunction',
    ],
    [
      'takes the argument with its last value',
      'ro intel_iommu=on quiet',
      { op: 'remove', key: 'intel_iommu', value: 'on' },
      'ro quiet',
    ],
    ['finds the underscored name', 'vfio_pci.ids=1:1', ids('1:1', '2:2'), 'vfio_pci.ids=1:1,2:2'],
    [
      'sets ids where the last stands, and drops those that never counted',
      'vfio-pci.ids=1:1 quiet vfio-pci.ids=2:2',
      ids('2:2', '3:3'),
      'quiet vfio-pci.ids=2:2,3:3',
    ],
    [
      'drops ids that never counted where the last are right too',
      'vfio-pci.ids=1:1 vfio-pci.ids=2:2',
      ids('2:2'),
      'vfio-pci.ids=2:2',
    ],
    ['removes ids that are set to nothing', 'a vfio-pci.ids=1:1 b vfio_pci.ids=2:2', ids(), 'a b'],
    [
      'keeps another console',
      'console=tty0',
      { op: 'add_token', token: 'console=ttyS0' },
      'console=tty0 console=ttyS0',
    ],
    [
      'takes off one console',
      'console=tty0 console=ttyS0',
      { op: 'remove_token', token: 'console=tty0' },
      'console=ttyS0',
    ],
    ['takes off a bare word only', 'quiet quiet=1', { op: 'remove_token', token: 'quiet' }, 'quiet=1'],
    [
      'keeps duplicates and quotes of others',
      'console=tty0 dyndbg="file a/* +p" console=tty0',
      on,
      'console=tty0 dyndbg="file a/* +p" console=tty0 intel_iommu=on',
    ],
  ])('%s', (_, before, edit, after) => {
    expect(edited(before, edit)).toBe(after)
  })
})

const value = fc.constantFrom('on', 'off', 'pt', 'igfx_off', 'downstream', '10de:13c2', '10de:0fbb')
const ownKey = fc.constantFrom('intel_iommu', 'vfio-pci.ids', 'pcie_acs_override', 'iommu')
const spelling = (key: string) => fc.constantFrom(key, key.replaceAll('-', '_'))
const ownToken = ownKey.chain(key =>
  fc
    .tuple(spelling(key), fc.array(value, { maxLength: 3 }), fc.constantFrom('', '"'))
    .map(([name, values, quote]) => `${name}=${quote}${values.join(',')}${quote}`),
)
const otherToken = fc.constantFrom(
  'quiet',
  'ro',
  'console=tty0',
  'console=ttyS0',
  'dyndbg="file a/* +p"',
  '"x=a b"',
  '--',
  'iommu.strict=1',
)
const line = fc.array(fc.oneof(ownToken, otherToken), { maxLength: 8 }).map(tokens => tokens.join(' '))
const edit: fc.Arbitrary<ArgEdit> = ownKey.chain(key =>
  fc.oneof(
    value.map(one => ({ op: 'add', key, value: one }) as const),
    value.map(one => ({ op: 'remove', key, value: one }) as const),
    fc.uniqueArray(value, { maxLength: 3 }).map(values => ({ op: 'set', key, values }) as const),
    value.map(one => ({ op: 'add_token', token: `${key}=${one}` }) as const),
    value.map(one => ({ op: 'remove_token', token: `${key}=${one}` }) as const),
  ),
)
const editKey = (one: ArgEdit) => keyOf('token' in one ? one.token : `${one.key}=`)

describe('any edit on any line', () => {
  it('holds afterwards', () => {
    fc.assert(fc.property(line, edit, (before, one) => isSatisfied(splitArgs(edited(before, one)), one)))
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(line, edit, (before, one) => {
        const once = edited(before, one)
        expect(edited(once, one)).toBe(once)
      }),
    )
  })

  it('keeps all other arguments, in order, with their quotes and duplicates', () => {
    fc.assert(
      fc.property(line, edit, (before, one) => {
        const others = (text: string) =>
          splitArgs(text).filter(
            (token, i, all) => i >= kernelArgs(all).length || keyOf(token) !== editKey(one),
          )
        expect(others(edited(before, one))).toEqual(others(before))
      }),
    )
  })

  it('does the same whichever way the key is spelt', () => {
    fc.assert(
      fc.property(line, edit, (before, one) => {
        const underscored = (text: string) => text.replaceAll('vfio-pci', 'vfio_pci')
        const respelt: ArgEdit =
          'token' in one ? { ...one, token: underscored(one.token) } : { ...one, key: underscored(one.key) }
        expect(underscored(edited(before, respelt))).toBe(underscored(edited(before, one)))
      }),
    )
  })

  it('gives the line back when what it added is taken away again', () => {
    fc.assert(
      fc.property(line, value, (before, one) => {
        const add: ArgEdit = { op: 'add', key: 'module_blacklist', value: one }
        expect(edited(edited(before, add), { ...add, op: 'remove' })).toBe(before)
      }),
    )
  })
})
