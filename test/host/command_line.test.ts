import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editCommandLine } from '../../src/host/command_line.ts'
import {
  type ArgEdit,
  isSatisfied,
  kernelArgs,
  keyOf,
  type Piece,
  piecesOf,
  splitArgs,
} from '../../src/host/kernel_args.ts'

const on: ArgEdit = { op: 'add', key: 'intel_iommu', value: 'on' }
const notOn: ArgEdit = { op: 'remove', key: 'intel_iommu', value: 'on' }
const ids = (...values: readonly string[]): ArgEdit => ({ op: 'set', key: 'vfio-pci.ids', values })
const token = (name: string): ArgEdit => ({ op: 'add_token', token: name })
const noToken = (name: string): ArgEdit => ({ op: 'remove_token', token: name })

describe('a line as it is written', () => {
  it.each<[string, string, readonly ArgEdit[], string]>([
    ['gets what is missing at its end', 'root=/dev/sda1 ro', [on], 'root=/dev/sda1 ro intel_iommu=on'],
    ['keeps its line end, and blanks before it', '  ro\tquiet  \n', [on], '  ro\tquiet intel_iommu=on  \n'],
    ['that is empty gets a first argument', '', [on], 'intel_iommu=on'],
    ['of blanks gets it before them', ' \n', [on], 'intel_iommu=on \n'],
    ['that says so already stays', 'ro  intel_iommu=on ', [on], 'ro  intel_iommu=on '],
    ['has a value changed where it stands', 'ro  intel_iommu=off\tquiet', [on], 'ro  intel_iommu=on\tquiet'],
    [
      'keeps quotes round a value',
      'dyndbg="file a +p"  intel_iommu="igfx_off"',
      [on],
      'dyndbg="file a +p"  intel_iommu="igfx_off,on"',
    ],
    ['keeps a key as it is spelt', 'vfio_pci.ids=1:1 ro', [ids('2:2')], 'vfio_pci.ids=2:2 ro'],
    [
      'loses one of two keys that count once',
      'vfio-pci.ids=1:1  ro\tvfio_pci.ids=2:2',
      [ids('3:3')],
      'ro\tvfio_pci.ids=3:3',
    ],
    [
      'loses an argument with the blanks before it',
      'ro  \t iommu=pt  quiet',
      [noToken('iommu=pt')],
      'ro  quiet',
    ],
    ['loses its first argument with the blanks behind it', ' iommu=pt \t ro', [noToken('iommu=pt')], ' ro'],
    ['loses its only argument', 'intel_iommu=on\n', [notOn], '\n'],
    ['loses all of its arguments', 'iommu=pt iommu=pt\n', [noToken('iommu=pt')], '\n'],
    [
      'takes several edits in turn',
      'ro\n',
      [on, token('iommu=pt'), ids('1:1')],
      'ro intel_iommu=on iommu=pt vfio-pci.ids=1:1\n',
    ],
    ['takes none', ' ro  ', [], ' ro  '],
  ])('%s', (_, line, edits, expected) => {
    expect(editCommandLine(line, edits)).toBe(expected)
  })

  it.each<[string, string, ArgEdit, string]>([
    ['gets ours before it', 'ro quiet  --\tinit=x', on, 'ro quiet intel_iommu=on  --\tinit=x'],
    ['at the beginning, too', '--\tinit=x', on, 'intel_iommu=on --\tinit=x'],
    ["keeps init's arguments", 'ro -- intel_iommu=off', on, 'ro intel_iommu=on -- intel_iommu=off'],
    ['loses nothing behind it', 'intel_iommu=on -- intel_iommu=on', notOn, '-- intel_iommu=on'],
    ['of which the installer has made three is none', 'ro --- quiet', on, 'ro --- quiet intel_iommu=on'],
  ])('with a -- %s', (_, line, edit, expected) => {
    expect(editCommandLine(line, [edit])).toBe(expected)
  })

  it.each<[string, string, ArgEdit, string]>([
    ['gets one more line', 'root=/dev/sda1\nro\n', on, 'root=/dev/sda1\nro\nintel_iommu=on\n'],
    ['has a line changed', 'ro\nintel_iommu=off\nquiet\n', on, 'ro\nintel_iommu=on\nquiet\n'],
    ['loses a line', 'ro\nintel_iommu=on\nquiet\n', notOn, 'ro\nquiet\n'],
    ['loses its first line', 'intel_iommu=on\nro\n', notOn, 'ro\n'],
    ['gets it in the line before a --', 'ro\nquiet\n--\nx\n', on, 'ro\nquiet\nintel_iommu=on\n--\nx\n'],
    ['is not one where two share a line', 'ro quiet\nsplash\n', on, 'ro quiet\nsplash intel_iommu=on\n'],
  ])('a file with one argument a line %s', (_, text, edit, expected) => {
    expect(editCommandLine(text, [edit])).toBe(expected)
  })
})

const OURS = ['intel_iommu', 'iommu', 'vfio-pci.ids', 'pcie_acs_override']

