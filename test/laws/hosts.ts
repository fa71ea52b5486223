import fc from 'fast-check'
import {
  BOOTLOADERS,
  LOADER_FILES,
  LOADER_MENUS,
  LOADER_PATHS,
  LOADER_TOOLS,
} from '../../src/backends/bootloaders/index.ts'
import { GENERATORS, INITRAMFS_FILES, INITRAMFS_TOOLS } from '../../src/backends/initramfs/index.ts'
import { RULES_FILE } from '../../src/host/address_binding.ts'
import type { AnsibleEvidence } from '../../src/host/ansible_evidence.ts'
import type { Bytes } from '../../src/host/bytes.ts'
import type { File, Host, Image, InstalledKernel, Menu, MenuEntry, PciDevice } from '../../src/host/host.ts'
import { ifKnown, type Known, observed, predicted, unknown } from '../../src/host/known.ts'
import { shellText } from './shell_text.ts'

/** A recorded host with a handful of its facts varied: known, unknown or predicted, and any bytes in its files. */
export const hostLike = (recorded: Host): fc.Arbitrary<Host> =>
  fc
    .array(variation(recorded), { maxLength: 6 })
    .map(variations => variations.reduce((host, vary) => vary(host), recorded))

type Variation = (host: Host) => Host

const set = <K extends keyof Host>(name: K, values: fc.Arbitrary<Host[K]>): fc.Arbitrary<Variation> =>
  values.map(value => host => ({ ...host, [name]: value }))

function variation(recorded: Host): fc.Arbitrary<Variation> {
  const files = { weight: 12, arbitrary: fc.tuple(fc.constantFrom(...PATHS), file()).map(putFile) }
  const othersFiles = {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...OTHERS_PATHS), file()).map(putFile),
  }
  const devices = { weight: 5, arbitrary: deviceVariation(recorded) }
  const facts = Object.values(FACTS).map(vary => ({ weight: 1, arbitrary: vary(recorded) }))
  return fc.oneof(files, othersFiles, devices, ...facts)
}

/** The plain facts, by name, so that a fact that nobody varies does not compile. */
const FACTS: Readonly<
  Record<Exclude<keyof Host, 'files' | 'devices'>, (recorded: Host) => fc.Arbitrary<Variation>>
