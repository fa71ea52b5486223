import { describe, expect, it } from 'vitest'
import { boot } from '../../../src/host/boot.ts'
import type { Host } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { groups } from '../../../src/verdict/stages/groups.ts'
import { aHost, anAmdHost, anIommu, aReadyHost, withDevice, withFiles, withLog } from '../../builders.ts'
import { dark, failureOf, foreseen, remarksOf, resultOf } from '../subjects.ts'

const CARD = '0000:01:00.0'
const USB = '0000:02:00.0'
const choose =
  'choose these too and give them to the same guest (group: whole takes all that is in it), use another slot, or separate the groups with acs_override'

describe('passes', () => {
  it.each<[string, readonly string[], string]>([
    ['for a host', [], 'the IOMMU is on: dmar0, 16 groups'],
    [
      'for devices that are all of their groups',
      [CARD, '0000:01:00.1', USB],
      'groups 11, 12 hold only 01:00.0 VGA controller [1002:5159], 01:00.1 audio device [8086:293e], 02:00.0 USB controller [1033:0194]',
    ],
  ])('%s', (_, chosen, says) => {
    expect(resultOf(groups, aHost(), ...chosen)).toEqual({
      stage: 'groups',
      is: 'passed',
      says,
      evidence: '/sys/kernel/iommu_groups',
    })
  })
})

describe('fails', () => {
  it.each<[string, Host, readonly string[], object]>([
    [
      'no unit',
      withLog(dark(aHost()), ['Linux version 6.1', 'DMAR: IOMMU enabled']),
      [],
      {
        what: 'the IOMMU is off: the kernel drives no unit',
        evidence:
          '/sys/class/iommu; the kernel says "DMAR: IOMMU enabled", which only tells that an argument was read',
        next: 'look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi',
      },
    ],
    [
      'units without groups, and a log that is cut',
      withLog({ ...dark(aHost()), iommu: aHost().iommu }, [], { truncated: true }),
      [],
      {
        what: 'the IOMMU is off: dmar0 is driven, but no device is in a group (the log of this boot is truncated)',
        evidence: '/sys/class/iommu and /sys/kernel/iommu_groups',
        next: 'look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi',
      },
    ],
    [
      'groups that isolate nothing',
      aHost({ iommu: anIommu({ units: observed([]), noIommuGroups: [12] }) }),
      [USB],
      {
        what: 'group 12 of 02:00.0 USB controller [1033:0194] is a no-IOMMU group, which isolates nothing',
        evidence: '/sys/kernel/iommu_groups/12/name',
        next: 'do not load vfio with enable_unsafe_noiommu_mode',
      },
    ],
    [
      'a device in none',
      withDevice(aHost(), USB, { group: observed(-1) }),
      [USB],
      {
        what: '02:00.0 USB controller [1033:0194] is in no IOMMU group',
        evidence: 'there is no link /sys/bus/pci/devices/0000:02:00.0/iommu_group',
        next: 'see that the kernel lists it: journalctl -k -b | grep "Adding to iommu group"',
      },
    ],
    [
      'Intel’s graphics, which the kernel has left out',
      withLog(withDevice(aHost(), CARD, { group: observed(-1), vendor: '8086' }), [
        'DMAR: Disabling IOMMU for graphics on this chipset',
      ]),
      [CARD],
      {
        what: '01:00.0 VGA controller [8086:5159] is in no IOMMU group',
        evidence: 'the kernel says "DMAR: Disabling IOMMU for graphics on this chipset"',
        next: 'boot with intel_iommu=on and without igfx_off, and choose another display for the host; some chipsets leave it out in any case',
      },
    ],
    [
      'memory that the firmware insists on, before anybody tries',
      anAmdHost({ iommu: anIommu({ directGroups: [12] }) }),
      [USB],
      {
        what: 'the firmware insists on memory of its own for 02:00.0 USB controller [1033:0194], and the kernel gives such a device to no guest',
        evidence: 'a direct region in /sys/kernel/iommu_groups/12/reserved_regions',
        next: 'look in BIOS/UEFI for what uses it (remote management, RAID, shared memory of HP’s iLO), or choose another device',
      },
    ],
    [
      'memory that the firmware insists on, when somebody has tried',
      withLog(aHost(), [
        'vfio-pci 0000:02:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring',
      ]),
      [USB],
      {
        what: expect.stringContaining('the firmware insists on memory of its own'),
        evidence:
          'the kernel says "vfio-pci 0000:02:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring"',
        next: expect.any(String),
      },
    ],
    [
      'a mate that the host uses',
      aHost(),
      [CARD],
      {
        what: 'group 11 of 01:00.0 VGA controller [1002:5159] also holds 01:00.1 audio device [8086:293e], on snd_hda_intel',
        evidence: '/sys/kernel/iommu_groups/11/devices',
        next: choose,
      },
    ],
    [
      'several',
      aHost(),
      ['0000:06:01.0'],
      {
        what: 'group 15 of 06:01.0 display controller [1234:1111] also holds 06:02.0 audio device [8086:2668], on snd_hda_intel and 06:03.0',
        evidence: '/sys/kernel/iommu_groups/15/devices',
        next: choose,
      },
    ],
    [
      'a port on a driver of its own',
      withDevice(aHost(), '0000:00:15.0', { driver: observed('shpchp') }),
      ['0000:07:00.0'],
      {
        what: 'group 9 of 07:00.0 NVMe controller [1b36:0010] also holds 00:15.0 PCI bridge [1b36:000c], on shpchp',
        evidence: '/sys/kernel/iommu_groups/9/devices',
        next: 'a port does no harm on pcieport, or on no driver: blacklist shpchp, if nothing else needs it',
      },
    ],
  ])('%s', (_, host, chosen, failure) => {
    expect(failureOf(groups, host, ...chosen)).toEqual(failure)
  })
})