const blank = fc.constantFrom(' ', ' ', ' ', '  ', '\t', '\n', ' \t ')
const stranger = fc.oneof(
  fc.constantFrom(
    'ro',
    'quiet',
    'root=UUID=5f0a',
    'console=ttyS0',
    'console=ttyS0',
    'dyndbg="file a +p"',
    '"a b=c d"',
    '---',
  ),
  fc
    .string({
      unit: fc.constantFrom('a', '=', ',', '-', '_', '.', '\\', '$', "'", '\xff', '\x01'),
      minLength: 1,
      maxLength: 5,
    })
    .filter(text => text !== '--'),
)
const ours = fc.constantFrom(
  'intel_iommu=on',
  'intel_iommu=off',
  'intel_iommu=',
  'intel-iommu=igfx_off,off',
  'intel_iommu',
  'iommu=pt',
  'iommu',
  '"iommu=pt"',
  'vfio-pci.ids=1:1',
  'vfio_pci.ids="1:1,2:2"',
  'pcie_acs_override=downstream',
)

const lineOf = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom('', '', ' ', '\n'),
      fc.array(fc.tuple(part, blank), { maxLength: 6 }),
      fc.constantFrom('', '', '\n'),
    )
    .map(
      ([lead, parts, end]) =>
        lead +
        parts
          .flat()
          .slice(0, end === '' ? undefined : -1)
          .join('') +
        end,
    )

const anyLine = lineOf(
  fc.oneof(
    { weight: 4, arbitrary: stranger },
    { weight: 3, arbitrary: ours },
    { weight: 1, arbitrary: fc.constant('--') },
  ),
)
const anyEdit: fc.Arbitrary<ArgEdit> = fc.constantFrom<ArgEdit>(
  on,
  notOn,
  { op: 'add', key: 'iommu', value: 'pt' },
  { op: 'add', key: 'pcie_acs_override', value: 'multifunction' },
  { op: 'remove', key: 'iommu', value: 'pt' },
  ids('3:3', '4:4'),
  ids(),
  token('iommu=pt'),
  noToken('iommu=pt'),
)
const anyEdits = fc.array(anyEdit, { minLength: 1, maxLength: 3 })

describe('whatever the line', () => {
  const isOurs = (name: string) => OURS.some(key => keyOf(key) === keyOf(name))

  it('one edit holds afterwards, and making it again changes nothing', () => {
    fc.assert(
      fc.property(anyLine, anyEdit, (line, edit) => {
        const once = editCommandLine(line, [edit])
        expect(isSatisfied(splitArgs(once), edit)).toBe(true)
        expect(editCommandLine(once, [edit])).toBe(once)
      }),
      { numRuns: 1000 },
    )
  })

  it('all other arguments stay, in their order, and so do those for init', () => {
    const others = (line: string) => splitArgs(line).filter(name => !isOurs(name))
    const inits = (line: string) => splitArgs(line).slice(kernelArgs(splitArgs(line)).length)
    fc.assert(
      fc.property(anyLine, anyEdits, (line, edits) => {
        const after = editCommandLine(line, edits)
        expect(others(after)).toEqual(others(line))
        expect(inits(after)).toEqual(inits(line))
      }),
      { numRuns: 1000 },
    )
  })

  it('the blanks between two others that stand side by side stay byte for byte', () => {
    const gap = (line: string, a: Piece, b: Piece) => line.slice(a.end, b.start)
    const sideBySide = (line: string) => {
      const { tokens } = piecesOf(line)
      const read = kernelArgs(splitArgs(line)).length
      // Before the -- we may put something.
      return tokens.flatMap((a, i) => {
        const b = tokens[i + 1]
        return b === undefined || isOurs(a.token) || isOurs(b.token) || i + 1 === read
          ? []
          : [gap(line, a, b)]
      })
    }
    fc.assert(
      fc.property(anyLine, anyEdits, (line, edits) => {
        const before = sideBySide(line)
        const after = sideBySide(editCommandLine(line, edits))
        // Where something of ours has gone, two more may have come together.
        let at = 0
        for (const one of before) {
          at = after.indexOf(one, at) + 1
          expect(at).toBeGreaterThan(0)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('and ours to add, adding and removing gives every byte back', () => {
    const strangers = lineOf(
      fc.oneof({ weight: 6, arbitrary: stranger }, { weight: 1, arbitrary: fc.constant('--') }),
    ).filter(line => !splitArgs(line).some(isOurs))
    const pairs = fc.subarray<readonly [ArgEdit, ArgEdit]>(
      [
        [on, notOn],
        [token('iommu=pt'), noToken('iommu=pt')],
        [ids('1:1', '2:2'), ids()],
      ],
      { minLength: 1 },
    )
    fc.assert(
      fc.property(strangers, pairs, fc.boolean(), (line, edits, reversed) => {
        const added = editCommandLine(
          line,
          edits.map(([add]) => add),
        )
        const taken = edits.map(([, remove]) => remove)
        expect(editCommandLine(added, reversed ? taken.toReversed() : taken)).toBe(line)
      }),
      { numRuns: 1000 },
    )
  })
})
