import { afterEach, describe, expect, it, vi } from 'vitest'
import { grub } from '../../src/backends/bootloaders/grub.ts'
import { initramfsTools } from '../../src/backends/initramfs/initramfs_tools.ts'
import { applyChanges, type Change, type FileEdit, pathsOf, write } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import { unknown } from '../../src/host/known.ts'
import { blocked, converged, type Module, type Outcome } from '../../src/modules/define.ts'
import { modules } from '../../src/modules/index.ts'
import { type PlannedCall, planTasks, rebootReasons, withChosenLoader } from '../../src/runner/plan.ts'
import { aHost, aReadyHost, withCmdline, withFiles, withMenus } from '../builders.ts'
import { recordedHost } from '../hosts/index.ts'

/** A task of the real vocabulary. */
function task(name: string, args: Readonly<Record<string, unknown>> = {}): PlannedCall {
  const module = modules.get(name)
  if (module === undefined) throw new Error(`no module ${name}`)
  return { module, args: module.args.parse(args) }
}

/** A task that answers what the test says. */
function answering(plan: (host: Host) => Outcome): PlannedCall {
  const [model] = modules.values()
  if (model === undefined) throw new Error('no modules')
  return { module: { ...model, name: 'answering', plan } satisfies Module, args: {} }
}

const writing = (path: string, after: string, rebuild: ('menu' | 'initramfs')[] = []) =>
  answering(host => ({
    kind: 'change',
    why: `${path} gets ${after}`,
    changes: write(host, path, after),
    rebuild,
  }))

/** A program of the loader's own that makes `after` of files. */
const running = (after: Readonly<Record<string, string | undefined>>) =>
  answering(host => {
    const edits = Object.entries(after).map(
      ([path, bytes]): FileEdit => ({ path, before: host.files[path]?.bytes, after: bytes }),
    )
    return {
      kind: 'change',
      why: 'a program',
      changes: [{ kind: 'run', argv: ['grubby'], reason: 'its file', edits }],
    }
  })

const removing = (path: string) =>
  answering(host => ({
    kind: 'change',
    why: `${path} goes`,
    changes: [{ kind: 'remove', path, before: host.files[path]?.bytes ?? '' }],
  }))

/** All tasks of the flagship up to the reboot, for the USB controller of the lab's machine. */
const FLAGSHIP = [
  task('iommu_kernel_args'),
  task('driver_blacklist', { drivers: ['radeon'] }),
  task('vfio_ids', { devices: ['1033:0194'] }),
  task('initramfs_rebuild'),
]

const kinds = (host: Host, calls: readonly PlannedCall[]) =>
  planTasks(host, calls).rebuilds.map(({ kind }) => kind)

describe('rebuilds', () => {
  it('come once each, the images before the menu, however the tasks ask for them', () => {
    expect(kinds(aHost(), FLAGSHIP)).toEqual(['initramfs', 'menu'])
    expect(kinds(aHost(), FLAGSHIP.toReversed())).toEqual(['initramfs', 'menu'])
    expect(kinds(aHost(), [...FLAGSHIP, ...FLAGSHIP])).toEqual(['initramfs', 'menu'])
  })

  it('are those that a task asked for, not all that are stale', () => {
    const stale = withFiles(aHost(), { '/etc/modprobe.d/new.conf': 'blacklist radeon\n' })
    expect(kinds(stale, [task('iommu_kernel_args')])).toEqual(['menu'])
    expect(kinds(stale, [task('initramfs_rebuild')])).toEqual(['initramfs'])
  })

  it('are left out where nothing is stale though a task asked', () => {
    expect(kinds(aReadyHost(), [writing('/etc/x', 'y', ['menu', 'initramfs'])])).toEqual([])
  })

  it('stand on the files as the last task leaves them', () => {
    const { predicted } = planTasks(aHost(), [
      ...FLAGSHIP,
      writing('/etc/modprobe.d/later.conf', 'blacklist b43\n'),
    ])
    const image = Object.values(predicted.images)[0]
    expect(image?.is === 'predicted' && Object.keys(image.value.files)).toContain(
      '/etc/modprobe.d/later.conf',
    )
  })

  it('name the files that they write, for the journal', () => {
    const { rebuilds } = planTasks(aHost(), FLAGSHIP)
    expect(rebuilds.map(({ writes }) => writes)).toEqual([
      [expect.stringMatching(/^\/boot\/initrd\.img-/)],
      ['/boot/grub/grub.cfg'],
    ])
  })

  it('that were made for the same files and reason already are blocked, with what to do', () => {
    const host = aHost()
    const { rebuilds } = planTasks(host, FLAGSHIP)
    const rebuilt = rebuilds.map(({ fingerprint }) => fingerprint)
    expect(whyBlocked(host, rebuilt)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^update-initramfs -u -k all was run for this already, and it did not help: /),
      ]),
    )
    expect(whyBlocked(host, rebuilt.slice(1))).toEqual([
      expect.stringMatching(/^update-grub was run for this already, and it did not help: /),
    ])
  })
})

