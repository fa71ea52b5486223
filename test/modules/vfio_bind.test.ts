import { describe, expect, it } from 'vitest'
import { editRules } from '../../src/host/address_binding.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Holder, Host, PciDevice } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { vfio_bind } from '../../src/modules/vfio_bind.ts'
import {
  aDevice,
  afterChanges,
  aHost,
  anIommu,
  planned,
  withCmdline,
  withDevice,
  withDevices,
  withFiles,
  withKernel,
} from '../builders.ts'
import { complaint } from './outcomes.ts'

const CARD = '0000:0a:00.0'
const AUDIO = '0000:0a:00.1'
const card = (differing: Partial<PciDevice> = {}): PciDevice => ({
  ...aDevice({ address: CARD, driver: 'nouveau' }),
  ...differing,
})
const audio = (differing: Partial<PciDevice> = {}): PciDevice => ({
  ...aDevice({ address: AUDIO, id: '10de:0fbb', class: '040300', driver: 'snd_hda_intel' }),
  ...differing,
})
const loaded = { ...aHost(), driverModules: observed({ 'vfio-pci': 'vfio_pci' }) }
const host = (...devices: PciDevice[]): Host => withDevices(loaded, ...devices)
const both = host(card(), audio())
const bound = host(card({ driver: observed('vfio-pci') }), audio({ driver: observed('vfio-pci') }))

const DEVICES = { devices: [CARD, AUDIO] }
const plan = (on: Host, args: Record<string, unknown> = {}) => planned(vfio_bind, on, { ...DEVICES, ...args })
const holder = (device: string, path: string, process = 'pipewire', pid = 1423): Holder => ({
  device,
  path,
  process,
  pid,
})
const heldBy = (on: Host, ...holders: Holder[]): Host => ({ ...on, holders })

const bind = (address: string, id: string, from: string, to: string) => ({
  kind: 'bind',
  address,
  id,
  from,
  to,
  timeout: 30,
})

describe('idle devices', () => {
  it('go to vfio-pci, the last function first, until the next boot', () => {
    expect(plan(both)).toEqual({
      kind: 'change',
      why: '0a:00.0 VGA controller [10de:13c2] from nouveau to vfio-pci and 0a:00.1 audio device [10de:0fbb] from snd_hda_intel to vfio-pci, until the next boot (vfio_ids is for good)',
      changes: [
        bind(AUDIO, '10de:0fbb', 'snd_hda_intel', 'vfio-pci'),
        bind(CARD, '10de:13c2', 'nouveau', 'vfio-pci'),
      ],
      findings: [],
    })
  })

  it('are left where they are once they are there', () => {
    expect(plan(bound)).toEqual({
      kind: 'converged',
      why: '0a:00.0 VGA controller [10de:13c2] on vfio-pci and 0a:00.1 audio device [10de:0fbb] on vfio-pci',
    })
    expect(plan(afterChanges(both, plan(both))).kind).toBe('converged')
  })

  it('go alone where the others of the group are there already, or have no driver', () => {
    const outcome = plan(host(card(), audio({ driver: observed('vfio-pci') })))
    expect(outcome).toMatchObject({ changes: [bind(CARD, '10de:13c2', 'nouveau', 'vfio-pci')] })
    const idle = plan(host(card(), audio({ driver: observed('') })), {
      devices: [{ address: CARD, functions: 'only' }],
    })
    expect(idle).toMatchObject({ changes: [bind(CARD, '10de:13c2', 'nouveau', 'vfio-pci')] })
  })

  it('have vfio-pci loaded first, where it is a module that is not', () => {
    const fresh = { ...both, driverModules: observed({ nouveau: 'nouveau' }) }
    const load = { kind: 'run', argv: ['modprobe', 'vfio-pci'], reason: 'vfio-pci is not loaded', edits: [] }
    expect(plan(fresh)).toMatchObject({ changes: [load, { kind: 'bind' }, { kind: 'bind' }] })
    const builtin = withKernel(fresh, { vfio: { vfio_pci: { is: 'builtin', needs: [] } } })
    expect(plan(builtin)).toMatchObject({ changes: [{ kind: 'bind' }, { kind: 'bind' }] })
  })

  it('go to the VFIO driver that is made for them, where the kernel has one', () => {
    const variants = [
      { module: 'other_vfio_pci', vendor: '10de', device: '' },
      { module: 'nvgrace_gpu_vfio_pci', vendor: '10de', device: '13c2' },
    ]
    expect(plan(withKernel(host(card()), { variants }), { devices: [CARD] })).toMatchObject({
      changes: [
        { kind: 'run', argv: ['modprobe', 'nvgrace_gpu_vfio_pci'] },
        bind(CARD, '10de:13c2', 'nouveau', 'nvgrace_gpu_vfio_pci'),
      ],
    })
  })

  it('that are network cards take their interfaces with them, which is told', () => {
    const nic = aDevice({ id: '8086:10d3', class: '020000', driver: 'e1000e', nodes: ['enp10s0'] })
    expect(plan(host(nic), { devices: [CARD] }).findings).toEqual([
      {
        stage: 'driver',
        severity: 'warning',
        what: 'the network interface enp10s0 goes with 0a:00.0 Ethernet controller [8086:10d3]',
        evidence: '/sys/class/net/enp10s0',
        next: 'see that nothing on the host uses it',
      },
    ])
  })
})

