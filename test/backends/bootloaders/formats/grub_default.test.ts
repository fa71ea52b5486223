import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  configuredTokens,
  readGrubConfig,
} from '../../../../src/backends/bootloaders/formats/grub_default.ts'
import { editGrubConfig } from '../../../../src/backends/bootloaders/formats/grub_edit.ts'
import type { Host } from '../../../../src/host/host.ts'
import { type ArgEdit, isSatisfied } from '../../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../../src/refusal.ts'
import { aHost, withFiles, withGrub } from '../../../builders.ts'

const GRUB = '/etc/default/grub'
const on: ArgEdit = { op: 'add', key: 'intel_iommu', value: 'on' }
const off: ArgEdit = { op: 'remove', key: 'intel_iommu', value: 'on' }
const ids = (...values: string[]): ArgEdit => ({ op: 'set', key: 'vfio-pci.ids', values })
const DROP_IN = '/etc/default/grub.d/50-cloud.cfg'

const hostWith = (grub: string, dropIn?: string): Host =>
  withFiles(aHost({ files: {} }), { [GRUB]: grub, [DROP_IN]: dropIn })

function edited(host: Host, ...edits: ArgEdit[]): Host {
  const files = editGrubConfig(host, edits)
  if (isRefusal(files)) throw new Error(files.why)
  return withFiles(host, Object.fromEntries(files.map(({ path, after }) => [path, after])))
}
const editedText = (grub: string, ...edits: ArgEdit[]) => edited(hostWith(grub), ...edits).files[GRUB]?.bytes
const configured = (host: Host) => {
  const config = readGrubConfig(host)
  if (isRefusal(config)) throw new Error(config.why)
  return configuredTokens(config)
}

