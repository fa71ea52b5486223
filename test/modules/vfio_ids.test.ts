import { describe, expect, it } from 'vitest'
import { BOOTLOADERS } from '../../src/backends/bootloaders/index.ts'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { vfio_ids } from '../../src/modules/vfio_ids.ts'
import {
  aDevice,
  afterChanges,
  aHost,
  aReadyHost,
  planned,
  withCmdline,
  withDevice,
  withDevices,
  withFiles,
  withGrub,
  withKernel,
  written,
} from '../builders.ts'
import { complaint, lifeOf } from './outcomes.ts'

const VFIO = '/etc/modprobe.d/vfio.conf'
const GRUB = '/etc/default/grub'
const USB = '1033:0194'
const CARD = ['01:00.0', '01:00.1']
const plan = (host: Host, devices: readonly string[] = [USB], args: Record<string, unknown> = {}) =>
  planned(vfio_ids, host, { devices, ...args })
const plain = (value = 'quiet') => withGrub(aHost(), `GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`)
const grub = (value: string) => `GRUB_CMDLINE_LINUX_DEFAULT="${value}"\n`

describe('claiming devices', () => {
  it('writes both places, and loads vfio-pci before each driver that could take them', () => {
    expect(written(plan(plain(), [...CARD, USB]))).toEqual({
      [VFIO]: [
        'options vfio-pci ids=1002:5159,8086:293e,1033:0194',
        'softdep radeon pre: vfio-pci',
        'softdep amdgpu pre: vfio-pci',
        'softdep snd_hda_intel pre: vfio-pci',
        'softdep xhci_pci pre: vfio-pci',
        '',
      ].join('\n'),
      [GRUB]: grub('quiet vfio-pci.ids=1002:5159,8086:293e,1033:0194'),
    })
  })

  it('only on the command line where vfio-pci is compiled into every kernel (Ubuntu), and says why', () => {
    const builtIn = { vfio: { vfio_pci: { is: 'builtin', needs: [] } } } as const
    const host = withKernel(plain(), builtIn)
    expect(plan(host)).toMatchObject({
      kind: 'change',
      why: 'vfio-pci claims 1033:0194 (it is compiled into every kernel here, so that only the command line counts and modprobe.d cannot) in /etc/default/grub (GRUB)',
    })
    expect(written(plan(host))).toEqual({ [GRUB]: grub('quiet vfio-pci.ids=1033:0194') })
    const there = withFiles(host, { [VFIO]: 'options vfio-pci ids=1:2 disable_vga=1\n' })
    expect(written(plan(there))).toEqual({
      [VFIO]: 'options vfio-pci ids=1:2,1033:0194 disable_vga=1\n',
      [GRUB]: grub('quiet vfio-pci.ids=1:2,1033:0194'),
    })
  })

  it('in both places where one of the kernels has it as a module', () => {
    const host = plain()
    const other = host.kernels.map(kernel => ({
      ...kernel,
      release: '6.8.0-45-generic',
      vfio: { vfio_pci: { is: 'builtin', needs: [] } as const },
    }))
    expect(Object.keys(written(plan({ ...host, kernels: [...host.kernels, ...other] })))).toEqual([
      VFIO,
      GRUB,
    ])
  })

  it('says what it does, and asks for the menu', () => {
    expect(plan(plain())).toMatchObject({
      kind: 'change',
      why: 'vfio-pci claims 1033:0194, in /etc/modprobe.d/vfio.conf and /etc/default/grub',
      rebuild: ['menu'],
    })
  })

  it('is a change, then a stale menu, then a reboot, then done', () => {
    expect(lifeOf(vfio_ids, aHost(), { devices: [USB] })).toEqual([
      'change',
      'pending rebuild',
      'pending reboot',
      'converged',
    ])
  })

  it('is done on a machine that was prepared by the same', () => {
    expect(plan(aReadyHost(), [...CARD, USB])).toEqual({
      kind: 'converged',
      why: 'vfio-pci has 01:00.0 VGA controller [1002:5159], 01:00.1 audio device [8086:293e], 02:00.0 USB controller [1033:0194]',
    })
  })

  it('the same devices by address are the same', () => {
    expect(plan(aReadyHost(), ['0000:01:00.0', '01:00.1', '02:00.0']).kind).toBe('converged')
  })

  it('waits for the boot while another driver has a device', () => {
    const host = withDevice(aReadyHost(), '0000:02:00.0', { driver: observed('xhci_hcd') })
    expect(plan(host)).toMatchObject({
      kind: 'pending',
      needs: 'reboot',
      why: '02:00.0 USB controller [1033:0194] is on xhci_hcd until the next boot',
    })
  })

  it('waits for the boot while the kernel was not booted with the ids', () => {
    expect(plan(withCmdline(aReadyHost(), 'ro'))).toMatchObject({ kind: 'pending', needs: 'reboot' })
  })
})