> = {
  uid: () => set('uid', fc.constantFrom(0, 1000)),
  hostname: () => set('hostname', fc.constantFrom('', 'lab', 'a b')),
  arch: () => set('arch', fc.constantFrom('x86_64', 'aarch64', '')),
  os: () =>
    set(
      'os',
      fc.constant({ id: 'ubuntu', idLike: ['debian'], version: '24.04', name: 'Ubuntu', fields: {} }),
    ),
  bootId: recorded => set('bootId', known(fc.constant(ifKnown(recorded.bootId) ?? ''))),
  kernel: recorded =>
    set('kernel', known(fc.constantFrom('9.9.9', ...recorded.kernels.map(({ release }) => release)))),
  kernels: recorded => set('kernels', kernels(recorded)),
  cpu: recorded =>
    set(
      'cpu',
      fc
        .constantFrom<Host['cpu']['vendor']>('intel', 'amd', 'other')
        .map(vendor => ({ ...recorded.cpu, vendor })),
    ),
  firmware: () =>
    set(
      'firmware',
      fc.record({
        uefi: fc.boolean(),
        efiVariables: fc.boolean(),
        tables: fc.subarray(['DMAR', 'IVRS'] as ('DMAR' | 'IVRS')[]),
        loaderInfo: fc.constantFrom(undefined, undefined, 'systemd-boot 252', 'Limine 7', '\xff'),
        stubInfo: fc.constantFrom(undefined, undefined, undefined, 'systemd-stub 252', '\xff'),
        loaderEntries: fc.record({ default: loaderEntry(), oneShot: loaderEntry() }),
        secureBoot: fc.boolean(),
      }),
    ),
  cmdline: recorded => set('cmdline', known(commandLine(ifKnown(recorded.cmdline) ?? []))),
  iommu: () =>
    set(
      'iommu',
      fc.record({
        units: known(fc.constantFrom<string[]>([], ['dmar0', 'dmar1'], ['ivhd0'])),
        noIommuGroups: fc.constantFrom<number[]>([], [1], [1, 2, 3]),
        directGroups: fc.constantFrom<number[]>([], [], [1], [1, 2, 3]),
        interruptRemapping: known(fc.boolean()),
        unsafeInterrupts: fc.boolean(),
      }),
    ),
  driverModules: recorded =>
    set(
      'driverModules',
      known(fc.constantFrom({}, { nouveau: 'nouveau' }, ifKnown(recorded.driverModules) ?? {})),
    ),
  log: recorded =>
    fc
      .tuple(fc.boolean(), fc.array(line(), { maxLength: 3 }), fc.integer({ min: 0, max: 2 }))
      .map(([truncated, lines, which]) => host => ({
        ...host,
        log:
          [unknown('varied'), observed({ source: 'journal' as const, truncated, lines }), recorded.log][
            which
          ] ?? recorded.log,
      })),
  storage: recorded =>
    set(
      'storage',
      fc.array(
        fc.record({
          use: fc.constantFrom('/', '/boot', 'swap'),
          source: fc.constantFrom('/dev/sda1', 'rpool'),
          devices: fc.oneof(fc.constant(undefined), addresses(recorded)),
        }),
        { maxLength: 3 },
      ),
    ),
  mounts: () =>
    set('mounts', fc.constantFrom<Host['mounts']>({}, {}, { '/boot': 'ro' }, { '/': 'ro', '/etc': 'rw' })),
  network: recorded =>
    set(
      'network',
      fc.array(
        fc.record({
          interface: fc.constantFrom('eth0', 'br0'),
          roles: fc.subarray(['default route', 'this connection'] as ('default route' | 'this connection')[]),
          devices: addresses(recorded),
        }),
        { maxLength: 2 },
      ),
    ),
  tools: recorded => set('tools', mostly(recorded.tools, [...LOADER_TOOLS, ...INITRAMFS_TOOLS])),
  paths: recorded => set('paths', mostly(recorded.paths, LOADER_PATHS)),
  menus: recorded => set('menus', menus(recorded)),
  images: recorded => set('images', images(recorded)),
  sealedDisks: () => set('sealedDisks', fc.constantFrom([], [{ device: '/dev/sda3', by: '/etc/crypttab' }])),
  bootloader: () => set('bootloader', fc.constantFrom('nonesuch', ...BOOTLOADERS.map(({ name }) => name))),
  enrolled: () => set('enrolled', fc.constantFrom([], ['/boot/EFI/limine/limine_x64.efi'])),
  machine: recorded =>
    set(
      'machine',
      fc
        .constantFrom<Partial<Host['machine']>>(
          { kvm: observed(false) },
          { kvm: unknown('varied') },
          { container: 'lxc' },
          { xen: 'dom0' },
          { xen: 'domU' },
          { lockdown: 'integrity' },
          { vendor: '\xff', product: 'Standard PC' },
        )
        .map(differing => ({ ...recorded.machine, ...differing })),
    ),
  holders: recorded =>
    set(
      'holders',
      addresses(recorded).map(devices =>
        devices.map(device => ({ device, path: '/dev/dri/card0', process: 'Xorg', pid: 812 })),
      ),
    ),
  framebuffers: recorded =>
    set(
      'framebuffers',
      addresses(recorded).map(devices => devices.map(device => ({ device, name: 'BOOTFB' }))),
    ),
  mediatedParents: recorded => set('mediatedParents', addresses(recorded)),
  owners: recorded =>
    set(
      'owners',
      addresses(recorded).map(devices =>
        devices.map(device => ({
          owner: 'driverctl' as const,
          device,
          driver: 'nouveau',
          evidence: `/etc/driverctl.d/${device}`,
        })),
      ),
    ),
  places: () =>
    set(
      'places',
      fc.constantFrom<Host['places']>(
        {},
        { '/etc/modprobe.d/vfio.conf': { kind: 'absent' } },
        { '/etc/default/grub': { kind: 'large', size: 2_000_000 } },
      ),
    ),
  packageManager: () => set('packageManager', known(fc.constantFrom<'' | 'apt' | 'dnf'>('', 'apt', 'dnf'))),
  packages: () =>
    set(
      'packages',
      known(fc.record({ installed: fc.boolean(), version: known(fc.constantFrom('', '1.0-1')) })).map(
        qemu => ({
          qemu,
        }),
      ),
    ),
  acsPatch: () => set('acsPatch', known(fc.boolean())),
  fqdn: () => set('fqdn', known(fc.constantFrom('', 'lab', 'lab.example.org'))),
  ansible: () => set('ansible', known(ansibleEvidence())),
  pciNames: () => set('pciNames', known(fc.constantFrom({}, { '10de': 'NVIDIA Corporation' }))),
  journal: () =>
    set(
      'journal',
      fc.record({
        lock: fc.constantFrom('', 'abc 1 somebody', 'abc 99999999999 somebody', '\xff'),
        reboot: fc.constantFrom(undefined, { bootId: '', reasons: ['varied'], configuration: undefined }),
        rebuilt: fc.constantFrom<string[]>([], ['varied', '']),
      }),
    ),
}