/** Files of the kinds that hosts have, before and after `intel_iommu=on` is added. */
const GOLDEN: readonly (readonly [string, string, string])[] = [
  [
    'Debian as installed',
    'GRUB_DEFAULT=0\nGRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n',
    'GRUB_DEFAULT=0\nGRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\nGRUB_CMDLINE_LINUX=""\n',
  ],
  [
    'Ubuntu, with its nested distributor',
    'GRUB_DISTRIBUTOR=`( . /etc/os-release; echo ${NAME:-Ubuntu} ) 2>/dev/null || echo Ubuntu`\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\n',
    'GRUB_DISTRIBUTOR=`( . /etc/os-release; echo ${NAME:-Ubuntu} ) 2>/dev/null || echo Ubuntu`\nGRUB_CMDLINE_LINUX_DEFAULT="quiet splash intel_iommu=on"\n',
  ],
  ['an empty value', 'GRUB_CMDLINE_LINUX_DEFAULT=""\n', 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n'],
  [
    'an empty value in single quotes',
    "GRUB_CMDLINE_LINUX_DEFAULT=''\n",
    "GRUB_CMDLINE_LINUX_DEFAULT='intel_iommu=on'\n",
  ],
  ['no value at all', 'GRUB_CMDLINE_LINUX_DEFAULT=\n', 'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n'],
  [
    'a value of one blank',
    'GRUB_CMDLINE_LINUX_DEFAULT=" "\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on "\n',
  ],
  [
    'single quotes',
    "GRUB_CMDLINE_LINUX_DEFAULT='quiet splash'\n",
    "GRUB_CMDLINE_LINUX_DEFAULT='quiet splash intel_iommu=on'\n",
  ],
  ['no quotes', 'GRUB_CMDLINE_LINUX_DEFAULT=quiet\n', 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n'],
  [
    'no quotes, with an escaped blank',
    'GRUB_CMDLINE_LINUX_DEFAULT=quiet\\ splash\n',
    'GRUB_CMDLINE_LINUX_DEFAULT=quiet\\ splash" intel_iommu=on"\n',
  ],
  [
    'no such variable',
    'GRUB_CMDLINE_LINUX="debug"\n',
    'GRUB_CMDLINE_LINUX="debug"\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n',
  ],
  [
    'no newline at the end',
    'GRUB_TIMEOUT=5',
    'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n',
  ],
  [
    'only commented out',
    '#GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    '#GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n',
  ],
  [
    'a commented older value above',
    '#GRUB_CMDLINE_LINUX_DEFAULT="mem=1G"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    '#GRUB_CMDLINE_LINUX_DEFAULT="mem=1G"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
  ],
  [
    'the last of two assignments counts',
    'GRUB_CMDLINE_LINUX_DEFAULT="a"\nGRUB_CMDLINE_LINUX_DEFAULT="b"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="a"\nGRUB_CMDLINE_LINUX_DEFAULT="b intel_iommu=on"\n',
  ],
  [
    'blanks after the quote, and two inside',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet  splash"  \n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet  splash intel_iommu=on"  \n',
  ],
  [
    'a blank before the closing quote',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet "\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on "\n',
  ],
  [
    'a comment with quotes behind the value',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet" #video=1920x1080" #intel_iommu=on"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on" #video=1920x1080" #intel_iommu=on"\n',
  ],
  [
    'escaped quotes round an argument',
    'GRUB_CMDLINE_LINUX_DEFAULT="acpi_osi=\\"!Windows 2012\\" quiet"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="acpi_osi=\\"!Windows 2012\\" quiet intel_iommu=on"\n',
  ],
  [
    'backslashes before a dollar',
    'GRUB_CMDLINE_LINUX_DEFAULT="memmap=64G\\\\\\$128G"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="memmap=64G\\\\\\$128G intel_iommu=on"\n',
  ],
  [
    'a variable of somebody else',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet ${SITE_ARGS}"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet ${SITE_ARGS} intel_iommu=on"\n',
  ],
  [
    'a value over two lines',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet \\\n  splash"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet \\\n  splash intel_iommu=on"\n',
  ],
  [
    'an art comment that ends in a backslash',
    '#  /\\_/\\\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    '#  /\\_/\\\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
  ],
  [
    'the variables of Xen next to ours',
    'GRUB_CMDLINE_XEN_DEFAULT="dom0_mem=4G"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    'GRUB_CMDLINE_XEN_DEFAULT="dom0_mem=4G"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
  ],
  [
    'switched off in GRUB_CMDLINE_LINUX',
    'GRUB_CMDLINE_LINUX="intel_iommu=off debug"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    'GRUB_CMDLINE_LINUX="intel_iommu=on debug"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
  ],
  [
    'with another value of the key',
    'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=igfx_off quiet"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=igfx_off,on quiet"\n',
  ],
  [
    'already in GRUB_CMDLINE_LINUX',
    'GRUB_CMDLINE_LINUX="intel_iommu=on"\n',
    'GRUB_CMDLINE_LINUX="intel_iommu=on"\n',
  ],
  [
    'appended to itself, further down',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT splash"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT splash"\n',
  ],
  [
    'switched off where it is appended to itself',
    'GRUB_CMDLINE_LINUX="debug"\nGRUB_CMDLINE_LINUX="${GRUB_CMDLINE_LINUX} intel_iommu=off"\n',
    'GRUB_CMDLINE_LINUX="debug"\nGRUB_CMDLINE_LINUX="${GRUB_CMDLINE_LINUX} intel_iommu=on"\n',
  ],
  [
    'bytes that are no UTF-8',
    '# caf\xe9\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    '# caf\xe9\nGRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
  ],
  [
    "init's arguments behind a --",
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet -- init=x"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on -- init=x"\n',
  ],
  [
    "nothing but init's arguments",
    "GRUB_CMDLINE_LINUX_DEFAULT='-- init=x'\n",
    "GRUB_CMDLINE_LINUX_DEFAULT='intel_iommu=on -- init=x'\n",
  ],
  [
    'a -- without quotes',
    'GRUB_CMDLINE_LINUX_DEFAULT=--\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on "--\n',
  ],
  [
    'a -- in quotes of its own',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet \\"--\\" x"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on \\"--\\" x"\n',
  ],
  [
    'a -- in GRUB_CMDLINE_LINUX, which makes all of the other init’s',
    'GRUB_CMDLINE_LINUX="debug -- 3"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    'GRUB_CMDLINE_LINUX="debug intel_iommu=on -- 3"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
  ],
  [
    'a -- that is appended to GRUB_CMDLINE_LINUX further down',
    'GRUB_CMDLINE_LINUX="debug"\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX -- 3"\n',
    'GRUB_CMDLINE_LINUX="debug intel_iommu=on"\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX -- 3"\n',
  ],
  [
    'it behind the --, where it never took effect',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet -- intel_iommu=on"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on -- intel_iommu=on"\n',
  ],
  [
    'it in the variable that is all init’s',
    'GRUB_CMDLINE_LINUX="--"\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=off"\n',
    'GRUB_CMDLINE_LINUX="intel_iommu=on --"\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=off"\n',
  ],
  [
    'it appended behind a -- further up',
    'GRUB_CMDLINE_LINUX="a -- b"\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=off"\n',
    'GRUB_CMDLINE_LINUX="a intel_iommu=on -- b"\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=off"\n',
  ],
  [
    'three dashes, which end nothing',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet --- splash"\n',
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet --- splash intel_iommu=on"\n',
  ],
  [
    'exported',
    'export GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    'export GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n',
  ],
]

describe('adding an argument', () => {
  it.each(GOLDEN)('%s', (_, before, after) => {
    expect(editedText(before, on)).toBe(after)
  })

  it.each(GOLDEN)('twice is once: %s', (_, before) => {
    const once = edited(hostWith(before), on)
    expect(edited(once, on).files).toEqual(once.files)
  })

  // What was not quoted, or not there, keeps the quotes that the argument needed.
  const QUOTES_STAY = [
    'no value at all',
    'no quotes',
    'no quotes, with an escaped blank',
    'no such variable',
    'no newline at the end',
    'only commented out',
    'a -- without quotes',
  ]
  const OURS_BEFORE = /intel_iommu=o/

  it.each(
    GOLDEN.filter(
      ([name, before]) => !QUOTES_STAY.includes(name) && !OURS_BEFORE.test(before.replace(/ #.*/, '')),
    ),
  )('taking it away again gives every byte back: %s', (_, before) => {
    expect(edited(edited(hostWith(before), on), off).files[GRUB]?.bytes).toBe(before)
  })
})

describe('taking arguments away', () => {
  it.each([
    [
      'the first',
      'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on  quiet"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    ],
    [
      'one between',
      'GRUB_CMDLINE_LINUX_DEFAULT="a  intel_iommu=on b"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="a b"\n',
    ],
    ['the only one', 'GRUB_CMDLINE_LINUX_DEFAULT=" intel_iommu=on "\n', 'GRUB_CMDLINE_LINUX_DEFAULT="  "\n'],
    [
      'all of several',
      'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on  intel_iommu=on"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT=""\n',
    ],
    [
      'several, the first among them',
      'GRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on  intel_iommu=on a"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="a"\n',
    ],
    [
      'from both variables',
      'GRUB_CMDLINE_LINUX="intel_iommu=on a"\nGRUB_CMDLINE_LINUX_DEFAULT="b intel_iommu=on"\n',
      'GRUB_CMDLINE_LINUX="a"\nGRUB_CMDLINE_LINUX_DEFAULT="b"\n',
    ],
    [
      'with the continuation before it',
      'GRUB_CMDLINE_LINUX_DEFAULT="$X \\\n  intel_iommu=on"\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="$X"\n',
    ],
    [
      'where quotes open in between',
      'GRUB_CMDLINE_LINUX_DEFAULT="a intel_iommu="on\n',
      'GRUB_CMDLINE_LINUX_DEFAULT="a"\n',
    ],
  ])('%s', (_, before, after) => {
    expect(editedText(before, off)).toBe(after)
  })
})

describe('the ids of vfio-pci', () => {
  it('replace those in effect and drop those that never were', () => {
    expect(
      editedText(
        'GRUB_CMDLINE_LINUX="vfio-pci.ids=1:1 a"\nGRUB_CMDLINE_LINUX_DEFAULT="vfio_pci.ids=2:2 b vfio-pci.ids=3:3"\n',
        ids('3:3', '4:4'),
      ),
    ).toBe(
      'GRUB_CMDLINE_LINUX="vfio-pci.ids=3:3,4:4 a"\nGRUB_CMDLINE_LINUX_DEFAULT="b vfio-pci.ids=3:3,4:4"\n',
    )
  })

  it('go when they are set to nothing', () => {
    expect(editedText('GRUB_CMDLINE_LINUX_DEFAULT="vfio-pci.ids=1:1 vfio-pci.ids=2:2"\n', ids())).toBe(
      'GRUB_CMDLINE_LINUX_DEFAULT=""\n',
    )
  })
})

describe('drop-ins', () => {
  it('an override is where the arguments go', () => {
    const host = edited(
      hostWith('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n'),
      on,
    )
    expect(host.files).toMatchObject({
      [GRUB]: { bytes: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n' },
      [DROP_IN]: { bytes: 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0 intel_iommu=on"\n' },
    })
    expect(configured(host)).toEqual(['console=ttyS0', 'intel_iommu=on'])
  })

  it.each(['$GRUB_CMDLINE_LINUX_DEFAULT', '${GRUB_CMDLINE_LINUX_DEFAULT}'])(
    'one that appends to %s is left alone',
    self => {
      const dropIn = `GRUB_CMDLINE_LINUX_DEFAULT="${self} crashkernel=192M"\n`
      const host = edited(hostWith('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', dropIn), on)
      expect(host.files).toMatchObject({
        [GRUB]: { bytes: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\n' },
        [DROP_IN]: { bytes: dropIn },
      })
      expect(configured(host)).toEqual(['quiet', 'intel_iommu=on', 'crashkernel=192M'])
    },
  )

  it('one that switches off is mended where it does', () => {
    const host = edited(
      hostWith('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', 'GRUB_CMDLINE_LINUX="intel_iommu=off"\n'),
      on,
    )
    expect(host.files[DROP_IN]?.bytes).toBe('GRUB_CMDLINE_LINUX="intel_iommu=on"\n')
  })

  it('only .cfg files of that folder are read, in their order', () => {
    const host = withFiles(hostWith(''), {
      '/etc/default/grub.d/b.cfg': 'GRUB_CMDLINE_LINUX=b\n',
      '/etc/default/grub.d/a.cfg': 'GRUB_CMDLINE_LINUX=a\n',
      '/etc/default/grub.d/z.cfg.bak': 'GRUB_CMDLINE_LINUX=z\n',
    })
    expect(configured(host)).toEqual(['b'])
  })

  it('a variable set earlier is filled in', () => {
    expect(configured(hostWith('X="a b"\nGRUB_CMDLINE_LINUX="$X c"\n'))).toEqual(['a', 'b', 'c'])
  })

  it('one that nothing sets is empty', () => {
    expect(configured(hostWith('GRUB_CMDLINE_LINUX="${SITE_ARGS} c"\n'))).toEqual(['c'])
  })
})

describe('refused, with the line, and nothing written', () => {
  const plain = 'write the arguments out in /etc/default/grub, then run again'

  it.each([
    [
      'an unterminated quote',
      'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet\nGRUB_X=1\n',
      '/etc/default/grub:2 has an unterminated double quote: GRUB_CMDLINE_LINUX_DEFAULT="quiet',
      'mend the file (sh -n checks it) or write that line more plainly, then run again',
    ],
    [
      'an unterminated quote in Debian’s file, which breaks off in a comment far below',
      'GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT="quiet\nGRUB_CMDLINE_LINUX="a=1 b=2"\n\n# you can see them in real GRUB with the command `vbeinfo\'\n#GRUB_INIT_TUNE="480 440 1"\n',
      '/etc/default/grub:2 has an unterminated double quote: GRUB_CMDLINE_LINUX_DEFAULT="quiet',
      'mend the file (sh -n checks it) or write that line more plainly, then run again',
    ],
    [
      'a command substitution',
      'GRUB_CMDLINE_LINUX="$(sed s/a/b/ /proc/cmdline)"\n',
      '/etc/default/grub:1 takes GRUB_CMDLINE_LINUX from a command substitution: GRUB_CMDLINE_LINUX="$(sed s/a/b/ /proc/cmdline)"',
      plain,
    ],
    [
      'a command substitution by way of another variable',
      'X=$(cat /x)\nGRUB_CMDLINE_LINUX="$X"\n',
      '/etc/default/grub:2 takes GRUB_CMDLINE_LINUX from $X, whose value only the shell can tell',
      plain,
    ],
    [
      'a condition',
      'if [ -e /x ]; then\n  GRUB_CMDLINE_LINUX="a"\nfi\n',
      '/etc/default/grub:2 sets GRUB_CMDLINE_LINUX under a condition: GRUB_CMDLINE_LINUX="a"',
      plain,
    ],
    [
      'another file that is sourced',
      '. /etc/site/grub\n',
      '/etc/default/grub:1 lets "." work the command line out in shell, which cannot be edited safely: . /etc/site/grub',
      plain,
    ],
    [
      'a variable whose name only the shell can tell',
      'export GRUB_CMDLINE_LINUX_DEFAU${X}LT="quiet"\n',
      '/etc/default/grub:1 lets "export" work the command line out in shell, which cannot be edited safely: export GRUB_CMDLINE_LINUX_DEFAU${X}LT="quiet"',
      'write the arguments out in /etc/default/grub, then run again',
    ],
    [
      "bash's way of appending",
      'GRUB_CMDLINE_LINUX+=" a"\n',
      '/etc/default/grub:1 adds to GRUB_CMDLINE_LINUX with +=, which bash knows and other shells take for a command: GRUB_CMDLINE_LINUX+=" a"',
      'write it as GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX …" in /etc/default/grub, then run again',
    ],
    [
      'an export of its own',
      'GRUB_CMDLINE_LINUX="a"\nexport GRUB_CMDLINE_LINUX\n',
      '/etc/default/grub:2 lets "export" work the command line out in shell, which cannot be edited safely: export GRUB_CMDLINE_LINUX',
      'take the line away, as grub-mkconfig exports the variable itself; then run again',
    ],
    [
      'a condition on one line',
      'if true; then GRUB_CMDLINE_LINUX="a"; fi\n',
      '/etc/default/grub:1 lets "if" work the command line out in shell, which cannot be edited safely: if true; then GRUB_CMDLINE_LINUX="a"; fi',
      plain,
    ],
    [
      'a command that the shell works out',
      '$SITE_SETUP now\n',
      '/etc/default/grub:1 lets "$SITE_SETUP" work the command line out in shell, which cannot be edited safely: $SITE_SETUP now',
      plain,
    ],
    [
      'a template',
      'GRUB_CMDLINE_LINUX="{{ cmdline }}"\n',
      '/etc/default/grub:1 is a template that was never filled in: GRUB_CMDLINE_LINUX="{{ cmdline }}"',
      'fill the template in first',
    ],
    ...['@CMDLINE@', '<%= cmdline %>', '%CMDLINE%'].map((text): [string, string, string, string] => [
      `a template, ${text}`,
      `GRUB_CMDLINE_LINUX="quiet ${text}"\n`,
      `/etc/default/grub:1 is a template that was never filled in: GRUB_CMDLINE_LINUX="quiet ${text}"`,
      'fill the template in first',
    ]),
    [
      'Windows line ends',
      'GRUB_CMDLINE_LINUX="a"\r\n',
      '/etc/default/grub:1 has Windows line ends (CRLF), which become part of the values: GRUB_CMDLINE_LINUX="a"\r',
      'mend the file (sh -n checks it) or write that line more plainly, then run again',
    ],
  ])('%s', (_, grub, why, hint) => {
    expect(editGrubConfig(hostWith(grub), [on])).toEqual({ refused: true, why, hint })
  })

  it('in a drop-in too, by its name', () => {
    expect(editGrubConfig(hostWith('', 'GRUB_CMDLINE_LINUX="`x`"\n'), [on])).toMatchObject({
      why: `${DROP_IN}:1 takes GRUB_CMDLINE_LINUX from a command substitution: GRUB_CMDLINE_LINUX="\`x\`"`,
    })
  })

  it('a -- that comes out of another variable', () => {
    expect(editGrubConfig(hostWith('X="-- 3"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet $X"\n'), [on])).toEqual({
      refused: true,
      why: 'intel_iommu cannot be made to hold in /etc/default/grub: the kernel hands everything after the -- on its command line to init, and that -- cannot be told from here',
      hint: 'set it by hand before the --, then run again',
    })
  })

  it('a value that another variable holds back', () => {
    expect(editGrubConfig(hostWith('X="intel_iommu=off"\nGRUB_CMDLINE_LINUX_DEFAULT="$X"\n'), [on])).toEqual({
      refused: true,
      why: 'intel_iommu cannot be made to hold in /etc/default/grub: a variable or another file overrides it',
      hint: 'set it by hand where the value comes from, then run again',
    })
  })
})

const argument = fc.constantFrom(
  'quiet',
  'ro',
  'console=tty0',
  'intel_iommu=off',
  'intel_iommu=on',
  'vfio-pci.ids=1:1',
  'vfio_pci.ids=2:2,3:3',
  '--',
  '\\"x=a b\\"',
  '$Y',
  '\\$5',
)
const value = fc
  .array(argument, { maxLength: 5 })
  .chain(args => fc.constantFrom(' ', '  ', ' \\\n').map(blank => args.join(blank)))
const quoted = value.chain(text =>
  fc.constantFrom(`"${text}"`, `" ${text} "`, ...(/["'\\$]/.test(text) ? [] : [`'${text}'`])),
)
const assignment = fc
  .tuple(
    fc.constantFrom('GRUB_CMDLINE_LINUX', 'GRUB_CMDLINE_LINUX_DEFAULT'),
    quoted,
    fc.constantFrom('', '  # "why"', ';'),
  )
  .map(([name, text, rest]) => `${name}=${text}${rest}`)
const other = fc.constantFrom('# GRUB_CMDLINE_LINUX="old"', '', 'GRUB_TIMEOUT=5', 'X=`date`', '# \xff \\')
const file = fc
  .array(fc.oneof(assignment, other), { maxLength: 6 })
  .map(lines => lines.map(line => `${line}\n`).join(''))
const anEdit = fc.constantFrom<ArgEdit>(
  on,
  off,
  ids('4:4'),
  ids(),
  { op: 'add_token', token: 'iommu=pt' },
  { op: 'remove_token', token: 'quiet' },
)

describe('any file of this kind', () => {
  it('an edit holds afterwards, and the second time changes nothing', () => {
    fc.assert(
      fc.property(file, file, anEdit, (grub, dropIn, edit) => {
        const host = edited(hostWith(grub, dropIn), edit)
        expect(isSatisfied(configured(host), edit)).toBe(true)
        expect(edited(host, edit).files).toEqual(host.files)
      }),
    )
  })

  it('what is added and taken away again leaves the same arguments', () => {
    fc.assert(
      fc.property(file, grub => {
        const host = hostWith(grub)
        const add: ArgEdit = { op: 'add', key: 'module_blacklist', value: 'x' }
        expect(configured(edited(edited(host, add), { ...add, op: 'remove' }))).toEqual(configured(host))
      }),
    )
  })
})

it('no bytes make it throw: they are edited, or refused with a hint', () => {
  const bytes = fc.string({
    unit: fc.constantFrom(
      'GRUB_CMDLINE_LINUX=',
      'GRUB_CMDLINE_LINUX_DEFAULT="',
      '"',
      "'",
      '\\',
      '\n',
      '$',
      '`',
      '(',
      ')',
      'a',
      ' ',
      '\xff',
      '#',
      ';',
    ),
    maxLength: 30,
  })
  fc.assert(
    fc.property(bytes, grub => {
      const answer = editGrubConfig(hostWith(grub), [on, ids('1:1')])
      if (isRefusal(answer)) expect(answer.hint).not.toBe('')
      else expect(isSatisfied(configured(edited(hostWith(grub), on, ids('1:1'))), ids('1:1'))).toBe(true)
    }),
  )
})

it('a line that goes on within an expansion hides no name of ours', () => {
  const text = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nFOO=$((GRUB_CMD\\\nLINE_LINUX=1))\n'
  expect(readGrubConfig(withGrub(aHost(), text))).toMatchObject({ refused: true })
})