describe('what a failure leaves to do once the files are put back', () => {
  const restoredBy = (host: Host) => planTasks(host, FLAGSHIP).restoredBy

  it('is nothing where all that is generated is kept aside', () => {
    expect(restoredBy(aHost())).toEqual([])
  })

  it('is the program that reaches the ESPs, once, where only its hook would have copied to them, too', () => {
    const refresh = [['proxmox-boot-tool', 'refresh']]
    expect(restoredBy(recordedHost('proxmox-zfs'))).toEqual(refresh)
    expect(restoredBy(withFiles(aHost(), { '/etc/kernel/proxmox-boot-uuids': '0A1B-2C3D\n' }))).toEqual(
      refresh,
    )
    expect(restoredBy(recordedHost('solus-cbm'))).toEqual([['clr-boot-manager', 'update']])
  })

  it('is not to do for entries that are seen: they are kept aside with what is rebuilt', () => {
    const entry = '/boot/efi/loader/entries/a.conf'
    const host = withFiles(aHost(), { [entry]: 'title a\n' })
    expect(planTasks(host, FLAGSHIP).keeps).toEqual([entry])
    expect(planTasks(host, [writing('/etc/x', 'y')]).keeps).toEqual([])
  })
})

describe('what lies on a read-only file system', () => {
  const outcomesOn = (mounts: Host['mounts'], calls: readonly PlannedCall[], host = aHost()) =>
    planTasks({ ...host, mounts }, calls).outcomes
  const kindsOn = (mounts: Host['mounts'], calls: readonly PlannedCall[]) =>
    outcomesOn(mounts, calls).map(({ kind }) => kind)

  it('blocks the tasks that would write there, with how to make it writable', () => {
    const calls = [writing('/etc/x', 'y'), writing('/boot/x', 'y'), removing('/boot/z')]
    expect(kindsOn({ '/boot': 'ro' }, calls)).toEqual(['change', 'blocked', 'blocked'])
    expect(outcomesOn({ '/boot': 'ro' }, calls)[1]).toMatchObject({
      why: '/boot/x would be written, and /boot is mounted read-only',
      hint: expect.stringMatching(/^mount -o remount,rw \/boot /),
    })
  })

  it('blocks those that ask for a rebuild that writes there, and no others', () => {
    const calls = [writing('/etc/modprobe.d/x.conf', 'blacklist x\n', ['initramfs']), writing('/etc/x', 'y')]
    expect(kindsOn({ '/boot': 'ro' }, calls)).toEqual(['blocked', 'change'])
  })

  it('is what the nearest mount above it says', () => {
    const calls = [writing('/etc/x', 'y'), writing('/boot/x', 'y'), writing('/bootx', 'y')]
    expect(kindsOn({ '/': 'ro', '/etc': 'rw' }, calls)).toEqual(['change', 'blocked', 'blocked'])
    expect(kindsOn({ '/boot': 'ro' }, [writing('/bootx', 'y')])).toEqual(['change'])
    expect(kindsOn({}, calls)).toEqual(['change', 'change', 'change'])
  })

  it('is no matter to rpm-ostree, which mounts for itself', () => {
    const silverblue = recordedHost('silverblue')
    const [outcome] = outcomesOn({ '/boot': 'ro' }, [task('iommu_kernel_args')], silverblue)
    expect(outcome?.kind).toBe('change')
    const [grubby] = outcomesOn({ '/boot': 'ro' }, [running({ '/boot/grub2/grubenv': '' })])
    expect(grubby?.kind).toBe('blocked')
  })
})

