import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grubMenu } from '../../../src/backends/bootloaders/formats/grub_menu.ts'
import { grubby } from '../../../src/backends/bootloaders/grubby.ts'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { applyChanges, type Change, editsOf } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import type { ArgEdit } from '../../../src/host/kernel_args.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles, withMenus } from '../../builders.ts'

const MACHINE = 'd903a5c6e0a947ccb45d1f9d8d22516e'
const NEW = '6.10.3-200.fc40.x86_64'
const OLD = '6.9.7-200.fc40.x86_64'
const pathOf = (release: string) => `/boot/loader/entries/${MACHINE}-${release}.conf`
const RESCUE = pathOf('0-rescue')
const OPTIONS = 'root=UUID=ab12 ro rootflags=subvol=root rhgb quiet'
const entryOf = (release: string, options: string) => `title Fedora Linux (${release}) 40 (Server Edition)
version ${release}
linux /vmlinuz-${release}
initrd /initramfs-${release}.img
options ${options}
grub_users $grub_users
grub_arg --unrestricted
grub_class fedora
`
const DEFAULTS =
  'GRUB_TIMEOUT=5\nGRUB_DEFAULT=saved\nGRUB_CMDLINE_LINUX="rootflags=subvol=root rhgb quiet"\nGRUB_ENABLE_BLSCFG=true\n'
const GRUB_CFG = `### BEGIN /etc/grub.d/00_header ###
   set default="\${next_entry}"
   set default="\${saved_entry}"
### BEGIN /etc/grub.d/10_linux ###
blscfg
`
const block = (lines: string) => `# GRUB Environment Block\n${lines}`.padEnd(1024, '#')

/** A Fedora whose menu is made of entries; /boot is a file system of its own. */
function aFedora(
  files: Readonly<Record<string, string | undefined>> = {},
  environment = `saved_entry=${MACHINE}-${NEW}\n`,
  grubCfg = GRUB_CFG,
): Host {
  const bare: Host = {
    ...aHost(),
    files: {},
    tools: ['grubby', 'grub2-mkconfig', 'dracut'],
    paths: ['/boot/loader/entries', '/boot/grub2/grub.cfg', '/etc/default/grub'],
    storage: [{ use: '/boot', source: '/dev/sda2', devices: [] }],
    kernels: aHost().kernels.flatMap(kernel => [
      { ...kernel, release: NEW },
      { ...kernel, release: OLD },
    ]),
  }
  const menu = grubMenu.parse({
    lines: `file /boot/grub2/grub.cfg\n${grubCfg}`,
    environment: `file /boot/grub2/grubenv\n${environment}`,
  })
  return withCmdline(
    withMenus(
      withFiles(bare, {
        [pathOf(NEW)]: entryOf(NEW, OPTIONS),
        [pathOf(OLD)]: entryOf(OLD, OPTIONS),
        [RESCUE]: entryOf('0-rescue-1', OPTIONS),
        '/etc/default/grub': DEFAULTS,
        '/boot/grub2/grubenv': block(environment),
        ...files,
      }),
      { GRUB: menu },
    ),
    `BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${OLD} ${OPTIONS}`,
  )
}

const KERNELOPTS = `kernelopts=${OPTIONS}\n`
const anEl8 = (files: Readonly<Record<string, string | undefined>> = {}, environment = KERNELOPTS) =>
  aFedora(
    {
      [pathOf(NEW)]: entryOf(NEW, '$kernelopts $tuned_params'),
      [pathOf(OLD)]: entryOf(OLD, '$kernelopts $tuned_params'),
      [RESCUE]: entryOf('0-rescue-1', '$kernelopts'),
      ...files,
    },
    environment,
    `${GRUB_CFG}set tuned_params="isolcpus=2"\n`,
  )

const ADD: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]
const REMOVE: readonly ArgEdit[] = [
  { op: 'remove', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: [] },
]
const OURS = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'

