import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { DEVICE_LOCKS } from '../../src/host/locks.ts'
import { driver_blacklist } from '../../src/modules/driver_blacklist.ts'
import {
  aDevice,
  afterChanges,
  aHost,
  anIommu,
  planned,
  withDevices,
  withFiles,
  withKernel,
  written,
} from '../builders.ts'
import { complaint, stateOf } from './outcomes.ts'

const plan = (host: Host, drivers: readonly string[], args: Record<string, unknown> = {}) =>
  planned(driver_blacklist, host, { drivers, ...args })
const NOUVEAU = '/etc/modprobe.d/nouveau.conf'

describe('blacklisting', () => {
  it.each([
    [
      'drivers of NVIDIA cards',
      ['nouveau', 'nvidia'],
      {},
      { [NOUVEAU]: 'blacklist nouveau\nblacklist nvidia\n' },
    ],
    [
      'drivers of AMD cards',
      ['amdgpu', 'radeon'],
      {},
      { '/etc/modprobe.d/amdgpu.conf': 'blacklist amdgpu\nblacklist radeon\n' },
    ],
    ['another driver', ['xpad'], {}, { '/etc/modprobe.d/xpad.conf': 'blacklist xpad\n' }],
    [
      'where it is told to',
      ['nouveau'],
      { file: '/etc/modprobe.d/vfio.conf' },
      { '/etc/modprobe.d/vfio.conf': 'blacklist nouveau\n' },
    ],
  ])('%s', (_, drivers, args, files) => {
    expect(written(plan(aHost(), drivers, args))).toEqual(files)
  })

  it.each([
    ['after what is there', '# mine\n', '# mine\nblacklist nouveau\n'],
    ['on a line of its own', '# mine', '# mine\nblacklist nouveau\n'],
    ['where a comment would swallow the next line', '# mine \\\n', '# mine \\\n\nblacklist nouveau\n'],
    ['where a backslash ends the file', '# mine \\', '# mine \\\n\nblacklist nouveau\n'],
    ['only what is missing', 'blacklist nvidia\n', 'blacklist nvidia\nblacklist nouveau\n'],
  ])('%s', (_, before, after) => {
    const host = withFiles(aHost(), { [NOUVEAU]: before })
    const outcome = plan(host, ['nvidia', 'nouveau'].slice(before.includes('nvidia') ? 0 : 1))
    expect(written(outcome)).toEqual({ [NOUVEAU]: after })
    expect(plan(afterChanges(host, outcome), ['nouveau']).kind).toBe('converged')
  })

  it.each([
    [
      'in another file',
      { '/etc/modprobe.d/blacklist-nvidia.conf': 'blacklist nouveau\n' },
      '/etc/modprobe.d/blacklist-nvidia.conf',
    ],
    [
      "in the distribution's",
      { '/usr/lib/modprobe.d/nvidia.conf': 'blacklist nouveau\n' },
      '/usr/lib/modprobe.d/nvidia.conf',
    ],
    [
      'by the stronger form',
      { '/etc/modprobe.d/x.conf': 'install nouveau /bin/false\n' },
      '/etc/modprobe.d/x.conf',
    ],
  ])('a driver that is blacklisted already counts as done: %s', (_, files, place) => {
    expect(plan(withFiles(aHost(), files), ['nouveau'])).toEqual({
      kind: 'converged',
      why: `nouveau is blacklisted in ${place}`,
    })
  })

  it.each([
    ['CRLF', 'blacklist nouveau\r\n', 'has Windows line ends (CRLF): blacklist nouveau'],
    ['CRLF in a comment', '# mine\r\n', 'has Windows line ends (CRLF): # mine'],
    [
      'a template',
      'blacklist {{ driver }}\n',
      'is a template that was never filled in: blacklist {{ driver }}',
    ],
    [
      'a byte order mark',
      '\xef\xbb\xbfblacklist nouveau\n',
      'starts with a byte order mark (BOM): \xef\xbb\xbfblacklist nouveau',
    ],
    ['a NUL byte', 'blacklist nou\0veau\n', 'has a NUL byte: blacklist nouveau'],
  ])('the file to write to is not written, nor emptied, where it has %s', (_, text, why) => {
    const host = withFiles(aHost(), { [NOUVEAU]: text })
    const expected = { kind: 'blocked', why: `${NOUVEAU}:1 ${why}` }
    expect(plan(host, ['nouveau'])).toMatchObject(expected)
    if (!text.startsWith('#')) expect(plan(host, ['nouveau'], { state: 'absent' })).toMatchObject(expected)
  })

  it.each([
    ['the driver, with CRLF', 'blacklist nouveau\r\n'],
    ['the driver, by the stronger form', 'install nouveau\r\n'],
    ['whatever a template brings', '# x\r\nblacklist @DRIVER@\n'],
  ])('another file that may name %s is asked to be mended first', (_, text) => {
    const path = '/etc/modprobe.d/site.conf'
    expect(plan(withFiles(aHost(), { [path]: text }), ['nouveau'])).toMatchObject({
      kind: 'blocked',
      why: expect.stringMatching(/^\/etc\/modprobe\.d\/site\.conf:[12] /),
    })
  })

  it.each([
    ['a package’s file with CRLF and other drivers', '/usr/lib/modprobe.d/x.conf', 'blacklist pcspkr\r\n'],
    ['a template among the options', '/etc/modprobe.d/x.conf', 'options kvm x={{ y }}\n'],
    ['a byte order mark before a comment', '/lib/modprobe.d/x.conf', '\xef\xbb\xbf# blacklist nouveau\n'],
  ])('is not blocked for nothing: %s', (_, path, text) => {
    expect(written(plan(withFiles(aHost(), { [path]: text }), ['nouveau']))).toEqual({
      [NOUVEAU]: 'blacklist nouveau\n',
    })
  })

  it('a line with CRLF is nobody’s trouble where another one does it', () => {
    const files = { [NOUVEAU]: 'blacklist nouveau\n', '/etc/modprobe.d/x.conf': 'blacklist nouveau\r\n' }
    expect(plan(withFiles(aHost(), files), ['nouveau']).kind).toBe('converged')
  })

  it('says what it does', () => {
    expect(plan(aHost(), ['nouveau', 'amdgpu'])).toMatchObject({
      why: 'blacklist nouveau, amdgpu in /etc/modprobe.d/nouveau.conf, /etc/modprobe.d/amdgpu.conf',
    })
  })

  it('waits for the boot while the driver holds a device', () => {
    const host = withFiles(aHost(), { '/etc/modprobe.d/amdgpu.conf': 'blacklist radeon\n' })
    expect(plan(host, ['radeon'])).toEqual({
      kind: 'pending',
      why: 'radeon still drives 01:00.0 VGA controller [1002:5159], until the next boot',
      needs: 'reboot',
      brings: 'blacklist radeon',
    })
  })

  it('finds the device though driver and module have different names', () => {
    const host = withFiles(aHost(), { '/etc/modprobe.d/x.conf': 'blacklist xhci_pci\n' })
    expect(plan(host, ['xhci-pci'])).toMatchObject({
      why: 'xhci_hcd still drives 02:00.0 USB controller [1033:0194], until the next boot',
    })
  })

  it('no drivers ask for nothing', () => {
    expect(plan(aHost(), [])).toEqual({ kind: 'converged', why: 'no drivers are named' })
  })
})