const known = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Known<T>> =>
  fc.oneof(
    { weight: 3, arbitrary: values.map(value => observed(value)) },
    { weight: 1, arbitrary: values.map(value => predicted(value)) },
    { weight: 1, arbitrary: fc.constant(unknown('varied')) },
  )

const ansibleEvidence = (): fc.Arbitrary<AnsibleEvidence> =>
  fc.record({
    user: fc.constantFrom('', 'root'),
    releases: fc.constantFrom(
      {},
      { debian_version: '12.11' },
      { 'redhat-release': '' },
      { 'arch-release': '\xff' },
    ),
    processors: fc.constantFrom<AnsibleEvidence['processors']>(undefined, {
      online: [0, 2],
      says: ['AuthenticAMD', '\xff'],
      packages: 0,
      cores: 0,
      siblings: 4,
    }),
    memory: known(fc.constantFrom(undefined, 0, 16_000_000)),
    ipv4: known(fc.constantFrom(undefined, {}, { interface: 'eth0', address: '192.0.2.2' })),
    there: fc.subarray(['/dev/kvm', '/usr/bin/apt-get', '/proc/xen', 'systemctl', '/etc/init.d']),
    init: fc.constantFrom(undefined, '', 'systemd', 'init'),
    initIsSystemd: fc.boolean(),
    cgroups: fc.constantFrom<string[]>([], ['0::/docker/abc']),
    environment: fc.constantFrom('', 'lxc'),
    container: fc.constantFrom('', 'systemd-nspawn'),
    dmi: fc.constant({ product: 'KVM', family: '', vendor: 'QEMU', firmware: '\xff' }),
  })

/** As it was but for one or two. */
const mostly = (now: readonly string[], all: readonly string[]): fc.Arbitrary<string[]> =>
  fc
    .tuple(
      fc.subarray([...all], { maxLength: 1 }),
      fc.subarray([...now], { minLength: Math.max(0, now.length - 1) }),
    )
    .map(([more, kept]) => [...new Set([...kept, ...more])])

const addresses = (recorded: Host): fc.Arbitrary<string[]> =>
  fc.subarray(
    recorded.devices.map(device => device.address),
    { maxLength: 2 },
  )

const loaderEntry = (): fc.Arbitrary<string> => fc.constantFrom('', '', 'one.conf', 'gone.conf', '\xff')

const TOKENS = [
  'quiet',
  'intel_iommu=on',
  'intel_iommu=off',
  'intel_iommu=on,sm_on',
  'amd_iommu=off',
  'iommu=off',
  'vfio-pci.ids=10de:13c2',
  'vfio_pci.ids=1234:1111',
  'pcie_acs_override=downstream',
  'module_blacklist=vfio_pci',
  '--',
  'console=ttyS0',
  'a="b c"',
  '\xff',
]

const commandLine = (now: readonly string[]): fc.Arbitrary<readonly string[]> =>
  fc.array(fc.constantFrom(...TOKENS), { maxLength: 4 }).map(more => [...now, ...more])

function kernels(recorded: Host): fc.Arbitrary<InstalledKernel[]> {
  const vary = (kernel: InstalledKernel) =>
    fc.oneof(
      fc.constantFrom(
        kernel,
        kernel,
        { ...kernel, vfio: {} },
        { ...kernel, bootable: false },
        { ...kernel, pkgbase: 'linux' },
        { ...kernel, builtins: [...kernel.builtins, 'xhci_pci', 'nvme', 'i915'] },
        { ...kernel, vfio: { ...kernel.vfio, vfio_pci: { is: 'builtin' as const, needs: [] } } },
        {
          ...kernel,
          vfio: {
            vfio: { is: 'module' as const, needs: ['vfio'] },
            vfio_pci: { is: 'module' as const, needs: ['vfio', 'nowhere'] },
          },
        },
        { ...kernel, release: `${kernel.release}-other` },
        { ...kernel, config: unknown('varied') },
        { ...kernel, config: observed({ CONFIG_VFIO_PCI: 'y', CONFIG_INTEL_IOMMU: 'n' }) },
        { ...kernel, variants: [{ module: 'mlx5_vfio_pci', vendor: '10de', device: '' }] },
        { ...kernel, variants: [{ module: 'any_vfio_pci', vendor: '10de', device: '' }] },
      ),
    )
  return fc
    .tuple(
      fc.tuple(...recorded.kernels.map(vary)),
      fc.array(fc.constantFrom(...recorded.kernels).chain(vary), { maxLength: 1 }),
    )
    .map(([own, more]) => [...new Map([...own, ...more].map(kernel => [kernel.release, kernel])).values()])
}

