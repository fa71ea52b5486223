import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bootEntry, parseGrubMenu } from '../../../src/backends/bootloaders/formats/grub_menu.ts'
import { grub } from '../../../src/backends/bootloaders/grub.ts'
import { boot } from '../../../src/host/boot.ts'
import type { Host, MenuEntry } from '../../../src/host/host.ts'
import { ifKnown, observed, unknown } from '../../../src/host/known.ts'
import { aHost, aReadyHost, withFiles, withGrub, withMenu, withMenus } from '../../builders.ts'
import { parsesAnything } from '../../host/facts/any_output.ts'

const LINES = [
  '### BEGIN /etc/grub.d/00_header ###',
  '   set default="${next_entry}"',
  '   set default="0"',
  '### BEGIN /etc/grub.d/10_linux ###',
  "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-5f0a' {",
  '\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=5f0a ro  quiet',
  "\tmenuentry 'Debian GNU/Linux, with Linux 6.1.0-18-amd64 (recovery mode)' --class debian $menuentry_id_option 'gnulinux-6.1.0-18-amd64-recovery-5f0a' {",
  '\t\tlinux\t/boot/vmlinuz-6.1.0-18-amd64 root=UUID=5f0a ro single ',
  '### BEGIN /etc/grub.d/30_os-prober ###',
  'menuentry "Other Linux" {',
  '\tlinuxefi /vmlinuz root=/dev/sdb1',
]
const menu = (lines: readonly string[] = LINES, environment: readonly string[] = []) =>
  parseGrubMenu('/boot/grub/grub.cfg', lines, environment)

describe('reading grub.cfg', () => {
  it('finds entries with their script, kernel and arguments', () => {
    expect(menu()).toEqual({
      path: '/boot/grub/grub.cfg',
      default: '0',
      saved: '',
      entries: [
        {
          title: 'Debian GNU/Linux',
          id: 'gnulinux-simple-5f0a',
          source: '10_linux',
          kernel: '/boot/vmlinuz-6.1.0-18-amd64',
          args: ['root=UUID=5f0a', 'ro', 'quiet'],
          recovery: false,
        },
        {
          title: 'Debian GNU/Linux, with Linux 6.1.0-18-amd64 (recovery mode)',
          id: 'gnulinux-6.1.0-18-amd64-recovery-5f0a',
          source: '10_linux',
          kernel: '/boot/vmlinuz-6.1.0-18-amd64',
          args: ['root=UUID=5f0a', 'ro', 'single'],
          recovery: true,
        },
        {
          title: 'Other Linux',
          id: '',
          source: '30_os-prober',
          kernel: '/vmlinuz',
          args: ['root=/dev/sdb1'],
          recovery: false,
        },
      ],
    })
  })

  it('takes what grub-reboot has set for the next boot before anything else', () => {
    const recovery = 'gnulinux-6.1.0-18-amd64-recovery-5f0a'
    expect(bootEntry(menu(LINES, [`next_entry=${recovery}`, 'saved_entry=x']))?.id).toBe(recovery)
  })

  it('takes it for that boot only', () => {
    const recovery = 'gnulinux-6.1.0-18-amd64-recovery-5f0a'
    const now = menu(LINES, [`next_entry=${recovery}`])
    expect(now).toMatchObject({ default: '0', once: recovery })
    const host = withMenus(aHost(), { GRUB: observed(now) })
    const entryOf = (one: Host) => bootEntry(ifKnown(one.menus.GRUB ?? unknown('')) ?? now)?.id
    expect(entryOf(host)).toBe(recovery)
    expect(entryOf(boot(host))).toBe(bootEntry(menu(LINES))?.id)
  })

  it.each([
    ["menuentry 'Windows' {", 'Windows'],
    ['menuentry Windows --class windows {', 'Windows'],
  ])('counts entries that boot no Linux: %s', (line, title) => {
    const now = menu(['### BEGIN /etc/grub.d/06_windows ###', line, ...LINES])
    expect(bootEntry(now)?.title).toBe(title)
    const answer = grub.next(withMenus(aHost(), { GRUB: observed(now) }))
    expect(answer).toMatchObject({ why: 'the default entry "Windows" of /boot/grub/grub.cfg boots no Linux' })
    expect(now.entries.filter(({ source }) => source === '10_linux')).toEqual(
      menu(LINES).entries.filter(({ source }) => source === '10_linux'),
    )
  })

  it('takes the second line of an entry that tries to boot without an initramfs first', () => {
    const lines = [
      '### BEGIN /etc/grub.d/10_linux ###',
      "menuentry 'Ubuntu' $menuentry_id_option 'gnulinux-simple-1' {",
      '\t  linux\t/boot/vmlinuz-6.8.0-45-generic root=PARTUUID=1-2 ro  quiet',
      '\t  linux\t/boot/vmlinuz-6.8.0-45-generic root=PARTUUID=1-2 ro  quiet panic=-1',
    ]
    expect(bootEntry(menu(lines))?.args).toContain('panic=-1')
  })

  it('knows the saved entry', () => {
    expect(menu([], ['# GRUB Environment Block', 'saved_entry=a>b=c', 'prev=x']).saved).toBe('a>b=c')
  })

  it('gives a menu for any lines', () => {
    const line = fc.string({
      unit: fc.constantFrom(
        'menuentry ',
        "'",
        '"',
        'linux ',
        'set default="',
        '### BEGIN /etc/grub.d/',
        ' ###',
        'a',
        '\t',
        '\xff',
        '$menuentry_id_option ',
      ),
      maxLength: 12,
    })
    fc.assert(fc.property(fc.array(line, { maxLength: 8 }), lines => Array.isArray(menu(lines).entries)))
  })
})