describe('ids that are there already', () => {
  it('are refused where they are those of what the host lives on, and had no effect so far', () => {
    // 1af4:1000 is the lab machine's own network card.
    const host = withFiles(aHost(), { '/etc/modprobe.d/old.conf': 'options vfio-pci ids=1af4:1000\n' })
    expect(plan(host)).toMatchObject({
      kind: 'blocked',
      why: expect.stringMatching(
        /^1af4:1000 is claimed for vfio-pci already, without effect so far; .* carries enp0s3/,
      ),
      hint: expect.stringContaining('grep -r 1af4:1000'),
    })
  })

  it.each<[string, Record<string, string>, string, Record<string, string>]>([
    [
      'are kept, and both places are made equal',
      { [VFIO]: 'options vfio-pci ids=1:1\n' },
      'vfio-pci.ids=2:2',
      { [VFIO]: 'options vfio-pci ids=1:1,2:2,1033:0194\n', [GRUB]: grub('vfio-pci.ids=1:1,2:2,1033:0194') },
    ],
    [
      'are edited in the file where they stand',
      { '/etc/modprobe.d/site.conf': 'options vfio_pci disable_vga=1 ids=1:1 disable_idle_d3=1\n' },
      '',
      {
        '/etc/modprobe.d/site.conf': 'options vfio_pci disable_vga=1 ids=1:1,1033:0194 disable_idle_d3=1\n',
        [GRUB]: grub('vfio-pci.ids=1:1,1033:0194'),
      },
    ],
    [
      'of the last line count',
      { [VFIO]: 'options vfio-pci ids=1:1\noptions vfio-pci ids=2:2\n' },
      '',
      {
        [VFIO]: 'options vfio-pci ids=1:1\noptions vfio-pci ids=2:2,1033:0194\n',
        [GRUB]: grub('vfio-pci.ids=2:2,1033:0194'),
      },
    ],
    [
      'may go on over the end of a line',
      { [VFIO]: 'options vfio-pci disable_vga=1 \\\nids=1:1,\\\n2:2 x=1\n' },
      '',
      {
        [VFIO]: 'options vfio-pci disable_vga=1 \\\nids=1:1,2:2,1033:0194 x=1\n',
        [GRUB]: grub('vfio-pci.ids=1:1,2:2,1033:0194'),
      },
    ],
    [
      'with a wrong parameter name are none',
      { [VFIO]: 'options vfio-pci vfio-pci.ids=1:1\n' },
      '',
      {
        [VFIO]: 'options vfio-pci vfio-pci.ids=1:1\noptions vfio-pci ids=1033:0194\n',
        [GRUB]: grub('vfio-pci.ids=1033:0194'),
      },
    ],
    [
      'in comments are none',
      { [VFIO]: '# options vfio-pci ids=1:1\n' },
      '',
      {
        [VFIO]: '# options vfio-pci ids=1:1\noptions vfio-pci ids=1033:0194\n',
        [GRUB]: grub('vfio-pci.ids=1033:0194'),
      },
    ],
  ])('%s', (_, files, line, expected) => {
    const host = withFiles(plain(line), {
      ...files,
      '/etc/modprobe.d/softdeps.conf': 'softdep xhci_pci pre: vfio-pci\n',
    })
    const outcome = plan(host)
    expect(written(outcome)).toEqual(expected)
    expect(plan(afterChanges(host, outcome)).kind).toBe('pending')
  })

  it.each([
    [
      'something else in a file',
      { [VFIO]: 'options vfio-pci ids=DEVICES\n' },
      '',
      `vfio-pci's ids hold "DEVICES", which is no vendor:device id (${VFIO})`,
    ],
    [
      'a typing error on the command line',
      {},
      'vfio-pci.ids=10de13c2',
      'vfio-pci\'s ids hold "10de13c2", which is no vendor:device id (GRUB)',
    ],
  ])('%s is blocked', (_, files, line, why) => {
    expect(plan(withFiles(plain(line), files))).toMatchObject({
      kind: 'blocked',
      why,
      hint: 'mend or remove it, then run again',
    })
  })

  it.each([
    ['CRLF', { [VFIO]: 'options vfio-pci ids=1033:0194\r\n' }, `${VFIO}:1 has Windows line ends (CRLF): `],
    [
      'a byte order mark',
      { [VFIO]: '\xef\xbb\xbfoptions vfio-pci ids=1:1\n' },
      `${VFIO}:1 starts with a byte order mark (BOM): \xef\xbb\xbf`,
    ],
    ['a template', { [VFIO]: 'options vfio-pci ids=%DEVICES%\n' }, `${VFIO}:1 is a template that was never`],
    [
      'a template for any module, elsewhere',
      { '/etc/modprobe.d/site.conf': '# site\noptions {{ module }} {{ options }}\n' },
      '/etc/modprobe.d/site.conf:2 is a template that was never filled in: options',
    ],
    [
      'UTF-16',
      { [VFIO]: '\xff\xfeo\0p\0t\0i\0o\0n\0s\0 \0v\0f\0i\0o\0_\0p\0c\0i\0 \0i\0d\0s\0=\x001\0\n\0' },
      `${VFIO}:1 is UTF-16: `,
    ],
    [
      'CRLF behind a softdep, which would be written twice',
      { '/etc/modprobe.d/dep.conf': '# \n\nsoftdep xhci_pci pre: vfio-pci\r\n' },
      '/etc/modprobe.d/dep.conf:3 has Windows line ends (CRLF): softdep xhci_pci pre: vfio-pci',
    ],
    [
      'CRLF in a comment of the file to write to',
      { [VFIO]: '# mine\r\n' },
      `${VFIO}:1 has Windows line ends (CRLF): # mine`,
    ],
    [
      'ids of a package, with CRLF',
      { '/usr/lib/modprobe.d/vfio-pci.conf': 'options vfio-pci ids=1:1\r\n' },
      '/usr/lib/modprobe.d/vfio-pci.conf:1 has Windows line ends (CRLF): options',
    ],
  ])('in a file that modprobe reads otherwise than it looks are blocked: %s', (_, files, why) => {
    const outcome = plan(withFiles(plain(), files))
    expect(outcome).toMatchObject({ kind: 'blocked' })
    expect(outcome.why.slice(0, why.length)).toBe(why)
  })

  it.each([
    ['of another module’s, with CRLF', { '/usr/lib/modprobe.d/x.conf': 'options kvm x=1\r\n' }],
    ['of a comment, that is a template', { '/usr/lib/modprobe.d/x.conf': '# options {{ module }}\n' }],
    ['of another module’s value', { '/etc/modprobe.d/x.conf': 'options kvm x={{ y }}\n' }],
    [
      'of a file that another one hides',
      {
        '/usr/lib/modprobe.d/x.conf': 'options vfio-pci ids=1:1\r\n',
        '/etc/modprobe.d/x.conf': '',
      },
    ],
  ])('are not blocked for a line that has nothing to do with them: %s', (_, files) => {
    const outcome = plan(withFiles(plain(), files))
    expect(outcome.kind).toBe('change')
    expect(Object.keys(written(outcome))).toEqual([VFIO, GRUB])
  })

  it("in the distribution's folder are not ours to edit", () => {
    const host = withFiles(plain(), { '/usr/lib/modprobe.d/vfio.conf': 'options vfio-pci ids=1:1\n' })
    expect(plan(host)).toMatchObject({
      kind: 'blocked',
      why: "/usr/lib/modprobe.d/vfio.conf sets vfio-pci's ids, and is not for us to edit",
      hint: 'copy it to /etc/modprobe.d, which hides it, and run again',
    })
  })
})