function changesOf(host: Host, edits: readonly ArgEdit[] = ADD): readonly Change[] {
  const changes = grubby.edit(host, edits)
  if (isRefusal(changes)) throw new Error(changes.why)
  return changes
}
const edited = (host: Host, edits = ADD) => applyChanges(host, changesOf(host, edits))
const bytesOf = (host: Host) =>
  Object.fromEntries(Object.entries(host.files).map(([path, { bytes }]) => [path, bytes]))
const whyNot = (host: Host, edits = ADD) => {
  const answer = grubby.edit(host, edits)
  return isRefusal(answer) ? answer.why : undefined
}

describe('fedora: BLS entries', () => {
  it('take the argument through grubby, kernel by kernel, and the sources of later ones with them', () => {
    expect(changesOf(aFedora({ '/etc/kernel/cmdline': `${OPTIONS}\n` }))).toEqual([
      {
        kind: 'run',
        argv: ['grubby', `--update-kernel=/boot/vmlinuz-${NEW}`, `--args=${OURS}`],
        reason: `${pathOf(NEW)} is edited by grubby`,
        edits: [
          { path: pathOf(NEW), before: entryOf(NEW, OPTIONS), after: entryOf(NEW, `${OPTIONS} ${OURS}`) },
        ],
      },
      {
        kind: 'run',
        argv: ['grubby', `--update-kernel=/boot/vmlinuz-${OLD}`, `--args=${OURS}`],
        reason: `${pathOf(OLD)} is edited by grubby`,
        edits: [
          { path: pathOf(OLD), before: entryOf(OLD, OPTIONS), after: entryOf(OLD, `${OPTIONS} ${OURS}`) },
        ],
      },
      {
        kind: 'write',
        path: '/etc/default/grub',
        before: DEFAULTS,
        after: DEFAULTS.replace('rhgb quiet"', `rhgb quiet ${OURS}"`),
      },
      { kind: 'write', path: '/etc/kernel/cmdline', before: `${OPTIONS}\n`, after: `${OPTIONS} ${OURS}\n` },
    ])
  })

  it('lose it through grubby', () => {
    expect(changesOf(edited(aFedora()), REMOVE)[0]).toMatchObject({
      argv: ['grubby', `--update-kernel=/boot/vmlinuz-${NEW}`, `--remove-args=${OURS}`],
    })
  })

  it('name kernels as grubby does where /boot is no file system of its own', () => {
    expect(changesOf({ ...aFedora(), storage: [] })[0]).toMatchObject({
      argv: ['grubby', `--update-kernel=/vmlinuz-${NEW}`, `--args=${OURS}`],
    })
  })

  it.each([
    [
      'a value joins a list in its place',
      'root=UUID=ab12 rootflags=subvol=root vfio-pci.ids=8086:1533 quiet',
      'root=UUID=ab12 rootflags=subvol=root vfio-pci.ids=10de:13c2,10de:0fbb quiet intel_iommu=on',
    ],
    [
      'an argument with quotes',
      'root=UUID=ab12 rootflags=subvol=root dyndbg="file drivers/usb/* +p" quiet',
      `root=UUID=ab12 rootflags=subvol=root dyndbg="file drivers/usb/* +p" quiet ${OURS}`,
    ],
    [
      'an argument with &',
      'root=UUID=ab12 rootflags=subvol=root a=b&c',
      `root=UUID=ab12 rootflags=subvol=root a=b&c ${OURS}`,
    ],
    [
      'blanks that somebody put there',
      'root=UUID=ab12 rootflags=subvol=root  ro',
      `root=UUID=ab12 rootflags=subvol=root  ro ${OURS}`,
    ],
    [
      'an argument that differs in what grubby’s pattern overlooks',
      'root=UUID=ab12 rootflags=subvol=root vfio-pci_ids=1',
      `root=UUID=ab12 rootflags=subvol=root vfio-pci_ids=1 ${OURS}`,
    ],
  ])('are written where grubby would not leave the rest as it was: %s', (_, options, wanted) => {
    const path = pathOf(NEW)
    const host = aFedora({ [path]: entryOf(NEW, options) })
    expect(changesOf(host)[0]).toEqual({
      kind: 'write',
      path,
      before: entryOf(NEW, options),
      after: entryOf(NEW, wanted),
    })
  })

  it('keep the padding of kernel-install and the order of their keys', () => {
    const padded = `title      Fedora Linux 39\nversion    ${NEW}\noptions    root=UUID=ab12 rootflags=subvol=root quiet\nlinux      /${MACHINE}/${NEW}/linux\ninitrd     /${MACHINE}/${NEW}/initrd\n`
    expect(bytesOf(edited(aFedora({ [pathOf(NEW)]: padded })))[pathOf(NEW)]).toBe(
      padded.replace('quiet', `quiet ${OURS}`),
    )
  })

  it('leave the rescue entry as the way back', () => {
    expect(bytesOf(edited(aFedora()))[RESCUE]).toBe(entryOf('0-rescue-1', OPTIONS))
  })

  it.each([
    ['another system', 'root=PARTUUID=12-34 ro quiet'],
    ['another subvolume', 'root=UUID=ab12 ro rootflags=subvol=old rhgb quiet'],
    ['emergency mode', `${OPTIONS} systemd.unit=emergency.target`],
  ])('leave %s alone', (_, options) => {
    const entry = entryOf('5.14', options)
    expect(bytesOf(edited(aFedora({ [pathOf('5.14')]: entry })))[pathOf('5.14')]).toBe(entry)
  })

  it('are left alone where they, /etc/default/grub and /etc/kernel/cmdline hold it already', () => {
    const host = edited(aFedora({ '/etc/kernel/cmdline': `${OPTIONS}\n` }))
    expect(changesOf(host)).toEqual([])
  })

  it.each([
    ['an entry', { [pathOf(OLD)]: entryOf(OLD, OPTIONS) }],
    ['/etc/default/grub', { '/etc/default/grub': DEFAULTS }],
    ['/etc/kernel/cmdline', { '/etc/kernel/cmdline': `${OPTIONS}\n` }],
  ])('are edited again where only %s lacks it', (_, files) => {
    const host = withFiles(edited(aFedora({ '/etc/kernel/cmdline': `${OPTIONS}\n` })), files)
    expect(
      changesOf(host)
        .flatMap(editsOf)
        .map(({ path }) => path),
    ).toEqual(Object.keys(files))
  })

  it('give every byte back when the arguments go again', () => {
    const host = aFedora({ '/etc/kernel/cmdline': `${OPTIONS}\n` })
    expect(bytesOf(edited(edited(host), REMOVE))).toEqual(bytesOf(host))
  })

  it('any options give the same the second time, and keep all other files', () => {
    const options = fc.string({
      unit: fc.constantFrom(
        'a',
        '=',
        ' ',
        '"',
        '\\',
        '$',
        '&',
        '/',
        "'",
        'vfio-pci.ids=',
        'intel_iommu=',
        'on',
        ',',
        '--',
      ),
      maxLength: 14,
    })
    fc.assert(
      fc.property(options, text => {
        const host = aFedora({ [pathOf(NEW)]: entryOf(NEW, text) })
        if (isRefusal(grubby.edit(host, ADD))) return
        expect(changesOf(edited(host))).toEqual([])
        expect(bytesOf(edited(host))[RESCUE]).toBe(bytesOf(host)[RESCUE])
      }),
    )
  })

  it('any bytes are edited or refused', () => {
    fc.assert(
      fc.property(fc.string(), bytes => {
        const host = aFedora({ [pathOf(NEW)]: bytes, '/boot/grub2/grubenv': bytes })
        expect([grubby.edit(host, ADD), grubby.next(host), grubby.configured(host)]).toHaveLength(3)
      }),
    )
  })
})

