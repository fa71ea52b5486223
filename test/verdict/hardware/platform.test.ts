import { describe, expect, it, test } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { platformFindings } from '../../../src/verdict/hardware/platform.ts'
import { aFirmware, anIommu, withCmdline, withLog, withVtdOffByDefault } from '../../builders.ts'
import { dark } from '../subjects.ts'
import { aDesktop as aNamedDesktop, told, wholly } from './machines.ts'

/** Of a maker that DMI does not name; what is told where it does has a test of its own. */
const aDesktop = (differing: Partial<Host> = {}): Host => {
  const host = aNamedDesktop()
  const unnamed = { vendor: '', product: '', board: '', firmwareVersion: '' }
  return { ...host, machine: { ...host.machine, ...unnamed }, ...differing }
}

const isOff = (differing: Partial<Host> = {}): Host => ({ ...dark(aDesktop()), ...differing })
const anAmd = (host: Host): Host => ({
  ...host,
  cpu: { vendor: 'amd', model: 'AMD Ryzen 7 5700X 8-Core Processor', flags: ['svm'] },
})
const messages = (...lines: string[]): Host => withLog(aDesktop(), ['Linux version 6.12.0', ...lines])
const interrupts = (remapping: Host['iommu']['interruptRemapping'], unsafeInterrupts = false): Host =>
  aDesktop({
    iommu: anIommu({ units: observed(['dmar0']), interruptRemapping: remapping, unsafeInterrupts }),
  })

test('a machine on which the IOMMU is on and interrupts go through it has nothing to be told', () => {
  expect(told(platformFindings(aDesktop()))).toEqual([])
  expect(platformFindings(aDesktop()).map(({ what }) => what)).toEqual([
    'VT-d is on (dmar0)',
    'interrupts go through the IOMMU',
  ])
})

test('the maker and the firmware’s version are told, for whoever is to help', () => {
  const { machine } = aDesktop()
  const host = aDesktop({
    machine: {
      ...machine,
      vendor: 'Gigabyte Technology Co., Ltd.',
      product: 'Z170X-UD5',
      board: 'Gigabyte Z170X-UD5-CF',
      firmwareVersion: 'F22f (03/09/2018)',
    },
  })
  expect(platformFindings(host)[0]).toMatchObject({
    severity: 'ok',
    what: 'the machine is a Gigabyte Technology Co., Ltd. Z170X-UD5 (board Gigabyte Z170X-UD5-CF), firmware F22f (03/09/2018)',
  })
})

describe('whether there is an IOMMU', () => {
  test.each<[string, Host, string[]]>([
    [
      'no table of firmware: both reasons are told, as nothing tells them apart',
      isOff({ firmware: aFirmware({ tables: [] }) }),
      [
        'firmware, problem',
        'VT-d is switched off in firmware, or the processor or the board does not have it',
        '/sys/firmware/acpi/tables has no DMAR',
        'switch VT-d (IOMMU) on in BIOS/UEFI; where there is no such setting, no kernel argument will help',
      ],
    ],
    [
      'the table of the other vendor is none',
      anAmd(isOff({ firmware: aFirmware({ tables: ['DMAR'] }) })),
      [
        'firmware, problem',
        'AMD-Vi is switched off in firmware, or the processor or the board does not have it',
        '/sys/firmware/acpi/tables has no IVRS',
        'switch AMD-Vi (IOMMU) on in BIOS/UEFI; where there is no such setting, no kernel argument will help',
      ],
    ],
    [
      'before the setup: a note, as a module brings it',
      withVtdOffByDefault(withCmdline(isOff(), 'root=/dev/sda1 ro quiet')),
      [
        'command line, note',
        'VT-d is there, and not switched on yet',
        '/sys/class/iommu is empty',
        'iommu_kernel_args sets intel_iommu=on',
      ],
    ],
    [
      'off on a kernel that has it on by default',
      withCmdline(isOff(), 'root=/dev/sda1 ro quiet'),
      [
        'kernel, problem',
        'the kernel has not switched VT-d on, though firmware offers it',
        '/sys/class/iommu is empty',
        'read what the kernel says of it: journalctl -k -b | grep -e DMAR -e AMD-Vi -e IOMMU',
      ],
    ],
    [
      'switched off by an argument',
      withCmdline(isOff(), 'root=/dev/sda1 intel_iommu=off'),
      [
        'command line, warning',
        'VT-d is there, and intel_iommu=off on the kernel command line switches it off',
        '/sys/class/iommu is empty',
        'iommu_kernel_args mends that',
      ],
    ],
    [
      'asked for, and not there',
      withCmdline(isOff(), 'root=/dev/sda1 intel_iommu=on'),
      [
        'kernel, problem',
        'the kernel has not switched VT-d on, though firmware offers it',
        '/sys/class/iommu is empty',
        'read what the kernel says of it: journalctl -k -b | grep -e DMAR -e AMD-Vi -e IOMMU',
      ],
    ],
    [
      'AMD’s needs no argument',
      anAmd(withCmdline(isOff({ firmware: aFirmware({ tables: ['IVRS'] }) }), 'root=/dev/sda1')),
      [
        'kernel, problem',
        'the kernel has not switched AMD-Vi on, though firmware offers it',
        '/sys/class/iommu is empty',
        'read what the kernel says of it: journalctl -k -b | grep -e DMAR -e AMD-Vi -e IOMMU',
      ],
    ],
  ])('%s', (_, host, finding) => {
    expect(platformFindings(host).map(wholly)).toEqual([finding])
  })

  it('what only the next boot shows is not claimed', () => {
    const host = isOff({ iommu: anIommu({ units: unknown('the next boot sets the IOMMU up anew') }) })
    expect(platformFindings(host)).toEqual([])
  })

  it('a place that has no IOMMU of its own is named, and nothing else', () => {
    const host = aDesktop({ machine: { ...aDesktop().machine, container: 'lxc' } })
    expect(platformFindings(host)).toMatchObject([
      { severity: 'problem', evidence: 'process 1 is in a container of lxc' },
    ])
  })
})

