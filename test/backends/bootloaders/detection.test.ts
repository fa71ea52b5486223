import { describe, expect, it } from 'vitest'
import { BOOTLOADERS, findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { findInitramfs, GENERATORS } from '../../../src/backends/initramfs/index.ts'
import type { Firmware, Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { modules } from '../../../src/modules/index.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { type PlannedCall, planTasks, withChosenLoader } from '../../../src/runner/plan.ts'
import { aHost, withCmdline } from '../../builders.ts'
import { recordedHost, recordedHosts } from '../../hosts/index.ts'

const GRUB_FILES = ['/boot/grub/grub.cfg', '/etc/default/grub']

interface Traces {
  readonly tools?: readonly string[]
  readonly paths?: readonly string[]
  readonly line?: string
  readonly firmware?: Partial<Firmware>
}

/** A machine that shows nothing of itself but these traces. */
function traces({ tools = [], paths = [], line = 'root=/dev/sda2 rw', firmware = {} }: Traces): Host {
  const host = withCmdline(aHost({ tools, paths, files: {}, menus: {}, images: {} }), line)
  return { ...host, firmware: { ...host.firmware, ...firmware } }
}

const bootedBy = (loaderInfo: string): Partial<Firmware> => ({ uefi: true, loaderInfo })
const nameOf = (host: Host): string => {
  const found = findBootloader(host)
  return isRefusal(found) ? `refused: ${found.why}` : found.loader.name
}

/** What a machine of each kind shows. GRUB's files often lie there still: they are the weakest evidence. */
const LEFT_OVER = { tools: ['update-grub', 'grub-mkconfig'], paths: GRUB_FILES }
const MACHINES: readonly (readonly [string, string, Host])[] = [
  ['GRUB', 'Debian on BIOS', traces({ ...LEFT_OVER, line: 'BOOT_IMAGE=/vmlinuz root=/dev/sda2 ro' })],
  ['GRUB', 'Debian, with no trace of this boot', traces(LEFT_OVER)],
  ['GRUB', 'Arch, which has no update-grub', traces({ tools: ['grub-mkconfig'], paths: GRUB_FILES })],
  [
    'GRUB',
    'openSUSE',
    traces({ tools: ['grub2-mkconfig'], paths: ['/boot/grub2/grub.cfg', '/etc/default/grub'] }),
  ],
  [
    'systemd-boot',
    'with GRUB left over',
    traces({ ...LEFT_OVER, firmware: bootedBy('systemd-boot 252.22-1') }),
  ],
  [
    'systemd-boot',
    'an old one that leaves no word in the firmware',
    traces({ paths: ['/boot/loader/loader.conf'], line: 'initrd=\\initramfs-linux.img root=/dev/sda2 rw' }),
  ],
  ['Goofiboot', 'the guide’s Solus', traces({ firmware: bootedBy('goofiboot 46') })],
  [
    'UKI',
    'an image that systemd-boot has started',
    traces({ ...LEFT_OVER, firmware: { ...bootedBy('systemd-boot 256'), stubInfo: 'systemd-stub 256' } }),
  ],
  [
    'UKI',
    'an image that the firmware has started',
    traces({ ...LEFT_OVER, firmware: { uefi: true, stubInfo: 'systemd-stub 256' } }),
  ],
  [
    'proxmox-boot-tool',
    'Proxmox with ZFS on UEFI',
    traces({
      ...LEFT_OVER,
      paths: ['/etc/kernel/proxmox-boot-uuids', ...GRUB_FILES],
      firmware: bootedBy('systemd-boot 252'),
    }),
  ],
  [
    'rpm-ostree',
    'Silverblue',
    traces({
      tools: ['rpm-ostree', 'grubby', 'grub2-mkconfig'],
      paths: ['/run/ostree-booted', '/boot/grub2/grub.cfg', '/etc/default/grub'],
      line: 'BOOT_IMAGE=(hd0,gpt2)/ostree/vmlinuz ostree=/ostree/boot.1/fedora root=UUID=5 rw',
    }),
  ],
  ['rEFInd', 'Arch with GRUB left over', traces({ ...LEFT_OVER, firmware: bootedBy('rEFInd 0.14.2') })],
  ['Limine', 'CachyOS with GRUB left over', traces({ ...LEFT_OVER, firmware: bootedBy('Limine 8.6.0') })],
  ['syslinux', 'Alpine', traces({ paths: ['/boot/syslinux/syslinux.cfg'] })],
  [
    'kernelstub',
    'Pop!_OS',
    traces({
      tools: ['kernelstub', 'bootctl'],
      paths: ['/etc/kernelstub/configuration'],
      firmware: bootedBy('systemd-boot 249'),
    }),
  ],
  [
    'sdbootutil',
    'openSUSE with systemd-boot',
    traces({ tools: ['sdbootutil', 'bootctl'], firmware: bootedBy('systemd-boot 256') }),
  ],
  [
    'clr-boot-manager',
    'today’s Solus',
    traces({ tools: ['clr-boot-manager', 'bootctl'], firmware: bootedBy('systemd-boot 255') }),
  ],
]

describe('which loader boots the machine', () => {
  it.each(MACHINES)('%s: %s', (name, _, host) => {
    expect(nameOf(host)).toBe(name)
  })

  it('each adapter is found on a machine of its kind, and named once', () => {
    const found = new Set([
      ...MACHINES.map(([name]) => name),
      ...recordedHosts().map(({ host }) => nameOf(host)),
    ])
    const names = BOOTLOADERS.map(({ name }) => name)
    expect([...found].sort()).toEqual([...new Set(names)].sort())
    expect(names).toHaveLength(new Set(names).size)
  })

  it('where the adapters are listed, the usual ones come first', () => {
    expect(BOOTLOADERS.slice(0, 4).map(({ name }) => name)).toEqual(['GRUB', 'grubby', 'systemd-boot', 'UKI'])
  })

  it('the evidence is said', () => {
    expect(findBootloader(traces({ ...LEFT_OVER, firmware: bootedBy('systemd-boot 252') }))).toMatchObject({
      evidence: 'the firmware says "systemd-boot 252" booted it',
    })
  })

  it('nothing at all is refused, with what is known here', () => {
    expect(findBootloader(traces({}))).toEqual({
      refused: true,
      why: `no bootloader was found that is known here (${BOOTLOADERS.map(({ name }) => name).join(', ')})`,
      hint: 'set the kernel arguments where this machine is booted from, by hand, or leave this host out with --limit',
    })
  })
})

/** Files of two loaders, and nothing that the boot itself left. */
const TWO = traces({ ...LEFT_OVER, paths: ['/boot/limine.conf', ...GRUB_FILES] })

/** UEFI whose variables are not to be seen: efivarfs is not mounted. */
const HIDDEN: Partial<Firmware> = { uefi: true, efiVariables: false, loaderInfo: undefined }
const SEEN: Partial<Firmware> = { ...HIDDEN, efiVariables: true }
const BY_FIRMWARE =
  'refused: the firmware starts the kernel itself (EFISTUB; efibootmgr), and the kernel arguments are in its boot entry'
const LOADER_CONF = '/boot/efi/loader/loader.conf'
const INITRD = 'initrd=\\initramfs.img root=/dev/sda2 rw'

describe('a boot without a word in the firmware', () => {
  it.each<[string, Traces, string]>([
    ['systemd-boot', { paths: [LOADER_CONF] }, BY_FIRMWARE],
    [
      'kernelstub',
      { tools: ['kernelstub'], paths: [LOADER_CONF, '/etc/kernelstub/configuration'] },
      BY_FIRMWARE,
    ],
    ['sdbootutil', { tools: ['sdbootutil'], paths: [LOADER_CONF] }, BY_FIRMWARE],
    ['clr-boot-manager', { tools: ['clr-boot-manager'], paths: [LOADER_CONF] }, BY_FIRMWARE],
    ['clr-boot-manager', { tools: ['clr-boot-manager'] }, BY_FIRMWARE],
    ['Goofiboot', { paths: ['/boot/efi/EFI/goofiboot'] }, BY_FIRMWARE],
    [
      'proxmox-boot-tool',
      { paths: ['/etc/kernel/proxmox-boot-uuids'], line: 'initrd=\\EFI\\proxmox\\6\\initrd root=ZFS=a' },
      BY_FIRMWARE,
    ],
    ['rEFInd', { paths: ['/boot/refind_linux.conf'] }, 'rEFInd'],
  ])('is %s’s where variables are hidden, and not where they can be seen', (name, shown, seen) => {
    const machine = { line: INITRD, ...shown }
    expect(nameOf(traces({ ...machine, firmware: HIDDEN }))).toBe(name)
    expect(nameOf(traces({ ...machine, firmware: SEEN }))).toBe(seen)
  })

  it.each<[string, Traces, string | RegExp]>([
    ['with nothing installed', {}, BY_FIRMWARE],
    ['with GRUB left over', LEFT_OVER, BY_FIRMWARE],
    ['without an initramfs', { line: 'root=/dev/sda2' }, BY_FIRMWARE],
    ['which may be kexec’s, with GRUB', { ...LEFT_OVER, line: 'root=/dev/sda2' }, 'GRUB'],
    ['but with BOOT_IMAGE=', { ...LEFT_OVER, line: 'BOOT_IMAGE=/vmlinuz root=/dev/sda2' }, 'GRUB'],
    ['but with a stub’s', { firmware: { ...SEEN, stubInfo: 'systemd-stub 256' } }, 'UKI'],
    ['on a BIOS', { firmware: { ...SEEN, uefi: false } }, /^refused: no bootloader was found/],
  ])('is the firmware’s own: %s', (_, shown, expected) => {
    expect(nameOf(traces({ line: INITRD, firmware: SEEN, ...shown }))).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    )
  })

  it('the user’s word decides there, too', () => {
    expect(nameOf({ ...traces({ ...LEFT_OVER, line: INITRD, firmware: SEEN }), bootloader: 'GRUB' })).toBe(
      'GRUB',
    )
  })

  it.each([
    ['popos-kernelstub', 'kernelstub'],
    ['opensuse-sdbootutil', 'sdbootutil'],
    ['arch', 'systemd-boot'],
  ])('recorded hosts are found by it: %s', (recording, name) => {
    const host = recordedHost(recording)
    expect(nameOf({ ...host, firmware: { ...host.firmware, ...HIDDEN } })).toBe(name)
    expect(nameOf({ ...host, firmware: { ...host.firmware, ...SEEN } })).toBe(BY_FIRMWARE)
  })
})

describe('two plausible loaders', () => {
  it('are refused, each with its evidence, and how to choose', () => {
    expect(findBootloader(TWO)).toEqual({
      refused: true,
      why: 'more than one bootloader may boot this machine: GRUB (update-grub is installed, /boot/grub/grub.cfg exists, /etc/default/grub exists); Limine (/boot/limine.conf exists)',
      hint: 'say which it is with the argument bootloader: GRUB or Limine',
    })
  })

  it.each([
    ['two words in the firmware', { ...bootedBy('Limine 8.6.0'), stubInfo: 'systemd-stub 256' }],
    ['the firmware and the command line', bootedBy('Limine 8.6.0')],
  ])('also when the boot left both: %s', (_, firmware) => {
    const line = 'stubInfo' in firmware ? 'root=/dev/sda2' : 'BOOT_IMAGE=/vmlinuz root=/dev/sda2'
    expect(nameOf(traces({ ...LEFT_OVER, line, firmware }))).toMatch(
      /^refused: more than one bootloader may boot this machine: /,
    )
  })

  it('what the boot itself left outweighs files and tools', () => {
    expect(nameOf({ ...TWO, firmware: { ...TWO.firmware, ...bootedBy('Limine 8.6.0') } })).toBe('Limine')
    expect(nameOf(withCmdline(TWO, 'BOOT_IMAGE=/vmlinuz root=/dev/sda2'))).toBe('GRUB')
  })

  it.each(['GRUB', 'Limine'])('the user’s word decides: %s', name => {
    expect(nameOf({ ...TWO, bootloader: name })).toBe(name)
    expect(findBootloader({ ...TWO, bootloader: name })).toMatchObject({
      evidence: expect.stringMatching(/^bootloader: names it, /),
    })
  })

  it('the user’s word does not outweigh that nothing speaks for it', () => {
    expect(findBootloader({ ...TWO, bootloader: 'syslinux' })).toEqual({
      refused: true,
      why: 'bootloader: says syslinux, and nothing on this machine speaks for it',
      hint: 'set bootloader: to one of those found here, or leave it out: GRUB (update-grub is installed, /boot/grub/grub.cfg exists, /etc/default/grub exists); Limine (/boot/limine.conf exists)',
    })
    expect(findBootloader({ ...traces(LEFT_OVER), bootloader: 'syslinux' })).toMatchObject({
      hint: expect.stringMatching(/^set bootloader: to the one found here, or leave it out: GRUB \(/),
    })
    expect(findBootloader({ ...traces({}), bootloader: 'GRUB' })).toMatchObject({
      hint: 'set the kernel arguments where this machine is booted from, by hand',
    })
  })
})

describe('the argument bootloader:', () => {
  const call = (name: string, args: Record<string, unknown> = {}): PlannedCall => {
    const module = modules.get(name)
    if (module === undefined) throw new Error(`there is no module ${name}`)
    return { module, args: module.args.parse(args) }
  }
  const KERNEL_LINE = [
    ['iommu_kernel_args', {}],
    ['acs_override', { accept_risk: true }],
    ['vfio_ids', { devices: ['1033:0194'] }],
  ] as const
  /** Debian's machine of the lab, with another loader's file. */
  const host = aHost({
    paths: [...aHost().paths.filter(path => !path.startsWith('/run/')), '/boot/limine.conf'],
  })
  const two = withCmdline(host, 'root=UUID=5f0a ro')
  const outcomeOf = (calls: readonly PlannedCall[]) => planTasks(two, calls).outcomes[0]

  it.each(KERNEL_LINE)('%s is blocked without it, and done with it', (name, args) => {
    expect(outcomeOf([call(name, args)])).toMatchObject({
      kind: 'blocked',
      why: expect.stringMatching(/^more than one bootloader may boot this machine/),
    })
    expect(outcomeOf([call(name, { ...args, bootloader: 'GRUB' })])?.kind).toBe('change')
  })

  it.each(KERNEL_LINE)('%s takes the names of all adapters, and no others', (name, args) => {
    const accepts = (bootloader: string) => modules.get(name)?.args.safeParse({ ...args, bootloader }).success
    expect(BOOTLOADERS.filter(({ name }) => !accepts(name))).toEqual([])
    expect(accepts('LILO')).toBe(false)
  })

  it('said by one task, it counts for the host’s others', () => {
    const calls = [
      call('iommu_kernel_args', { bootloader: 'GRUB' }),
      call('vfio_ids', { devices: ['1033:0194'] }),
    ]
    expect(planTasks(two, calls).outcomes.map(({ kind }) => kind)).toEqual(['change', 'change'])
    expect(withChosenLoader(two, calls).bootloader).toBe('GRUB')
  })
})

describe('who makes the initramfs', () => {
  const REFUSED = [
    ['genkernel', 'genkernel'],
    ['tinyinitramfs', 'tiny-initramfs'],
    ['mkinitfs', 'mkinitfs (Alpine)'],
    ['mkinitramfs-ll', 'mkinitramfs-ll'],
    ['ugrd', 'ugrd'],
  ] as const
  const madeBy = (maker: Image['madeBy']) => ({
    '/boot/initramfs': observed<Image>({
      path: '/boot/initramfs',
      release: '',
      madeBy: maker,
      modules: [],
      loads: [],
      files: {},
    }),
  })
  const refusal = (name: string, tool: string) => ({
    refused: true,
    why: `the initramfs of this machine is made by ${name} (${tool} is installed), which vfio-run does not drive`,
    hint: 'put the vfio modules into the image by hand, or leave this host out with --limit',
  })

  it.each(REFUSED)('%s is refused by name', (tool, name) => {
    expect(findInitramfs(aHost({ tools: [tool], images: {} }))).toEqual(refusal(name, tool))
  })

  it.each(REFUSED)('%s beside another one: the images tell which is in use', (tool, name) => {
    const both = { tools: [tool, 'dracut'], paths: [] }
    expect(findInitramfs(aHost({ ...both, images: madeBy('') }))).toEqual(refusal(name, tool))
    expect(findInitramfs(aHost({ ...both, images: madeBy('dracut') }))).toMatchObject({
      generator: { name: 'dracut' },
    })
  })

  it.each(REFUSED)('%s: initramfs_rebuild is blocked, and writes nothing', tool => {
    const module = modules.get('initramfs_rebuild')
    if (module === undefined) throw new Error('there is no such module')
    const host = aHost({ tools: ['update-grub', tool], images: madeBy('') })
    const { outcomes, changes } = planTasks(host, [{ module, args: module.args.parse({}) }])
    expect(outcomes).toMatchObject([
      { kind: 'blocked', why: expect.stringContaining(`(${tool} is installed)`) },
    ])
    expect(changes).toEqual([])
  })

  it('two are installed: the images tell which is in use', () => {
    const both = { tools: ['update-initramfs', 'dracut'], paths: [] }
    for (const name of ['initramfs-tools', 'dracut'] as const)
      expect(findInitramfs(aHost({ ...both, images: madeBy(name) }))).toMatchObject({ generator: { name } })
    expect(findInitramfs(aHost({ ...both, images: madeBy('') }))).toEqual({
      refused: true,
      why: 'more than one initramfs generator is installed (initramfs-tools, dracut), and the images do not tell which one makes them',
      hint: 'remove those that are not used, then run again',
    })
  })

  it('none at all is said', () => {
    expect(findInitramfs(aHost({ tools: ['update-grub'], paths: [], images: {} }))).toEqual({
      refused: true,
      why: `no initramfs generator was found (${GENERATORS.map(({ name }) => name).join(', ')})`,
      hint: 'install the one that your distribution uses, then run again',
    })
  })
})