describe('cannot be told before the boot', () => {
  it.each<[string, Host, readonly string[], string]>([
    [
      'the units',
      aHost({ iommu: anIommu({ units: unknown('the next boot sets the IOMMU up anew') }) }),
      [],
      'the IOMMU: the next boot sets the IOMMU up anew',
    ],
    [
      'a group',
      withDevice(aHost(), USB, { group: unknown('groups are made at the next boot') }),
      [USB],
      'the group of 02:00.0 USB controller [1033:0194]: groups are made at the next boot',
    ],
    [
      'that there is none',
      foreseen(withLog(dark(aHost()), [])),
      [],
      'the IOMMU is off: the kernel drives no unit',
    ],
  ])('%s', (_, host, chosen, why) => {
    expect(failureOf(groups, host, ...chosen)).toBe(`unknown: ${why}`)
  })
})

it('a group that holds more fails before the boot, too: no boot makes it another', () => {
  expect(failureOf(groups, boot(aReadyHost()), '0000:06:01.0')).toMatchObject({
    what: expect.stringMatching(/^group 15 of 06:01\.0 .* also holds 06:02\.0/),
  })
})

describe('warns', () => {
  const acs = 'Warning: PCIe ACS overrides enabled; This may allow non-IOMMU protected peer-to-peer DMA'
  const fault = 'DMAR: [DMA Write] Request device [00:14.0] PASID ffffffff fault addr ffcda000'
  const refused =
    'vfio-pci 0000:03:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring'

  it.each<[string, Host, object]>([
    [
      'of the ACS override',
      withLog(aHost(), [acs]),
      {
        what: 'the ACS override splits groups that the hardware does not isolate',
        evidence: `the kernel says "${acs}"`,
        next: 'trust such a guest as you trust the host: it can reach the memory of what was in its group',
      },
    ],
    [
      'of faults, with the devices',
      withLog(aHost(), ['DMAR: DRHD: handling fault status reg 3', fault]),
      {
        what: 'the IOMMU has stopped accesses of 00:14.0',
        evidence: `the kernel says "${fault}"`,
        next: 'a driver or the firmware’s tables let a device reach where it may not: look for newer firmware',
      },
    ],
    [
      'of faults of nobody in particular',
      withLog(aHost(), ['DMAR: DRHD: handling fault status reg 2']),
      {
        what: 'the IOMMU has stopped accesses',
        evidence: 'the kernel says "DMAR: DRHD: handling fault status reg 2"',
        next: 'a driver or the firmware’s tables let a device reach where it may not: look for newer firmware',
      },
    ],
    [
      'of devices that were refused to VFIO',
      withLog(aHost(), [refused]),
      {
        what: '03:00.0 cannot go to a guest: the firmware insists on memory of its own for it',
        evidence: `the kernel says "${refused}"`,
        next: 'choose another device',
      },
    ],
    [
      'of interrupts that are not remapped',
      aHost({ iommu: anIommu({ interruptRemapping: observed(false) }) }),
      {
        what: 'interrupt remapping is off, without which VFIO gives no device to a guest',
        evidence: 'no line of /proc/interrupts is of IR-…',
        next: 'switch it on in BIOS/UEFI (with x2APIC, or as part of the IOMMU), look for newer firmware, and take intremap=off away',
      },
    ],
  ])('%s', (_, host, warning) => {
    expect(remarksOf(groups, host)).toEqual([{ severity: 'warning', ...warning }])
  })

  it('of interrupts only where there is an IOMMU for them to go through', () => {
    const host = aHost({ iommu: anIommu({ interruptRemapping: observed(false) }) })
    expect(remarksOf(groups, { ...dark(host), iommu: { ...host.iommu, units: observed([]) } })).toEqual([])
  })

  it('of interrupts that VFIO is told to do without', () => {
    const host = withFiles(aHost({ iommu: anIommu({ interruptRemapping: observed(false) }) }), {
      '/etc/modprobe.d/unsafe.conf': 'options vfio_iommu_type1 allow_unsafe_interrupts=1\n',
    })
    expect(remarksOf(groups, host)).toMatchObject([
      { what: expect.stringContaining('VFIO is told to do without') },
    ])
  })

  it('not of what is as it must be', () => {
    expect(remarksOf(groups, aReadyHost(), CARD, '0000:01:00.1')).toEqual([])
  })
})