describe('blocked where the host hangs on the driver', () => {
  const hint = 'leave it out of the list: vfio_ids loads vfio-pci before it for the chosen devices only'

  it.each([
    [
      'its display',
      'bochs',
      'bochs-drm also drives 00:02.0 VGA controller [1234:1111], which is the boot display: the console would go dark',
      'boot_display',
      'ssh or a serial console reaches this host without it',
    ],
    [
      'its network',
      'virtio_pci',
      'virtio-pci also drives 00:03.0 Ethernet controller [1af4:1000], which carries enp0s3, the default route and our own connection: the host could not be reached',
      'host_network',
      'this host can be reached in another way',
    ],
  ])('%s', (_, driver, why, lock, provided) => {
    expect(plan(aHost(), [driver])).toEqual({
      kind: 'blocked',
      why,
      hint: `${hint}; or say allow: [${lock}], where ${provided}`,
    })
  })

  it('what it costs is allowed by name, each by its own', () => {
    expect(plan(aHost(), ['bochs'], { allow: ['host_network'] }).kind).toBe('blocked')
    expect(plan(aHost(), ['bochs'], { allow: ['boot_display'] }).kind).toBe('change')
  })

  it("guests' virtual GPUs", () => {
    const host = withDevices(
      aHost({ mediatedParents: ['0000:0a:00.0'] }),
      aDevice({ driver: 'nvidia', mediated: true }),
    )
    expect(plan(host, ['nvidia'])).toEqual({
      kind: 'blocked',
      why: 'nvidia also drives 0a:00.0 VGA controller [10de:13c2], which has virtual GPUs that nvidia has made of it (mediated devices): they would go with it',
      hint: `${hint}; or say allow: [vgpu], where no guest needs its virtual GPUs any longer`,
    })
    expect(plan(host, ['nvidia'], { allow: ['vgpu'] }).kind).toBe('change')
    expect(plan(host, ['nouveau']).kind).toBe('change')
  })

  it('virtual functions, which nothing allows', () => {
    const host = withDevices(
      aHost(),
      aDevice({ id: '8086:1572', class: '020000', driver: 'i40e', sriov: { total: 8, vfs: 2 } }),
    )
    expect(plan(host, ['i40e'], { allow: DEVICE_LOCKS })).toEqual({
      kind: 'blocked',
      why: 'i40e also drives 0a:00.0 Ethernet controller [8086:1572], which has 2 virtual functions: the kernel does not give it to vfio-pci while they exist, and they would go with its driver',
      hint,
    })
  })

  it('but not what only keeps the device from guests', () => {
    const host = withDevices(
      aHost({ iommu: anIommu({ directGroups: [40] }) }),
      aDevice({ driver: 'nouveau' }),
    )
    expect(plan(host, ['nouveau']).kind).toBe('change')
  })

  it('its disks', () => {
    const host = withDevices(
      aHost({ storage: [{ use: '/', source: '/dev/nvme1n1', devices: ['0000:0a:00.0'] }] }),
      aDevice({ class: '010802', driver: 'nvme' }),
    )
    expect(plan(host, ['nvme'])).toMatchObject({
      kind: 'blocked',
      why: 'nvme also drives 0a:00.0 NVMe controller [10de:13c2], which is the controller of / (/dev/nvme1n1): the host would not boot',
    })
  })
})