/** Why tasks of the flagship are blocked where these rebuilds were made already, each reason once. */
function whyBlocked(host: Host, rebuilt: readonly string[]): string[] {
  const { outcomes } = planTasks({ ...host, journal: { ...host.journal, rebuilt } }, FLAGSHIP)
  return [...new Set(outcomes.filter(({ kind }) => kind === 'blocked').map(({ why }) => why))]
}

describe('programs that rebuild', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  /** Both artifacts of the lab's machine, rebuilt by other programs. */
  function rebuiltBy(images: string[][], menu: string[][]): void {
    if (grub.menu === undefined) throw new Error('GRUB has a menu')
    const argvs = (all: string[][]) => all.map(([program = '', ...args]) => [program, ...args] as const)
    vi.spyOn(initramfsTools.images, 'rebuild').mockReturnValue(argvs(images))
    vi.spyOn(grub.menu, 'rebuild').mockReturnValue(argvs(menu))
  }
  const commands = () => planTasks(aHost(), FLAGSHIP).rebuilds.map(({ commands }) => commands)

  it.each<[string, string[][], string[][], string[][][]]>([
    [
      'run once where two artifacts ask for the same',
      [['mkinitcpio', '-P']],
      [
        ['mkinitcpio', '-P'],
        ['sbctl', 'sign-all'],
      ],
      [[['mkinitcpio', '-P']], [['sbctl', 'sign-all']]],
    ],
    [
      'leave nothing to the second where it asks for no more',
      [['mkinitcpio', '-P']],
      [['mkinitcpio', '-P']],
      [[['mkinitcpio', '-P']], []],
    ],
    [
      'run again with other arguments',
      [['mkinitcpio', '-p', 'linux']],
      [['mkinitcpio', '-p linux']],
      [[['mkinitcpio', '-p', 'linux']], [['mkinitcpio', '-p linux']]],
    ],
    ['run in their order', [['a'], ['b']], [['c'], ['a']], [[['a'], ['b']], [['c']]]],
    [
      'run once where one artifact asks twice for the same',
      [['a'], ['b'], ['a']],
      [['c'], ['c']],
      [[['a'], ['b']], [['c']]],
    ],
  ])('%s', (_, images, menu, expected) => {
    rebuiltBy(images, menu)
    expect(commands()).toEqual(expected)
  })

  it('are named where they did not help, and the artifact where another rebuild runs them for it', () => {
    rebuiltBy([['mkinitcpio', '-P'], ['sync']], [['mkinitcpio', '-P']])
    const rebuilt = planTasks(aHost(), FLAGSHIP).rebuilds.map(({ fingerprint }) => fingerprint)
    expect(whyBlocked(aHost(), rebuilt)[0]).toMatch(/^mkinitcpio -P and sync was run for this already/)
    expect(whyBlocked(aHost(), rebuilt.slice(1))).toEqual([
      expect.stringMatching(/^the GRUB menu was made anew for this already, and it did not help: /),
    ])
  })
})

