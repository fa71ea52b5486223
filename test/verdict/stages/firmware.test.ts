import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { firmware } from '../../../src/verdict/stages/firmware.ts'
import { aFirmware, aHost, anAmdHost, withCmdline, withLog } from '../../builders.ts'
import { dark, failureOf, foreseen, onMetal, remarksOf, resultOf } from '../subjects.ts'

const none = aFirmware({ tables: [] })
const without = (host: Host): Host => onMetal(dark({ ...host, firmware: none }))

it('a table and units pass', () => {
  expect(resultOf(firmware, aHost())).toEqual({
    stage: 'firmware',
    is: 'passed',
    says: 'the firmware offers an IOMMU, VT-d',
    evidence: '/sys/firmware/acpi/tables/DMAR',
  })
})

it('units pass without a table: sysfs decides', () => {
  expect(resultOf(firmware, aHost({ firmware: none }))).toMatchObject({
    is: 'passed',
    says: 'there is an IOMMU, without a table of ACPI',
    evidence: '/sys/class/iommu: dmar0',
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'without a table of Intel’s',
      withLog(without(aHost()), []),
      {
        what: 'the firmware offers no IOMMU: VT-d is off in BIOS/UEFI, or this processor or board has none',
        evidence: 'no ACPI table DMAR in /sys/firmware/acpi/tables',
        next: 'switch VT-d on in BIOS/UEFI (often under System Agent or Chipset, as "Intel VT for Directed I/O"; VT-x is another setting); where there is no such setting, no kernel argument can help',
      },
    ],
    [
      'on AMD, though the argument of Intel’s was read',
      withLog(without(anAmdHost()), ['DMAR: IOMMU enabled'], { truncated: true }),
      {
        what: 'the firmware offers no IOMMU: AMD-Vi is off in BIOS/UEFI, or this processor or board has none',
        evidence:
          'no ACPI table IVRS in /sys/firmware/acpi/tables; the kernel says "DMAR: IOMMU enabled", which only tells that an argument was read',
        next: 'switch AMD-Vi on in BIOS/UEFI (often under NBIO or AMD CBS, as "IOMMU"; SVM is another setting); where there is no such setting, no kernel argument can help',
      },
    ],
    [
      'with acpi=off',
      withCmdline(without(aHost()), 'ro acpi=off'),
      {
        what: 'the kernel was booted with acpi=off, so that it reads no table of the firmware, the IOMMU’s included',
        evidence: 'acpi=off in /proc/cmdline',
        next: 'take acpi=off away where this machine is booted from, then reboot',
      },
    ],
    [
      'in a virtual machine that was given none',
      dark(aHost({ firmware: none })),
      {
        what: 'this is a virtual machine (QEMU) without an IOMMU: its firmware has no ACPI table DMAR or IVRS',
        evidence: 'hypervisor among the flags in /proc/cpuinfo',
        next: expect.stringContaining('give it one: QEMU -machine q35'),
      },
    ],
    [
      'on another architecture',
      onMetal(dark(aHost({ arch: 'aarch64' }))),
      {
        what: "this machine's architecture is aarch64: vfio-run knows the IOMMUs of x86_64 (VT-d and AMD-Vi) only",
        evidence: 'uname -m: aarch64',
        next: expect.any(String),
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(firmware, host)).toEqual(failure)
  })

  it('not before a boot that may bring it', () => {
    expect(failureOf(firmware, foreseen(withLog(without(aHost()), [])))).toBe(
      'unknown: the firmware offers no IOMMU: VT-d is off in BIOS/UEFI, or this processor or board has none',
    )
  })
})

it('faults of the firmware are warnings, an event each', () => {
  const bugs = [
    '[Firmware Bug]: AMD-Vi: IOAPIC[9] not in IVRS table',
    '[Firmware Bug]: AMD-Vi: No southbridge IOAPIC found',
  ]
  const optOut = 'DMAR-IR: x2apic is disabled because BIOS sets x2apic opt out bit.'
  expect(remarksOf(firmware, withLog(anAmdHost(), [...bugs, optOut]))).toEqual([
    {
      severity: 'warning',
      what: 'the firmware’s description of the IOMMU has a fault',
      evidence: `the kernel says "${bugs[0]}", and 1 more of it`,
      next: 'look for newer firmware of this board; if the IOMMU works none the less, nothing needs to be done',
    },
    {
      severity: 'note',
      what: 'the firmware keeps the kernel from x2APIC',
      evidence: `the kernel says "${optOut}"`,
      next: '',
    },
  ])
})