describe('blocked where the line would do nothing', () => {
  it.each<[string, string, Host, string, string]>([
    [
      'a driver whose module has another name',
      'xhci_hcd',
      aHost(),
      'xhci_hcd is a driver of the module xhci_pci: name that',
      'modprobe.d(5) knows modules only: write xhci_pci in place of xhci_hcd',
    ],
    [
      'whichever way it is written',
      'bochs_drm',
      aHost(),
      'bochs-drm is a driver of the module bochs: name that',
      'modprobe.d(5) knows modules only: write bochs in place of bochs_drm',
    ],
    [
      'a driver that is compiled in',
      'i2c-nvidia-gpu',
      withKernel(aHost(), { builtins: ['i2c_nvidia_gpu'] }),
      'i2c-nvidia-gpu is compiled into kernel 6.1.0-56-amd64: a blacklist cannot keep it off',
      'leave it out of the list, or boot a kernel that has it as a module',
    ],
  ])('%s: %s', (_, driver, host, why, hint) => {
    expect(plan(host, [driver])).toEqual({ kind: 'blocked', why, hint })
    expect(plan(host, [driver], { state: 'absent' }).kind).toBe('converged')
  })

  it.each([
    ['nouvea', 'nouveau'],
    ['noveau', 'nouveau'],
    ['nvida', 'nvidia'],
    ['amdgpus', 'amdgpu'],
    ['snd_hda_itnel', 'snd_hda_intel'],
    ['nvidia-dmr', 'nvidia_drm'],
  ])('a slip: %s for %s', (driver, meant) => {
    expect(plan(aHost(), [driver])).toEqual({
      kind: 'blocked',
      why: `no driver ${driver} is known here`,
      hint: `did you mean "${meant}"?`,
    })
  })

  it.each([
    'xpad',
    'i810',
    'ice',
    'nvmet',
    'nvme_core',
    'snd_hda_core',
    'radeonfb',
    'nvidia-fs',
    'sdhci-pci',
    'ehci_hcd',
    'igb',
  ])('%s is no slip', driver => {
    expect(plan(aHost(), [driver]).kind).not.toBe('blocked')
  })

  it('a kernel that cannot be booted does not count', () => {
    const host = withKernel(aHost(), { builtins: ['nouveau'], bootable: false })
    expect(plan(host, ['nouveau']).kind).toBe('change')
  })
})

describe('taking the blacklist away', () => {
  it.each([
    ['the file with its last line', 'blacklist nouveau\n', undefined],
    ['only its own lines', '# mine\nblacklist nouveau\nblacklist nvidia\n', '# mine\nblacklist nvidia\n'],
    ['each of several', 'blacklist nouveau\nblacklist nouveau\n# end', '# end'],
  ])('%s', (_, before, after) => {
    const host = withFiles(aHost(), { [NOUVEAU]: before })
    const outcome = plan(host, ['nouveau'], { state: 'absent' })
    expect(written(outcome)).toEqual({ [NOUVEAU]: after })
    expect(plan(afterChanges(host, outcome), ['nouveau'], { state: 'absent' }).kind).toBe('converged')
  })

  it("leaves others' files alone", () => {
    const host = withFiles(aHost(), { '/etc/modprobe.d/site.conf': 'blacklist nouveau\n' })
    expect(plan(host, ['nouveau'], { state: 'absent' })).toEqual({
      kind: 'converged',
      why: 'nouveau is not blacklisted by us',
    })
  })

  it('gives back the bytes that were there', () => {
    const host = withFiles(aHost(), { [NOUVEAU]: '# \xff\n' })
    const there = afterChanges(host, plan(host, ['nouveau']))
    expect(afterChanges(there, plan(there, ['nouveau'], { state: 'absent' }))).toEqual(host)
  })
})

it.each([
  [
    { drivers: ['nouveau'], file: '/etc/modprobe.d/x' },
    '"/etc/modprobe.d/x" is not a .conf file in /etc/modprobe.d',
  ],
  [
    { drivers: ['nouveau'], file: '/etc/modprobe.d/../x.conf' },
    '"/etc/modprobe.d/../x.conf" is not a .conf file in /etc/modprobe.d',
  ],
  [{ drivers: ['nouveau x'] }, '"nouveau x" is not a driver name'],
])('%j is refused: %s', (args, expected) => {
  expect(complaint(driver_blacklist, args)).toBe(expected)
})

it('a change, then a reboot', () => {
  const outcome = plan(aHost(), ['radeon'])
  expect([outcome, plan(afterChanges(aHost(), outcome), ['radeon'])].map(stateOf)).toEqual([
    'change',
    'pending reboot',
  ])
})