describe('changes', () => {
  const at = (changes: readonly Change[], path: string) =>
    changes.filter(change => pathsOf([change]).includes(path))

  it('of several tasks to one file are one, from what was there to what the last leaves', () => {
    const host = withFiles(aHost(), { '/etc/x': 'a' })
    const { changes } = planTasks(host, [
      writing('/etc/x', 'b'),
      writing('/etc/y', '1'),
      writing('/etc/x', 'c'),
    ])
    expect(changes).toEqual([
      { kind: 'write', path: '/etc/x', before: 'a', after: 'c' },
      { kind: 'write', path: '/etc/y', before: undefined, after: '1' },
    ])
  })

  it.each<[string, string | undefined, PlannedCall[], Change[]]>([
    ['there and back is none', 'a', [writing('/etc/x', 'b'), writing('/etc/x', 'a')], []],
    ['a file that comes and goes is none', undefined, [writing('/etc/x', 'b'), removing('/etc/x')], []],
    [
      'a file that is changed and then goes is removed as it was',
      'a',
      [writing('/etc/x', 'b'), removing('/etc/x')],
      [{ kind: 'remove', path: '/etc/x', before: 'a' }],
    ],
    [
      'a file that goes and comes back differs from what it was',
      'a',
      [removing('/etc/x'), writing('/etc/x', 'b')],
      [{ kind: 'write', path: '/etc/x', before: 'a', after: 'b' }],
    ],
    [
      'a file that goes and comes back as it was is none',
      'a',
      [removing('/etc/x'), writing('/etc/x', 'a')],
      [],
    ],
  ])('%s', (_, before, calls, expected) => {
    const { changes } = planTasks(withFiles(aHost(), { '/etc/x': before }), calls)
    expect(at(changes, '/etc/x')).toEqual(expected)
  })

  const run = (path: string, before: string | undefined, after: string | undefined): Change => ({
    kind: 'run',
    argv: ['grubby'],
    reason: 'its file',
    edits: [{ path, before, after }],
  })
  const bound: Change = {
    ...{
      kind: 'bind',
      address: '0000:0a:00.0',
      id: '10de:13c2',
      from: 'nouveau',
      to: 'vfio-pci',
      timeout: 30,
    },
  }
  const binding = answering(() => ({ kind: 'change', why: 'now', changes: [bound] }))
  it.each<[string, PlannedCall[], Change[]]>([
    [
      'are put together on either side of a program',
      [
        writing('/etc/x', 'b'),
        writing('/etc/x', 'c'),
        running({ '/etc/x': 'd' }),
        writing('/etc/x', 'e'),
        writing('/etc/x', 'f'),
      ],
      [
        { kind: 'write', path: '/etc/x', before: 'a', after: 'c' },
        run('/etc/x', 'c', 'd'),
        { kind: 'write', path: '/etc/x', before: 'd', after: 'f' },
      ],
    ],
    [
      'there before a program and back after it stay: it counts on them',
      [writing('/etc/x', 'b'), running({ '/etc/y': '1' }), writing('/etc/x', 'a')],
      [
        { kind: 'write', path: '/etc/x', before: 'a', after: 'b' },
        run('/etc/y', undefined, '1'),
        { kind: 'write', path: '/etc/x', before: 'b', after: 'a' },
      ],
    ],
    [
      'there before a device is bound and back after it stay, too',
      [writing('/etc/x', 'b'), binding, writing('/etc/x', 'a')],
      [
        { kind: 'write', path: '/etc/x', before: 'a', after: 'b' },
        bound,
        { kind: 'write', path: '/etc/x', before: 'b', after: 'a' },
      ],
    ],
    [
      'by two programs are two runs',
      [running({ '/etc/x': 'b' }), running({ '/etc/x': 'a' })],
      [run('/etc/x', 'a', 'b'), run('/etc/x', 'b', 'a')],
    ],
    [
      'there and back between two programs are none',
      [
        running({ '/etc/y': '1' }),
        writing('/etc/x', 'b'),
        writing('/etc/x', 'a'),
        running({ '/etc/y': undefined }),
      ],
      [run('/etc/y', undefined, '1'), run('/etc/y', '1', undefined)],
    ],
  ])('%s', (_, calls, expected) => {
    const host = withFiles(aHost(), { '/etc/x': 'a' })
    const { changes, predicted } = planTasks(host, calls)
    expect(changes).toEqual(expected)
    expect(applyChanges(host, changes).files).toEqual(predicted.files)
  })
})

