import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupCount, type KernelMessages, readMessages } from '../../src/verdict/messages.ts'

const read = (...lines: readonly string[]): KernelMessages => readMessages({ lines, truncated: false })
const readPart = (...lines: readonly string[]): KernelMessages => readMessages({ lines, truncated: true })

describe('an IOMMU that is set up', () => {
  it.each([
    'DMAR: Intel(R) Virtualization Technology for Directed I/O',
    'PCI-DMA: Intel(R) Virtualization Technology for Directed I/O',
    'IOMMU 0 0xfed90000: using Queued invalidation',
    'IOMMU: Setting RMRR:',
    'DMAR: dmar0: Using Queued invalidation',
    'AMD-Vi: Using global IVHD EFR:0x206d73ef22254ade, EFR2:0x0',
    'AMD-Vi: Found IOMMU at 0000:00:00.2 cap 0x40',
    'pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40',
    'pci 0000:00:00.2: AMD-Vi: IOMMU performance counters supported',
    'AMD-Vi: Extended features (0x58f77ef22294a5a, 0x0): PPR NX GT IA PC GA_vAPIC',
    'arm-smmu-v3 arm-smmu-v3.0.auto: ias 44-bit, oas 44-bit (features 0x000fdf)',
    'pci 0000:00:01.0: Adding to iommu group 1',
    'iommu: Adding device 0000:00:01.0 to group 1',
    'DMAR: [DMA Write] Request device [00:14.0] PASID ffffffff fault addr ffcda000',
    'vfio-pci 0000:03:00.0: DMAR: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.',
  ])('%s', line => {
    expect(readPart(line).iommu).toEqual({ is: 'set up', line })
  })
})

describe('lines that prove nothing', () => {
  const nothing = [
    'AMD-Vi: AMD IOMMUv2 functionality not available on this system - This is not a bug.',
    'AMD IOMMUv2 driver by Joerg Roedel <jroedel@suse.de>',
    'AGP: Please enable the IOMMU option in the BIOS setup',
    'Please enable the IOMMU option in the BIOS setup',
    'iommu: Default domain type: Translated',
    'x2apic enabled',
    'VFIO - User Level meta-driver version: 0.3',
    'PCI-DMA: Using software bounce buffering for IO (SWIOTLB)',
    'DMAR: Disabling IOMMU for graphics on this chipset',
    'ACPI: DMAR 0x0000000078E1D000 000088 (v02 INTEL  EDK2     00000002      01000013)',
    'DMAR: DRHD base: 0x000000fed90000 flags: 0x0',
    'DMAR-IR: Enabled IRQ remapping in xapic mode',
  ]

  it.each(nothing)('%s', line => {
    expect(read(line).iommu).toEqual({ is: 'absent' })
    expect(readPart(line).iommu).toEqual({ is: 'not told' })
  })

  it.each(['DMAR: IOMMU enabled', 'Intel-IOMMU: enabled'])('%s: an argument was read', line => {
    expect(readPart(line).iommu).toEqual({ is: 'asked for', line })
    expect(read('Linux version 6.1.0', line)).toMatchObject({ iommu: { is: 'absent' }, iommuAskedFor: line })
    expect(readPart(line).vendor).toBeUndefined()
  })
})

it.each([
  'DMAR: No DMAR devices found',
  'DMAR: IOMMU disabled',
  'AMD-Vi: AMD IOMMU disabled on kernel command-line',
])('%s says that it is off', line => {
  expect(read(line).iommu).toEqual({ is: 'off', line })
})

describe('whose it is', () => {
  it.each([
    [
      'intel',
      ['AMD-Vi: AMD IOMMUv2 functionality not available on this system', 'DMAR: Host address width 39'],
    ],
    ['amd', ['DMAR: IOMMU enabled', 'pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40']],
    ['intel', ["AMD-Vi: Unknown option - 'on'", 'dmar: IOMMU 0: reg_base_addr fed90000 ver 1:0']],
    ['arm', ['Linux version 6.2.9-300.fc38.aarch64 (mockbuild) #1 SMP']],
    [undefined, ['x2apic enabled']],
  ])('%s: %j', (vendor, lines) => {
    expect(read(...lines).vendor?.value).toBe(vendor)
  })
})