describe('rhel 8: the line that entries share', () => {
  it('is changed in the environment block by its own program, and the entries stay', () => {
    const host = anEl8()
    expect(changesOf(host)[0]).toEqual({
      kind: 'run',
      argv: ['grub2-editenv', '/boot/grub2/grubenv', 'set', `kernelopts=${OPTIONS} ${OURS}`],
      reason:
        'the entries, the one for rescue, too, take their arguments from kernelopts in /boot/grub2/grubenv',
      edits: [
        {
          path: '/boot/grub2/grubenv',
          before: block(KERNELOPTS),
          after: block(`kernelopts=${OPTIONS} ${OURS}\n`),
        },
      ],
    })
    expect(bytesOf(edited(host))[pathOf(NEW)]).toBe(entryOf(NEW, '$kernelopts $tuned_params'))
    expect(changesOf(edited(host))).toEqual([])
    expect(bytesOf(edited(edited(host), REMOVE))).toEqual(bytesOf(host))
  })

  it('is said to be the rescue entry’s, too, where it is', () => {
    const apart = anEl8({ [RESCUE]: entryOf('0-rescue-1', OPTIONS) })
    expect(changesOf(apart)[0]).toMatchObject({
      reason: 'the entries take their arguments from kernelopts in /boot/grub2/grubenv',
    })
    expect(bytesOf(edited(apart))[RESCUE]).toBe(entryOf('0-rescue-1', OPTIONS))
  })

  it('tells whose an entry is: one with a line of its own may be another system’s', () => {
    const other = entryOf('5.14', 'root=UUID=cd34 ro')
    expect(bytesOf(edited(anEl8({ [pathOf('5.14')]: other })))[pathOf('5.14')]).toBe(other)
  })

  it('is what boots next, with what tuned adds', () => {
    expect(grubby.next(edited(anEl8()))).toMatchObject({
      cmdline: [`BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${NEW}`, ...`${OPTIONS} ${OURS} isolcpus=2`.split(' ')],
    })
  })

  it.each([
    [
      'the block has no kernelopts',
      anEl8({}, 'saved_entry=0\n'),
      'the boot entries take $kernelopts, and /boot/grub2/grubenv does not set it',
    ],
    [
      'they do not fit',
      anEl8({ '/boot/grub2/grubenv': `# GRUB Environment Block\n${KERNELOPTS}#` }),
      'the new kernelopts do not fit in /boot/grub2/grubenv, or it is no environment block',
    ],
    [
      'tuned says otherwise',
      withMenus(anEl8(), {
        GRUB: grubMenu.parse({
          lines: `file /boot/grub2/grub.cfg\n${GRUB_CFG}set tuned_params="intel_iommu=off"\n`,
          environment: KERNELOPTS,
        }),
      }),
      `${pathOf(NEW)} has arguments beside its own line that say otherwise (tuned sets $tuned_params)`,
    ],
  ])('is refused where %s', (_, host, why) => {
    expect(whyNot(host)).toBe(why)
  })
})