function menus(recorded: Host): fc.Arbitrary<Host['menus']> {
  const each = Object.keys(LOADER_MENUS).map(name => [name, known(menu(recorded, name))] as const)
  return mostOf(Object.fromEntries(each))
}

/** By name; one or the other may be missing. */
const mostOf = <T>(values: Readonly<Record<string, fc.Arbitrary<T>>>): fc.Arbitrary<Record<string, T>> =>
  fc
    .tuple(
      ...Object.entries(values).map(([name, value]) => fc.option(value.map(one => [name, one] as const))),
    )
    .map(found => Object.fromEntries(found.filter(one => one !== null)))

function menu(recorded: Host, loader: string): fc.Arbitrary<Menu> {
  const now = ifKnown(recorded.menus[loader] ?? unknown('')) ?? NO_MENU
  const varied = fc.constantFrom(...(now.entries.length > 0 ? now.entries : [AN_ENTRY])).chain(entry =>
    fc.record({
      title: fc.constantFrom(entry.title, "it's"),
      id: fc.constantFrom(entry.id, ''),
      source: fc.constantFrom('10_linux', '30_os-prober', ''),
      kernel: fc.constantFrom(entry.kernel, '/vmlinuz', ''),
      args: fc.oneof(fc.constant(entry.args), commandLine([]), commandLine(entry.args)),
      recovery: fc.boolean(),
    }),
  )
  return fc.record({
    path: fc.constant(now.path),
    default: fc.constantFrom('0', '1', '${saved_entry}', '', 'nothing>there', now.default),
    saved: fc.constantFrom('', '0', ...now.entries.map(({ id }) => id)),
    entries: fc
      .tuple(fc.constantFrom([], now.entries), fc.array(varied, { maxLength: 2 }))
      .map(lists => lists.flat()),
  })
}

const NO_MENU: Menu = { path: '/boot/grub/grub.cfg', default: '0', saved: '', entries: [] }
const AN_ENTRY: MenuEntry = {
  title: 'Linux',
  id: 'linux',
  source: '10_linux',
  kernel: '/vmlinuz-linux',
  args: [],
  recovery: false,
}

/** Some of those that there were, and perhaps one of a name that other distributions give them. */
function images(recorded: Host): fc.Arbitrary<Host['images']> {
  const releases = recorded.kernels.map(({ release }) => release)
  const vary = (path: string) => {
    const now = ifKnown(recorded.images[path] ?? unknown(''))
    return known(
      fc.record<Image>({
        path: fc.constant(path),
        release: fc.constantFrom(now?.release ?? '', '', '9.9.9', ...releases),
        madeBy: fc.constantFrom(
          now?.madeBy ?? '',
          '',
          ...GENERATORS.flatMap(({ name }) => MAKERS.find(maker => maker === name) ?? []),
        ),
        modules: fc.subarray(['vfio', 'vfio_iommu_type1', 'vfio_pci', 'vfio_pci_core']),
        loads: fc.subarray(['vfio', 'vfio_iommu_type1', 'vfio_pci']),
        files: fc.constantFrom({}, now?.files ?? {}, { '/etc/modprobe.d/gone.conf': '00' }),
      }),
    )
  }
  const paths = [...Object.keys(recorded.images), '/boot/initramfs-linux.img', '/efi/f3a1/9.9.9/initrd']
  return mostOf(Object.fromEntries(paths.map(path => [path, vary(path)])))
}

const MAKERS = ['initramfs-tools', 'dracut', 'mkinitcpio', 'booster'] as const

/** What is read by name, and neighbours that could hide it or be hidden. */
const PATHS = [
  '/etc/default/grub',
  '/etc/default/grub.d/50-cloudimg.cfg',
  '/etc/default/grub.d/init-select.cfg',
  '/etc/modprobe.d/vfio.conf',
  '/etc/modprobe.d/nouveau.conf',
  '/etc/modprobe.d/a.conf',
  '/usr/lib/modprobe.d/vfio.conf',
  '/lib/modprobe.d/z.conf',
  '/etc/initramfs-tools/modules',
  RULES_FILE,
] as const

/** What adapters read, of those that do not stand above. */
const OTHERS_PATHS = [...LOADER_FILES, ...INITRAMFS_FILES].map(path => path.replaceAll('*', 'one'))