describe('interrupts', () => {
  it.each([
    [{ is: 'on', mode: 'x2apic' }, ['DMAR-IR: Enabled IRQ remapping in x2apic mode']],
    [{ is: 'on', mode: 'xapic' }, ['Enabled IRQ remapping in xapic mode']],
    [{ is: 'on', mode: undefined }, ['AMD-Vi: Interrupt remapping enabled']],
    [{ is: 'on', mode: 'x2apic' }, ['AMD-Vi: Interrupt remapping enabled', 'AMD-Vi: X2APIC enabled']],
    [{ is: 'off' }, ['AMD-Vi: Disabling interrupt remapping due to BIOS Bug(s)']],
    [
      { is: 'off' },
      ['DMAR-IR: Failed to enable irq remapping. You are vulnerable to irq-injection attacks.'],
    ],
    [{ is: 'not told' }, ['Remapping and enabling EFI services.', 'x2apic enabled']],
  ])('%j: %j', (told, lines) => {
    expect(read(...lines).interruptRemapping).toMatchObject(told)
  })
})

it.each([
  ['iommu: Default domain type: Passthrough (set via kernel command line)', 'Passthrough'],
  ['iommu: Default domain type: Translated ', 'Translated'],
  ['iommu: Default domain type: Translated\r', 'Translated'],
])('%j: %s', (line, type) => {
  expect(read(line).defaultDomain?.value).toBe(type)
})

it('groups are counted, their members named', () => {
  const messages = read(
    'pci 0000:00:01.0: Adding to iommu group 1',
    'xhci_hcd 0007:01:00.0: Adding to iommu group 0',
    'tegra-qspi NVDA1513:00: Adding to iommu group 16',
    'iommu: Adding device 0000:00:02.0 to group 1',
  )
  expect(messages.members).toEqual([
    { device: '0000:00:01.0', group: 1 },
    { device: '0007:01:00.0', group: 0 },
    { device: 'NVDA1513:00', group: 16 },
    { device: '0000:00:02.0', group: 1 },
  ])
  expect(groupCount(messages)).toBe(3)
})

it('firmware bugs are events, not lines; those of others are others’', () => {
  const bugs = [
    '[Firmware Bug]: AMD-Vi: IOAPIC[4] not in IVRS table',
    '[Firmware Bug]: AMD-Vi: No southbridge IOAPIC found',
  ]
  const rmrr = 'DMAR: [Firmware Bug]: RMRR entry for device 03:00.0 is broken - applying workaround'
  const others = [
    'ACPI BIOS Error (bug): Failure creating [\\_SB.PCI0], AE_ALREADY_EXISTS',
    '[Firmware Bug]: TSC_DEADLINE disabled due to Errata',
  ]
  expect(read(...bugs, ...others, rmrr).firmwareBugs).toEqual([{ lines: bugs }, { lines: [rmrr] }])
})

describe('faults name the device', () => {
  it.each([
    ['DMAR: [DMA Write] Request device [00:14.0] PASID ffffffff fault addr ffcda000', 'DMA', '0000:00:14.0'],
    [
      'DMAR: [DMA Read NO_PASID] Request device [0a:00.0] fault addr 0x0 [fault reason 0x06]',
      'DMA',
      '0000:0a:00.0',
    ],
    ['DMAR: [INTR-REMAP] Request device [f0:1f.0] fault index 0x0', 'interrupt remapping', '0000:f0:1f.0'],
    ['AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x0015]', 'DMA', '0000:02:00.0'],
    ['AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:02:00.0 domain=0x0015]', 'DMA', '0001:02:00.0'],
    [
      'vfio-pci 0000:0b:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000f address=0x0]',
      'DMA',
      '0000:0b:00.0',
    ],
  ])('%s', (line, kind, device) => {
    expect(read(line).faults).toEqual([{ value: { kind, device }, line }])
  })
})