describe('what boots next', () => {
  it('is the saved entry, with the disk named as it was at the last boot', () => {
    expect(grubby.next(aFedora({}, `saved_entry=${MACHINE}-${OLD}\n`))).toEqual({
      title: `Fedora Linux (${OLD}) 40 (Server Edition)`,
      chosenBy: 'the saved default of the menu (grubenv)',
      release: OLD,
      cmdline: [`BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${OLD}`, ...OPTIONS.split(' ')],
    })
  })

  it.each([
    ['the newest where nothing is saved', '', NEW],
    ['the newest where the saved entry is gone', 'saved_entry=gone\n', NEW],
    ['one by its number', 'saved_entry=1\n', OLD],
    ['one by its title', `saved_entry=Fedora Linux (${OLD}) 40 (Server Edition)\n`, OLD],
    ['one for a single boot', `next_entry=1\nsaved_entry=0\n`, OLD],
  ])('is %s', (_, environment, release) => {
    expect(grubby.next(aFedora({}, environment))).toMatchObject({ release })
  })

  it('has its quotes as GRUB hands them to the kernel', () => {
    const host = aFedora({ [pathOf(NEW)]: entryOf(NEW, 'root=/dev/x dyndbg="file a +p" b="c"') })
    expect(grubby.next(host)).toMatchObject({
      cmdline: [`BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${NEW}`, 'root=/dev/x', '"dyndbg=file a +p"', 'b=c'],
    })
  })

  it.each([
    [
      'GRUB was told no disk',
      withCmdline(aFedora(), 'root=/dev/x'),
      'BOOT_IMAGE= of the running kernel does not say what GRUB calls the disk',
    ],
    [
      'the entry is none of Linux',
      aFedora({ [pathOf(NEW)]: `title x\nlinux /x\nefi /y\noptions a\n` }),
      `${pathOf(NEW)}, which boots next, does not boot Linux`,
    ],
    [
      'an argument ends the command',
      aFedora({ [pathOf(NEW)]: entryOf(NEW, 'a;b') }),
      `${pathOf(NEW)} has an argument that GRUB’s script takes apart (one of ; & | < > $)`,
    ],
  ])('cannot be told where %s', (_, host, why) => {
    expect(grubby.next(host)).toMatchObject({ refused: true, why })
  })

  it('is what the sources ask for', () => {
    expect(grubby.configured(edited(aFedora()))).toEqual(`${OPTIONS} ${OURS}`.split(' '))
  })
})