describe('the menu as it is looked at', () => {
  const { observes } = grub
  if (observes === undefined) throw new Error("GRUB's menu is generated")

  it('is unknown, not empty, where it cannot be read', () => {
    expect(observes.parse({ lines: '', environment: '' })).toEqual({
      is: 'unknown',
      why: 'no grub.cfg that grub-mkconfig made is readable',
    })
  })

  it('has its entries and the saved one', () => {
    const lines = `### BEGIN /etc/grub.d/10_linux ###\nmenuentry 'Debian' {\n\tlinux\t/vmlinuz-6 root=/dev/sda1 ro quiet\n`
    expect(observes.parse({ lines, environment: 'saved_entry=Debian\n' })).toMatchObject({
      is: 'observed',
      value: {
        saved: 'Debian',
        entries: [{ title: 'Debian', kernel: '/vmlinuz-6', args: ['root=/dev/sda1', 'ro', 'quiet'] }],
      },
    })
  })

  it('any output gives a value', () => {
    parsesAnything(observes)
  })
})

describe('the entry that a reboot takes', () => {
  const saved = '${saved_entry}'
  it.each([
    ['the first by default', { default: '' }, 'gnulinux-simple-5f0a'],
    ['number 0', { default: '0' }, 'gnulinux-simple-5f0a'],
    ['one by its title', { default: 'Other Linux' }, ''],
    [
      'one by its id',
      { default: 'gnulinux-6.1.0-18-amd64-recovery-5f0a' },
      'gnulinux-6.1.0-18-amd64-recovery-5f0a',
    ],
    [
      'one within a submenu',
      { default: 'gnulinux-advanced-5f0a>gnulinux-6.1.0-18-amd64-recovery-5f0a' },
      'gnulinux-6.1.0-18-amd64-recovery-5f0a',
    ],
    [
      'the saved one',
      { default: saved, saved: 'gnulinux-6.1.0-18-amd64-recovery-5f0a' },
      'gnulinux-6.1.0-18-amd64-recovery-5f0a',
    ],
    ['the first where nothing is saved', { default: saved, saved: '' }, 'gnulinux-simple-5f0a'],
    ['none that can be told for another number', { default: '1>2' }, undefined],
    ['none that can be told for a name that is gone', { default: 'gone' }, undefined],
  ])('%s', (_, differing, id) => {
    expect(bootEntry({ ...menu(), ...differing })?.id).toBe(id)
  })
})

const CONFIG = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet intel_iommu=on"\nGRUB_CMDLINE_LINUX="debug"\n'
const entry = (args: string, differing: Partial<MenuEntry> = {}): MenuEntry => ({
  title: 'Debian',
  id: 'gnulinux-simple',
  source: '10_linux',
  kernel: '/boot/vmlinuz-6.1.0-56-amd64',
  args: args.split(' '),
  recovery: false,
  ...differing,
})
const recovery = (args: string) => entry(args, { title: 'Debian (recovery mode)', recovery: true })
const hostWith = (...entries: readonly MenuEntry[]) => withMenu(withGrub(aHost(), CONFIG), { entries })
const { menu: artifact } = grub
if (artifact === undefined) throw new Error('GRUB has a menu')
const derived = (host: Host) => {
  const after = artifact.derive(host).menus.GRUB ?? unknown('there is none')
  return ifKnown(after)?.entries.map(({ args }) => args.join(' ')) ?? []
}