describe('giving devices back', () => {
  const absent = { state: 'absent' }

  it('takes everything of ours away with the last id', () => {
    expect(written(plan(aReadyHost(), [...CARD, USB], absent))).toEqual({
      [VFIO]: undefined,
      [GRUB]: aReadyHost().files[GRUB]?.bytes.replace(/ vfio-pci\.ids=[^"]*/, ''),
    })
  })

  it('leaves the ids and softdeps of others', () => {
    const files = written(plan(aReadyHost(), CARD, absent))
    expect(files[VFIO]).toContain('options vfio-pci ids=1033:0194\n')
    expect(files[VFIO]).toContain('softdep xhci_pci pre: vfio-pci\n')
    expect(files[GRUB]).toContain('vfio-pci.ids=1033:0194"')
  })

  it('keeps other options of the line', () => {
    const host = withFiles(plain('vfio-pci.ids=1033:0194'), {
      [VFIO]: 'options vfio-pci ids=1033:0194 disable_vga=1\n',
    })
    expect(written(plan(host, [USB], absent))).toEqual({
      [VFIO]: 'options vfio-pci disable_vga=1\n',
      [GRUB]: grub(''),
    })
  })

  it('takes ids with a subvendor along', () => {
    const host = withFiles(plain(), { [VFIO]: 'options vfio-pci ids=1033:0194:1af4:1100,1:1\n' })
    expect(written(plan(host, [USB], absent))[VFIO]).toBe('options vfio-pci ids=1:1\n')
  })

  it('works for an id whose device is gone, in capitals too', () => {
    const host = withFiles(plain(), { [VFIO]: 'options vfio-pci ids=10de:13c2\n' })
    expect(written(plan(host, ['10DE:13C2'], absent))).toEqual({ [VFIO]: undefined })
  })

  it('is done where nothing is claimed', () => {
    expect(plan(aHost(), [USB], absent)).toEqual({
      kind: 'converged',
      why: 'vfio-pci claims nothing: 1033:0194 given back',
    })
  })

  it('waits for the boot while vfio-pci has the device', () => {
    const host = withDevice(aHost(), '0000:02:00.0', { driver: observed('vfio-pci') })
    expect(plan(host, ['1033:0194'], absent)).toMatchObject({
      kind: 'pending',
      needs: 'reboot',
      why: '02:00.0 USB controller [1033:0194] is on vfio-pci until the next boot',
    })
  })

  it('claiming and giving back leaves every byte as it was', () => {
    const host = aHost()
    const claimed = afterChanges(host, plan(host, [...CARD, USB]))
    expect(afterChanges(claimed, plan(claimed, [...CARD, USB], absent)).files).toEqual(host.files)
  })
})

describe('blocked', () => {
  it.each<[string, Host, string[], string]>([
    ['a device that is not there', aHost(), ['10de:13c2'], 'no device 10de:13c2 on this host'],
    [
      'the boot display',
      aHost(),
      ['00:02.0'],
      '00:02.0 VGA controller [1234:1111] is the boot display: the console would go dark',
    ],
    [
      'our own connection',
      aHost(),
      ['1af4:1000'],
      '00:03.0 Ethernet controller [1af4:1000] carries enp0s3, the default route and our own connection: the host could not be reached',
    ],
    [
      'a kernel without vfio-pci',
      withKernel(aHost(), { vfio: {} }),
      [USB],
      'kernel 6.1.0-56-amd64 has no vfio-pci',
    ],
    [
      'vfio-pci that is switched off in modprobe.d',
      withFiles(aHost(), { '/etc/modprobe.d/a.conf': '# no passthrough\ninstall vfio-pci /bin/true\n' }),
      [USB],
      '/etc/modprobe.d/a.conf:2 (install vfio-pci /bin/true) keeps vfio_pci from being loaded: without it no device can go to a guest',
    ],
    [
      'a script in the place of vfio-pci',
      withFiles(aHost(), { '/etc/modprobe.d/a.conf': 'install vfio_pci /usr/local/bin/vfio.sh\n' }),
      [USB],
      '/etc/modprobe.d/a.conf:1 (install vfio_pci /usr/local/bin/vfio.sh) keeps vfio_pci from being loaded: without it no device can go to a guest',
    ],
    [
      'a module that vfio-pci needs and is switched off',
      withFiles(aHost(), { '/etc/modprobe.d/a.conf': 'install vfio-pci-core /bin/false\n' }),
      [USB],
      '/etc/modprobe.d/a.conf:1 (install vfio-pci-core /bin/false) keeps vfio_pci_core from being loaded: without it no device can go to a guest',
    ],
    [
      'a module that guests need and is switched off',
      withFiles(aHost(), { '/usr/lib/modprobe.d/a.conf': 'install vfio_iommu_type1 /bin/false\n' }),
      [USB],
      '/usr/lib/modprobe.d/a.conf:1 (install vfio_iommu_type1 /bin/false) keeps vfio_iommu_type1 from being loaded: without it no device can go to a guest',
    ],
    [
      'vfio-pci that the kernel is told not to load',
      plain('module_blacklist=nouveau,vfio_pci'),
      [USB],
      'module_blacklist=vfio_pci on the kernel command line keeps vfio_pci from being loaded: without it no device can go to a guest',
    ],
    [
      "ids among init's arguments",
      plain('quiet -- vfio-pci.ids=1:1'),
      [USB],
      'vfio-pci.ids=1:1 stands behind the -- on the kernel command line (GRUB), where modprobe reads it and the kernel does not',
    ],
    [
      'a device behind Intel VMD',
      withDevices(aHost(), aDevice({ address: '10000:01:00.0', class: '010802', id: '144d:a80a' })),
      ['144d:a80a'],
      '10000:01:00.0 NVMe controller [144d:a80a] is behind Intel VMD, where vfio-pci cannot take a device',
    ],
    [
      'no bootloader',
      aHost({ tools: [], paths: [] }),
      [USB],
      `no bootloader was found that is known here (${BOOTLOADERS.map(({ name }) => name).join(', ')})`,
    ],
  ])('%s', (_, host, devices, why) => {
    expect(plan(host, devices)).toMatchObject({ kind: 'blocked', why })
  })

  it.each<[string, Host]>([
    [
      'blacklist vfio-pci: it stops aliases, and vfio-pci is loaded by its name',
      withFiles(aHost(), { '/etc/modprobe.d/a.conf': 'blacklist vfio-pci\n' }),
    ],
    ['module_blacklist=vfio-pci: the kernel knows vfio_pci', plain('module_blacklist=vfio-pci')],
    ["module_blacklist=vfio_pci among init's arguments", plain('-- module_blacklist=vfio_pci')],
    [
      'what is compiled in, which nothing loads',
      withKernel(
        withFiles(plain('module_blacklist=vfio_pci'), {
          '/etc/modprobe.d/a.conf': 'install vfio-pci /bin/true\n',
        }),
        {
          vfio: {
            vfio_pci: { is: 'builtin', needs: [] },
            vfio_iommu_type1: { is: 'builtin', needs: [] },
          },
        },
      ),
    ],
    [
      'a domain below those of VMD',
      withDevices(
        aHost(),
        aDevice({ address: 'ffff:01:00.0', id: USB }),
        aDevice({ address: '0001:01:00.0', id: USB }),
      ),
    ],
  ])('not by %s', (_, host) => {
    expect(plan(host).kind).toBe('change')
  })

  it('not where vfio-pci is compiled in too: it is linked before the USB drivers', () => {
    const host = withKernel(aHost(), {
      builtins: ['xhci_hcd', 'xhci_pci'],
      vfio: { vfio_pci: { is: 'builtin', needs: [] } },
    })
    expect(plan(host).kind).toBe('change')
    // sysfs knows the driver by a name that is not its module's, and of one compiled in no module at all.
    const driven = withDevice({ ...host, driverModules: observed({}) }, '0000:02:00.0', {
      driver: observed('xhci_hcd'),
    })
    expect(plan(driven).why).not.toContain('by its address')
  })

  it("not by today's groups where an override is on its way", () => {
    const host = withDevice(withGrub(aHost(), grub('pcie_acs_override=downstream')), '0000:00:03.0', {
      group: observed(12),
    })
    expect(plan(host).kind).toBe('change')
    expect(plan(withGrub(host, grub(''))).kind).toBe('blocked')
  })
})

it.each([
  [{ devices: [] }, /1/],
  [{ devices: ['06:0x'] }, /"06:0x" is neither a vendor:device id nor a PCI address/],
  [{ devices: [USB], file: '/tmp/vfio.conf' }, /is not a .conf file in \/etc\/modprobe.d/],
  [{}, /./],
])('%j is refused', (args, expected) => {
  expect(complaint(vfio_ids, args)).toMatch(expected)
})