describe('a task', () => {
  it('is planned on what the earlier ones will have done', () => {
    const seen: (string | undefined)[] = []
    const looking = answering(host => {
      seen.push(host.files['/etc/x']?.bytes)
      return converged('looked')
    })
    planTasks(withFiles(aHost(), { '/etc/x': 'a' }), [
      looking,
      writing('/etc/x', 'b'),
      looking,
      running({ '/etc/x': 'c' }),
      looking,
      removing('/etc/x'),
      looking,
    ])
    expect(seen).toEqual(['a', 'b', 'c', undefined])
  })

  it('sees the rebuilds that the earlier ones asked for as made', () => {
    const { outcomes } = planTasks(aHost(), [task('iommu_kernel_args'), task('iommu_kernel_args')])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['change', 'pending'])
    expect(outcomes[1]).toMatchObject({ needs: 'reboot' })
  })

  it('that is blocked changes nothing, and the others are planned all the same', () => {
    const { outcomes, changes } = planTasks(aHost(), [
      answering(() => blocked('no', 'try yes')),
      writing('/etc/x', 'b'),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['blocked', 'change'])
    expect(pathsOf(changes)).toEqual(['/etc/x'])
  })

  it('is blocked where the host was not looked at as root', () => {
    const { outcomes, changes } = planTasks(aHost({ uid: 1000 }), FLAGSHIP)
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['blocked']))
    expect(changes).toEqual([])
  })

  it('that needs the boot menu is blocked where it cannot be read, and nothing is rebuilt', () => {
    const { outcomes, rebuilds } = planTasks(withMenus(aHost(), { GRUB: unknown('no grub.cfg') }), [
      task('iommu_kernel_args'),
    ])
    expect(outcomes[0]).toMatchObject({ kind: 'blocked', why: expect.stringContaining('no grub.cfg') })
    expect(rebuilds).toEqual([])
  })
})

describe("the user's word on the loader", () => {
  const naming = (bootloader: unknown): PlannedCall => ({
    ...answering(() => converged('said')),
    args: { bootloader },
  })

  it.each<[string, PlannedCall[], string | undefined]>([
    ['is that of any task', [writing('/etc/x', 'y'), naming('GRUB')], 'GRUB'],
    ['is that of the first which says it', [naming(undefined), naming('GRUB'), naming('Limine')], 'GRUB'],
    ['is none where no task says it', [naming(undefined), writing('/etc/x', 'y')], undefined],
    ['is none where there are no tasks', [], undefined],
  ])('%s', (_, calls, expected) => {
    expect(withChosenLoader(aHost(), calls).bootloader).toBe(expected)
    expect(planTasks(aHost(), calls).predicted.bootloader).toBe(expected)
  })

  it('counts for tasks that do not say it, and for what is rebuilt', () => {
    const { outcomes, rebuilds } = planTasks(aHost(), [
      task('iommu_kernel_args'),
      naming('nonesuch'),
      writing('/etc/default/grub', 'GRUB_CMDLINE_LINUX="ro"\n', ['menu']),
    ])
    expect(outcomes[0]).toMatchObject({ kind: 'blocked', why: expect.stringContaining('nonesuch') })
    expect(rebuilds).toEqual([])
  })

  it('leaves the plan as it is where it names what is found anyway', () => {
    const plan = planTasks(aHost(), FLAGSHIP)
    const named = planTasks(aHost(), [naming('GRUB'), ...FLAGSHIP])
    expect({ changes: named.changes, rebuilds: named.rebuilds }).toEqual({
      changes: plan.changes,
      rebuilds: plan.rebuilds,
    })
  })
})

describe('a reboot', () => {
  it('is due while something that is configured is not in effect', () => {
    const configured = planTasks(aHost(), FLAGSHIP).predicted
    expect(rebootReasons(configured, FLAGSHIP)).not.toEqual([])
    expect(rebootReasons(aReadyHost(), [task('iommu_kernel_args')])).toEqual([])
    expect(rebootReasons(withCmdline(aReadyHost(), 'quiet'), [task('iommu_kernel_args')])).toHaveLength(1)
  })
})