describe('a menu that is up to date', () => {
  it.each<[string, MenuEntry[]]>([
    ['carries both variables', [entry('root=/dev/sda1 ro debug quiet intel_iommu=on')]],
    ['carries only the first in recovery entries', [recovery('root=/dev/sda1 ro single debug')]],
    [
      "knows Ubuntu's recovery entries",
      [recovery('root=/dev/sda1 ro recovery nomodeset dis_ucode_ldr debug')],
    ],
    [
      "has Ubuntu's $vt_handoff at its end",
      [entry('root=/dev/sda1 ro debug quiet intel_iommu=on $vt_handoff')],
    ],
    [
      "has openSUSE's variable for snapshots behind the first",
      [
        entry('root=UUID=5 debug ${extra_cmdline} quiet intel_iommu=on'),
        recovery('root=UUID=5 single debug ${extra_cmdline}'),
      ],
    ],
    [
      'has the subvolume of a btrfs root before ours',
      [
        entry('root=UUID=5 ro rootflags=subvol=@ debug quiet intel_iommu=on'),
        recovery('root=UUID=5 ro single rootflags=subvol=@ debug'),
      ],
    ],
    [
      'names another init at its end',
      [
        entry('root=/dev/sda1 ro debug quiet intel_iommu=on init=/lib/sysvinit/init', {
          id: 'gnulinux-6.1-init-sysvinit-5f0a',
        }),
      ],
    ],
    [
      "does not ask for our arguments in others' entries",
      [entry('root=/dev/sdb1', { source: '30_os-prober' }), entry('x', { source: '40_custom' })],
    ],
  ])('%s', (_, entries) => {
    expect(artifact.isStale(hostWith(...entries))).toBeUndefined()
    expect(derived(hostWith(...entries))).toEqual(entries.map(({ args }) => args.join(' ')))
  })

  it.each([
    ['an argument of ours that 10_linux may put there, too', 'root=/dev/sda1 ro quiet panic=-1'],
    ['both of them', 'root=/dev/sda1 ro quiet panic=-1 panic=-1'],
  ])('ends with %s', (_, args) => {
    const host = withMenu(withGrub(aHost(), 'GRUB_CMDLINE_LINUX_DEFAULT="quiet panic=-1"\n'), {
      entries: [entry(args)],
    })
    expect(artifact.isStale(host)).toBeUndefined()
    expect(derived(host)).toEqual([args])
    const longer = withGrub(host, 'GRUB_CMDLINE_LINUX_DEFAULT="quiet panic=-1 intel_iommu=on"\n')
    expect(derived(longer)).toEqual([args.replace('panic=-1', 'panic=-1 intel_iommu=on')])
  })

  it('a value that is quoted for GRUB reads the same', () => {
    const config = 'GRUB_CMDLINE_LINUX_DEFAULT="memmap=64G\\\\\\$128G acpi_osi=\\"!Windows\\""\n'
    const host = withMenu(withGrub(aHost(), config), {
      entries: [entry('root=/dev/sda1 ro memmap=64G\\$128G acpi_osi="!Windows"')],
    })
    expect(artifact.isStale(host)).toBeUndefined()
  })

  it('is that of a machine that was prepared', () => {
    expect(artifact.isStale(aReadyHost())).toBeUndefined()
  })
})