describe('an entry that GRUB reads otherwise than it looks is refused', () => {
  const path = pathOf(NEW)
  const entry = entryOf(NEW, OPTIONS)
  it.each([
    ['no options', entry.replace(/^options.*\n/m, ''), `${path} has no line of options`],
    [
      'options twice',
      `${entry}options a\n`,
      `${path} has more than one line of options, of which GRUB reads the first`,
    ],
    [
      'a tab',
      entry.replace('options ', 'options\t'),
      `${path} has a tab behind \`options\`, where GRUB reads a blank`,
    ],
    [
      'an empty line',
      entry.replace('options', '\noptions'),
      `${path} has an empty line before its options, and GRUB reads no further than that`,
    ],
    [
      'CRLF',
      entry.replaceAll('\n', '\r\n'),
      `${path}:1 has Windows line ends (CRLF): title Fedora Linux (${NEW}) 40 (Server Edition)`,
    ],
    [
      'an open quote',
      entry.replace('quiet', 'a="b'),
      `${path} has an unterminated quote in its command line: root=UUID=ab12 ro rootflags=subvol=root rhgb a="b`,
    ],
  ])('%s', (_, bytes, why) => {
    expect(whyNot(aFedora({ [path]: bytes }))).toBe(why)
  })

  it('no entry at all', () => {
    const none = { [pathOf(NEW)]: undefined, [pathOf(OLD)]: undefined, [RESCUE]: undefined }
    expect(whyNot(aFedora(none))).toBe('no Linux entry can be seen in /boot/loader/entries')
  })

  it('a source that works the line out in shell', () => {
    expect(whyNot(aFedora({ '/etc/default/grub': 'GRUB_CMDLINE_LINUX="$(cat /x)"\n' }))).toContain(
      'command substitution',
    )
  })
})

describe('grubby is the one to go through', () => {
  it('where grub.cfg takes its entries from files', () => {
    expect(findBootloader(aFedora())).toMatchObject({
      loader: { name: 'grubby' },
      evidence:
        'grubby is installed, /boot/loader/entries exists, grub.cfg takes its entries from there (blscfg), BOOT_IMAGE= is on the command line',
    })
  })

  it('not where grub.cfg names the kernels itself (GRUB_ENABLE_BLSCFG=false, RHEL 7)', () => {
    const lines = `### BEGIN /etc/grub.d/10_linux ###\nmenuentry 'Fedora' {\n\tlinux\t/vmlinuz-${NEW} root=/dev/x ro quiet\n`
    const host = withMenus(aFedora(), { GRUB: grubMenu.parse({ lines }) })
    expect(findBootloader(host)).toMatchObject({ loader: { name: 'GRUB' } })
  })
})