describe('interrupts', () => {
  test.each<[string, Host, string[]]>([
    [
      'that do not go through the IOMMU are a problem',
      interrupts(observed(false)),
      [
        'firmware, problem',
        'interrupts do not go through the IOMMU, and VFIO refuses devices because of that',
        '/proc/interrupts',
        'switch x2APIC or interrupt remapping on in BIOS/UEFI, or look for newer firmware',
      ],
    ],
    [
      'that an argument keeps from it are a problem of its own',
      withCmdline(interrupts(observed(false)), 'root=/dev/sda1 intremap=off'),
      [
        'command line, problem',
        'interrupts do not go through the IOMMU, as intremap=off has it, and VFIO refuses devices because of that',
        '/proc/cmdline',
        'take intremap=off away',
      ],
    ],
    [
      'that VFIO is told to accept are a risk',
      interrupts(observed(false), true),
      [
        'usable, warning',
        'VFIO is told to accept unsafe interrupts: a guest can disturb the host with its own',
        '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts is Y',
        'give devices only to guests that you trust as you trust the host',
      ],
    ],
    [
      'that VFIO is told to accept without need are a risk for nothing',
      interrupts(observed(true), true),
      [
        'usable, warning',
        'VFIO is told to accept unsafe interrupts, which this machine does not need',
        '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts is Y',
        'take allow_unsafe_interrupts away',
      ],
    ],
  ])('%s', (_, host, finding) => {
    expect(
      platformFindings(host)
        .filter(({ severity }) => severity !== 'ok')
        .map(wholly),
    ).toEqual([finding])
  })

  it('are judged by the messages where /proc/interrupts does not tell', () => {
    const host = interrupts(unknown('/proc/interrupts does not tell'))
    const line = 'DMAR-IR: Enabled IRQ remapping in x2apic mode'
    expect(platformFindings(withLog(host, [line])).at(-1)?.evidence).toBe(`the kernel says "${line}"`)
    expect(told(platformFindings(withLog(host, ['DMAR-IR: Not enabling interrupt remapping'])))).toHaveLength(
      1,
    )
    expect(platformFindings(host).map(({ what }) => what)).toEqual(['VT-d is on (dmar0)'])
  })
})

describe('what the kernel complains of', () => {
  test.each<[string, Host, string[]]>([
    [
      'errors in the firmware’s tables, however many lines',
      messages(
        'DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000bf7fa000-0x00000000bf7fbfff], contact BIOS vendor for fixes',
        'DMAR: [Firmware Bug]: Your BIOS is broken; bad RMRR [0x00000000bf7fa000-0x00000000bf7fbfff]',
      ),
      [
        'firmware, warning',
        "the firmware's tables about the IOMMU have errors",
        'the kernel says "DMAR: [Firmware Bug]: No firmware reserved region can cover this RMRR [0x00000000bf7fa000-0x00000000bf7fbfff], contact BIOS vendor for fixes", and 1 more such line',
        'look for newer firmware of the board',
      ],
    ],
    [
      'a device that reached too far',
      messages(
        'DMAR: DRHD: handling fault status reg 2',
        'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0xfffff000 [fault reason 0x06] PTE Read access is not set',
      ),
      [
        'kernel, warning',
        'the IOMMU has stopped 03:00.0 from reaching memory that was not given to it',
        'the kernel says "DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0xfffff000 [fault reason 0x06] PTE Read access is not set", and 1 more such line',
        'look for newer firmware of the board and a newer driver of the device',
      ],
    ],
    [
      'a device that VFIO was refused',
      messages(
        'vfio-pci 0000:03:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.',
      ),
      [
        'usable, warning',
        'VFIO was refused 03:00.0, whose memory the firmware insists on',
        'the kernel says "vfio-pci 0000:03:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor."',
        'choose another device, or look in BIOS/UEFI for what uses this one',
      ],
    ],
    [
      'firmware that does not want x2APIC',
      messages(
        "x2apic is disabled because BIOS sets x2apic opt out bit. Use 'intremap=no_x2apic_optout' to override the BIOS request.",
      ),
      [
        'firmware, note',
        'the firmware keeps the kernel from x2APIC, which costs some speed',
        'the kernel says "x2apic is disabled because BIOS sets x2apic opt out bit. Use \'intremap=no_x2apic_optout\' to override the BIOS request."',
        'intremap=no_x2apic_optout on the kernel command line overrides it',
      ],
    ],
    [
      'a log that does not begin at the beginning',
      withLog(aDesktop(), [], { truncated: true }),
      [
        'kernel, note',
        'the first kernel messages of this boot are gone: what they complained of is not told here',
        'the journal starts later',
        'keep a journal (Storage=persistent in journald.conf), or check again after a reboot',
      ],
    ],
  ])('%s', (_, host, finding) => {
    expect(
      platformFindings(host)
        .filter(({ severity }) => severity !== 'ok')
        .map(wholly),
    ).toEqual([finding])
  })
})