describe('a menu that is stale', () => {
  const why = (title: string) =>
    `entry "${title}" in /boot/grub/grub.cfg does not carry the configured arguments`

  it.each<[string, MenuEntry, string]>([
    [
      'lacks an argument',
      entry('root=/dev/sda1 ro debug quiet'),
      'root=/dev/sda1 ro debug quiet intel_iommu=on',
    ],
    [
      'has one too many',
      entry('root=/dev/sda1 ro debug quiet intel_iommu=on old'),
      'root=/dev/sda1 ro debug quiet intel_iommu=on',
    ],
    [
      'has them in another order',
      entry('root=/dev/sda1 ro quiet debug intel_iommu=on'),
      'root=/dev/sda1 ro debug quiet intel_iommu=on',
    ],
    [
      'has normal arguments in recovery',
      recovery('root=/dev/sda1 ro single debug quiet'),
      'root=/dev/sda1 ro single debug',
    ],
    [
      'keeps what GRUB adds',
      entry('root=/dev/sda1 ro rootflags=subvol=@ quiet $vt_handoff'),
      'root=/dev/sda1 ro rootflags=subvol=@ debug quiet intel_iommu=on $vt_handoff',
    ],
  ])('%s, and is derived as update-grub will write it', (_, one, args) => {
    expect(artifact.isStale(hostWith(one))).toBe(why(one.title))
    expect(derived(hostWith(one))).toEqual([args])
    expect(artifact.isStale(artifact.derive(hostWith(one)))).toBeUndefined()
  })

  it('names the first entry that is', () => {
    const fine = entry('root=/dev/sda1 ro debug quiet intel_iommu=on')
    expect(artifact.isStale(hostWith(fine, entry('root=/dev/sda1 ro', { title: 'Older' })))).toBe(
      why('Older'),
    )
  })

  it('one that cannot be read is', () => {
    expect(artifact.isStale(withMenus(aHost(), { GRUB: unknown('no') }))).toBe('the menu cannot be read')
  })
})

describe('the adapter', () => {
  it('reads what the sources ask for', () => {
    expect(grub.configured(withGrub(aHost(), CONFIG))).toEqual(['debug', 'quiet', 'intel_iommu=on'])
  })

  it('edits by changes that know what was there before', () => {
    expect(
      grub.edit(withGrub(aHost(), 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'), [
        { op: 'add', key: 'iommu', value: 'pt' },
      ]),
    ).toEqual([
      {
        kind: 'write',
        path: '/etc/default/grub',
        before: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
        after: 'GRUB_CMDLINE_LINUX_DEFAULT="quiet iommu=pt"\n',
      },
    ])
  })

  it('without /etc/default/grub it refuses', () => {
    const host = withFiles(aHost(), { '/etc/default/grub': undefined })
    const refusal = {
      refused: true,
      why: 'there is no /etc/default/grub',
      hint: 'make one, which may be empty, then run again',
    }
    expect(grub.configured(host)).toEqual(refusal)
    expect(grub.edit(host, [])).toEqual(refusal)
  })

  it('says what boots next, by whose choice, and with which command line', () => {
    expect(grub.next(aHost())).toEqual({
      title: 'Debian GNU/Linux',
      chosenBy: 'the default of the menu',
      release: '6.1.0-56-amd64',
      cmdline: ifKnown(aHost().cmdline),
    })
    const saved = {
      default: '${saved_entry}',
      saved: 'gnulinux-6.1.0-56-amd64-recovery-5f0a5f0e-6c61-4b2d-8a3e-1ab000000001',
    }
    expect(grub.next(withMenu(aHost(), saved))).toMatchObject({
      title: 'Debian GNU/Linux, with Linux 6.1.0-56-amd64 (recovery mode)',
      chosenBy: 'the saved default of the menu (grubenv)',
    })
  })

  it.each([
    ['the menu cannot be read', withMenus(aHost(), { GRUB: unknown('it is gone') })],
    ['its default cannot be told', withMenu(aHost(), { default: '1>2' })],
  ])('does not guess what boots next where %s', (_, host) => {
    expect(grub.next(host)).toMatchObject({ refused: true })
  })

  it('rebuilds by update-grub, which writes the menu', () => {
    expect(artifact.rebuild(aHost())).toEqual([['update-grub']])
    expect(artifact.writes(aHost())).toEqual(['/boot/grub/grub.cfg'])
  })
})

it('a menu that 10_linux_zfs writes is refused by name, before anything is edited', () => {
  const host = withMenu(aHost(), {
    path: '/boot/grub/grub.cfg',
    default: '0',
    saved: '',
    entries: [
      {
        title: 'Ubuntu',
        id: 'gnulinux-rpool',
        source: '10_linux_zfs',
        kernel: '/BOOT/vmlinuz',
        args: [],
        recovery: false,
      },
    ],
  })
  expect(grub.edit(host, [{ op: 'add', key: 'intel_iommu', value: 'on' }])).toMatchObject({
    refused: true,
    why: expect.stringContaining('10_linux_zfs'),
  })
})