const refusals: [string, Host, Record<string, unknown>, string, string][] = [
  [
    'no device is chosen',
    aHost(),
    { devices: ['0b:00.0'] },
    'no device 0b:00.0 on this host',
    expect.stringContaining('it has '),
  ],
  [
    'the host needs one',
    host(card({ bootVga: true })),
    { devices: [CARD] },
    '0a:00.0 VGA controller [10de:13c2] is the boot display: the console would go dark',
    expect.stringContaining('allow: [boot_display]'),
  ],
  [
    'it is in no group',
    host(card({ group: observed(-1) })),
    { devices: [CARD] },
    '0a:00.0 VGA controller [10de:13c2] is in no IOMMU group: vfio-pci refuses it',
    'the IOMMU is off: verify_dmesg says why, and iommu_kernel_args turns it on for the next boot',
  ],
  [
    'its group isolates nothing',
    { ...host(card()), iommu: anIommu({ noIommuGroups: [40] }) },
    { devices: [CARD] },
    'group 40 of 0a:00.0 VGA controller [10de:13c2] is a no-IOMMU group, which isolates nothing',
    'do not load vfio with enable_unsafe_noiommu_mode',
  ],
  [
    'another of its group has a driver',
    both,
    { devices: [{ address: CARD, functions: 'only' }] },
    'group 40 of 0a:00.0 VGA controller [10de:13c2] also holds 0a:00.1 audio device [10de:0fbb], on snd_hda_intel',
    'a group goes to one guest as a whole: take these too (`group: whole`), use another slot, or separate them with acs_override',
  ],
  [
    'a program has it open, each named once',
    heldBy(
      both,
      holder(AUDIO, '/dev/snd/pcmC1D3p'),
      holder(AUDIO, '/dev/snd/controlC1'),
      holder(AUDIO, '/dev/snd/controlC1', '', 7),
    ),
    DEVICES,
    '0a:00.1 audio device [10de:0fbb] is in use: pipewire (1423) has /dev/snd/pcmC1D3p open and a program (7) has /dev/snd/controlC1 open',
    'end them, or have them use another device, then run again',
  ],
  [
    'the running kernel has no vfio-pci',
    withKernel(both, { vfio: {} }),
    DEVICES,
    'the running kernel 6.1.0-56-amd64 has no vfio-pci',
    'boot a full kernel (not a cloud one), then run again',
  ],
  [
    'something keeps vfio-pci from being loaded',
    { ...withCmdline(both, 'ro module_blacklist=vfio_pci'), driverModules: observed({}) },
    DEVICES,
    'module_blacklist=vfio_pci on the kernel command line keeps vfio_pci from being loaded',
    'take that away, then run again',
  ],
]