it.each([
  'vfio-pci 0000:03:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.',
  'vfio-pci 0000:03:00.0: DMAR: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.',
])('refused for its reserved memory: %s', line => {
  expect(read(line).rejected).toEqual([{ value: '0000:03:00.0', line }])
})

it.each([
  ['vfio-pci: probe of 0000:06:00.0 failed with error -22', 'vfio-pci'],
  ['vfio-pci 0000:06:00.0: probe with driver vfio-pci failed with error -22', 'vfio-pci'],
  ['amdgpu: probe of 0000:06:00.0 failed with error -22', 'amdgpu'],
])('a failed probe: %s', (line, driver) => {
  expect(read(line).probeFailures).toEqual([{ value: { driver, device: '0000:06:00.0', error: -22 }, line }])
})

it.each([
  "vfio-pci 0000:07:00.0: BAR 1: can't reserve [mem 0xd0000000-0xdfffffff 64bit pref]",
  "vfio-pci 0000:07:00.0: BAR 1 [mem 0xd0000000-0xdfffffff 64bit pref]: can't reserve",
])('a BAR that somebody else has: %s', line => {
  expect(read(line).heldBars).toEqual([{ value: { device: '0000:07:00.0', bar: 1 }, line }])
})

it('parameters that nobody read count where they are about the IOMMU', () => {
  const everyday =
    'Unknown kernel command line parameters "BOOT_IMAGE=/boot/vmlinuz splash=silent", will be passed to user space.'
  const ours =
    'Unknown kernel command line parameters "splash pcie_acs_override=downstream intel_iommu=on", will be passed to user space.'
  expect(read(everyday).unknownParameters?.value.ours).toEqual([])
  expect(read(ours).unknownParameters?.value.ours).toEqual(['pcie_acs_override=downstream', 'intel_iommu=on'])
})

it('an ACS override is asked for by the line, and active by the warning of the patch', () => {
  const line = 'Kernel command line: ro pcie_acs_override=downstream,multifunction'
  const active = 'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA'
  const quirk = 'pcieport 0000:00:1c.0: Intel SPT PCH root port ACS workaround enabled'
  expect(read(line, quirk).acs).toEqual({ requested: ['downstream', 'multifunction'], active: undefined })
  expect(read(active).acs).toEqual({ requested: [], active })
  const unread =
    'Unknown kernel command line parameters "pcie_acs_override=downstream", will be passed to user space.'
  expect(read(unread).acs).toEqual({ requested: ['downstream'], active: undefined })
})

it('ids, ROMs, modules and the hypervisor', () => {
  const messages = read(
    'vfio_pci: add [10de:13c2[ffff:ffff]] class 0x000000/00000000',
    'vfio_pci: add [10DE:0FBB[ffffffff:ffffffff]] class 0x000000/00000000',
    'vfio-pci 0000:02:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff',
    "systemd-modules-load[463]: Failed to find module 'vfio_virqfd'",
    "systemd-modules-load[463]: Failed to find module 'vfio_virqfd'",
    'Hypervisor detected: KVM',
  )
  expect(messages.registeredIds.map(({ value }) => value)).toEqual(['10de:13c2', '10de:0fbb'])
  expect(messages.badRoms[0]?.value).toEqual({ driver: 'vfio-pci', device: '0000:02:00.0', got: '0xffff' })
  expect(messages.missingModules.map(({ value }) => value)).toEqual(['vfio_virqfd'])
  expect(messages.hypervisor?.value).toBe('KVM')
})

it('any lines are read', () => {
  const words = fc.constantFrom(
    'DMAR: ',
    'AMD-Vi: ',
    '[',
    ']',
    '0000:01:00.0',
    'Request device [',
    '"',
    'IOMMU ',
    '-22',
  )
  const line = fc.array(fc.oneof(words, fc.string({ unit: 'binary' }))).map(parts => parts.join(''))
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), (lines, truncated) => {
      expect(readMessages({ lines, truncated }).truncated).toBe(truncated)
    }),
  )
})