const file = (): fc.Arbitrary<File | undefined> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    {
      weight: 9,
      arbitrary: fc.record({ bytes: fileBytes(), mode: fc.constantFrom('644', '600', '640', '755') }),
    },
  )

export const fileBytes = (): fc.Arbitrary<Bytes> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.array(line(), { maxLength: 6 }).map(lines => lines.join('')) },
    { weight: 2, arbitrary: shellText() },
    { weight: 1, arbitrary: anyBytes() },
  )

export const anyBytes = (): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes).toString('latin1'))

const LINES = [
  'options vfio-pci ids=10de:13c2,10de:0fbb',
  'options vfio-pci ids=10de:13c2 disable_vga=1',
  'options vfio_pci disable_vga=1 ids=1234:1111',
  'options\tvfio-pci  ids=10DE:13C2,\\\n10de:0fbb',
  'options vfio-pci ids="10de:13c2"',
  'options vfio-pci',
  'softdep nouveau pre: vfio-pci',
  'softdep xhci_pci pre: a vfio_pci post: b',
  'softdep snd_hda_intel pre:vfio-pci',
  'blacklist nouveau',
  'blacklist snd-hda-intel',
  'install nouveau /bin/false',
  'install vfio_pci /bin/true',
  'blacklist vfio-pci',
  'vfio',
  'vfio_pci ids=1:2',
  ' vfio-iommu-type1 ',
  '# vfio',
  '# a comment that goes on \\\nblacklist nouveau',
  'caf\xc3\xa9 \xff\xa0',
  'GRUB_CMDLINE_LINUX_DEFAULT="quiet"',
  'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT console=ttyS0"',
  'GRUB_CMDLINE_LINUX=\'intel_iommu=off dyndbg="file a +p"\'',
  'GRUB_CMDLINE_LINUX_DEFAULT=$(cat secret)',
  'GRUB_CMDLINE_LINUX_DEFAULT="quiet',
  'title Linux',
  'linux /vmlinuz-linux',
  'options root=/dev/sda1 ro quiet',
  'options',
  'root=/dev/sda1 ro intel_iommu=off',
  'KERNEL=="kvm", MODE="0666"',
  ...['0000:01:00.0', '0000:02:00.0'].map(
    at =>
      `ACTION=="add", SUBSYSTEM=="pci", KERNEL=="${at}", ATTR{vendor}=="0x10de", ATTR{device}=="0x13c2", RUN+="/bin/sh -c 'cd /sys/bus/pci && echo vfio-pci >devices/${at}/driver_override; true'"`,
  ),
]

const line = (): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...LINES), fc.constantFrom('\n', '\n', '\n', '\n', '', '\r\n', '\\\n', '\n\n'))
    .map(parts => parts.join(''))

const putFile =
  ([path, content]: readonly [string, File | undefined]): Variation =>
  host => {
    const { [path]: _, ...files } = host.files
    return { ...host, files: content === undefined ? files : { ...files, [path]: content } }
  }

function deviceVariation(recorded: Host): fc.Arbitrary<Variation> {
  const changed = fc.record(
    {
      vendor: fc.constantFrom('10de', '1002', '8086'),
      device: fc.constantFrom('13c2', '1111'),
      class: fc.constantFrom('030000', '040300', '0c0330', '010802', '060400', '020000'),
      bootVga: fc.boolean(),
      driver: known(fc.constantFrom('', 'vfio-pci', 'nouveau', 'xhci_hcd', 'pcieport', 'mlx5_vfio_pci')),
      group: known(fc.constantFrom(-1, 0, 1, 2)),
      driverOverride: fc.constantFrom('', 'vfio-pci'),
      physicalFunction: fc.constantFrom(undefined, '0000:00:01.0'),
    },
    { requiredKeys: [] },
  )
  const index = fc.nat({ max: Math.max(0, recorded.devices.length - 1) })
  const with_ =
    (devices: (now: readonly PciDevice[]) => readonly PciDevice[]): Variation =>
    host => ({
      ...host,
      devices: devices(host.devices),
    })
  return fc.oneof(
    fc
      .tuple(index, changed)
      .map(([at, facts]) =>
        with_(now => now.map((device, i) => (i === at ? { ...device, ...facts } : device))),
      ),
    fc
      .tuple(index, changed)
      .map(([at, facts]) =>
        with_(now => [
          ...now,
          ...now.slice(at, at + 1).map(device => ({ ...device, address: '0000:7e:00.0', ...facts })),
        ]),
      ),
    index.map(at => with_(now => now.filter((_, i) => i !== at))),
  )
}