describe('nothing is bound where', () => {
  it.each(refusals)('%s', (_, on, args, why, hint) => {
    expect(plan(on, args)).toEqual({ kind: 'blocked', why, hint })
  })

  it('a graphics card is in use, unless that is allowed by name', () => {
    const used = heldBy(both, holder(CARD, '/dev/dri/card1', 'Xorg', 812))
    expect(plan(used)).toMatchObject({
      kind: 'blocked',
      why: '0a:00.0 VGA controller [10de:13c2] is in use: Xorg (812) has /dev/dri/card1 open',
    })
    expect(plan(used, { allow: ['display_in_use'] }).kind).toBe('change')
  })

  it('the next boot has to show driver or group', () => {
    const why = 'groups are made at the next boot'
    expect(plan(withDevice(both, CARD, { group: unknown(why) }))).toEqual({ kind: 'unknown', why })
  })

  it('the kernel that runs is not known', () => {
    expect(plan({ ...both, kernel: observed('6.99.0') })).toEqual({
      kind: 'unknown',
      why: 'which kernel runs, and so whether it has vfio-pci, cannot be told',
    })
  })
})

describe('giving back', () => {
  const absent = { state: 'absent' }

  it('leaves the choice to the kernel', () => {
    const outcome = plan(bound, absent)
    expect(outcome).toEqual({
      kind: 'change',
      why: "0a:00.0 VGA controller [10de:13c2] from vfio-pci to the kernel's own choice and 0a:00.1 audio device [10de:0fbb] from vfio-pci to the kernel's own choice",
      changes: [bind(CARD, '10de:13c2', 'vfio-pci', ''), bind(AUDIO, '10de:0fbb', 'vfio-pci', '')],
    })
    expect(plan(afterChanges(bound, outcome), absent).kind).toBe('unknown')
  })

  it('lasts until the next boot where a rule binds it, and says so', () => {
    const [rule] = editRules(bound, [{ device: card(), driver: 'vfio-pci' }], () => false)
    const ruled = applyChanges(bound, rule === undefined ? [] : [rule])
    expect(plan(ruled, { ...absent, devices: [CARD] }).why).toBe(
      "0a:00.0 VGA controller [10de:13c2] from vfio-pci to the kernel's own choice and 0a:00.1 audio device [10de:0fbb] from vfio-pci to the kernel's own choice, until the next boot: /etc/udev/rules.d/70-vfio-run.rules binds again what it names (vfio_ids with state: absent is for good)",
    )
  })

  it('has nothing to do where none is with VFIO', () => {
    expect(plan(host(card(), audio({ driver: observed('') })), absent)).toEqual({
      kind: 'converged',
      why: '0a:00.0 VGA controller [10de:13c2] on nouveau and 0a:00.1 audio device [10de:0fbb] on no driver',
    })
  })

  it('also clears an override that has led nowhere', () => {
    const stuck = host(card({ driver: observed(''), driverOverride: 'vfio-pci' }), audio())
    expect(plan(stuck, absent)).toMatchObject({ changes: [bind(CARD, '10de:13c2', '', '')] })
  })

  it('is refused while a guest holds the group', () => {
    expect(plan(heldBy(bound, holder(AUDIO, '/dev/vfio/40', 'qemu-system-x86', 4711)), absent)).toEqual({
      kind: 'blocked',
      why: 'a guest has 0a:00.0 VGA controller [10de:13c2]: qemu-system-x86 (4711) has /dev/vfio/40 open',
      hint: 'shut the guest down, or detach the device from it, then run again',
    })
  })

  it.each([
    [
      'the command line',
      withCmdline(bound, 'ro vfio-pci.ids=10de:13c2'),
      'vfio-pci.ids= on the command line of this boot',
    ],
    [
      'modprobe.d',
      withFiles(bound, { '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=10DE:13C2,10de:0fbb\n' }),
      '/etc/modprobe.d/vfio.conf',
    ],
  ])('is refused where %s claims its id', (_, on, by) => {
    expect(plan(on, absent)).toEqual({
      kind: 'blocked',
      why: `0a:00.0 would come back to vfio-pci: ${by} claims 10de:13c2 for it`,
      hint: 'give it back with vfio_ids (state: absent) and a reboot',
    })
  })
})

it.each([
  [{ timeout: 0 }, 'Too small: expected number to be >=1'],
  [{ timeout: 30 }, ''],
  [{ allow: ['everything'] }, expect.stringContaining('Invalid option')],
])('arguments %j', (args, expected) => {
  expect(complaint(vfio_bind, { ...DEVICES, ...args })).toEqual(expected)
})
