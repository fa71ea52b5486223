import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { unknown } from '../../src/host/known.ts'
import { verify_dmesg } from '../../src/modules/verify_dmesg.ts'
import {
  aFirmware,
  aHost,
  anAmdHost,
  anIommu,
  planned,
  withCmdline,
  withKernel,
  withLog,
  withVtdOffByDefault,
} from '../builders.ts'
import { dark, foreseen, onMetal } from '../verdict/subjects.ts'

const plan = (host: Host) => planned(verify_dmesg, host)
/** Booted as GRUB's menu has it. */
const line =
  'root=UUID=5f0a5f0e-6c61-4b2d-8a3e-1ab000000001 ro mitigations=off apparmor=0 nowatchdog console=ttyS0 quiet'
const SET_UP = 'DMAR: Intel(R) Virtualization Technology for Directed I/O'
/** Of /proc/interrupts, whatever the messages say. */
const REMAPS = 'interrupt remapping is on'

describe('an IOMMU that is on', () => {
  it.each([
    ['Intel', aHost(), [SET_UP], `the IOMMU is on: dmar0, 16 groups; the kernel says "${SET_UP}"; ${REMAPS}`],
    [
      'AMD',
      anAmdHost(),
      ['pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40'],
      `the IOMMU is on: ivhd0, 16 groups; the kernel says "pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40"; ${REMAPS}`,
    ],
    [
      'a log that has said nothing of it',
      aHost(),
      ['Linux version 6.1'],
      `the IOMMU is on: dmar0, 16 groups; the kernel log has no message about it; ${REMAPS}`,
    ],
    [
      'interrupts and domains',
      aHost({ iommu: anIommu({ interruptRemapping: unknown('/proc/interrupts does not tell') }) }),
      [SET_UP, 'DMAR-IR: Enabled IRQ remapping in x2apic mode', 'iommu: Default domain type: Translated '],
      `the IOMMU is on: dmar0, 16 groups; the kernel says "${SET_UP}"; interrupt remapping is on (x2apic); default domain Translated`,
    ],
  ])('%s', (_, host, lines, why) => {
    expect(plan(withLog(host, lines))).toEqual({ kind: 'converged', why })
  })

  it('a log whose beginning is gone proves nothing against it', () => {
    expect(plan(withLog(aHost(), [], { truncated: true }))).toEqual({
      kind: 'converged',
      why: `the IOMMU is on: dmar0, 16 groups; the log of this boot is truncated, and says nothing of it; ${REMAPS}`,
    })
  })
})

describe('an IOMMU that is off', () => {
  const none = aFirmware({ tables: [] })
  const kept = `, which switches the IOMMU off`

  it.each<[string, Host, string, string]>([
    [
      'in the firmware, whatever the messages say',
      withLog(onMetal(dark(anAmdHost({ firmware: none }))), ['DMAR: IOMMU enabled']),
      'the firmware offers no IOMMU: AMD-Vi is off in BIOS/UEFI, or this processor or board has none (no ACPI table IVRS in /sys/firmware/acpi/tables; the kernel says "DMAR: IOMMU enabled", which only tells that an argument was read)',
      'switch AMD-Vi on in BIOS/UEFI (often under NBIO or AMD CBS, as "IOMMU"; SVM is another setting); where there is no such setting, no kernel argument can help',
    ],
    [
      'in a kernel that lacks what it takes',
      withLog(withKernel(aHost(), { vfio: {} }), []),
      'kernel 6.1.0-56-amd64 (it is running) has no vfio-pci (neither modules.dep nor modules.builtin in /lib/modules/6.1.0-56-amd64 names it)',
      'install a full kernel (not a cloud one), or remove this one',
    ],
    [
      'by intel_iommu=off',
      withLog(withCmdline(dark(aHost()), `${line} intel_iommu=off`), []),
      `the running kernel was booted with intel_iommu=off${kept}; it is taken away and not yet booted (/proc/cmdline, and the files of GRUB)`,
      'reboot',
    ],
    [
      'for want of intel_iommu=on',
      withLog(withCmdline(withVtdOffByDefault(dark(aHost())), line), []),
      'the running kernel was booted without intel_iommu=on (/proc/cmdline)',
      'let iommu_kernel_args set it, then reboot',
    ],
    [
      'for no reason that shows',
      withLog(withCmdline(dark(aHost()), `${line} intel_iommu=on`), []),
      'the IOMMU is off: the kernel drives no unit (/sys/class/iommu and /sys/kernel/iommu_groups)',
      'look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(plan(host)).toEqual({ kind: 'blocked', why, hint })
  })

  it('units without groups are not enough', () => {
    expect(plan({ ...dark(aHost()), iommu: aHost().iommu }).kind).toBe('blocked')
  })

  it('what else is to be mended is told beside it', () => {
    const host = withLog(onMetal(withVtdOffByDefault(dark(aHost({ firmware: none })))), [])
    expect(plan(withCmdline(host, 'ro')).findings).toMatchObject([
      {
        stage: 'command line',
        severity: 'problem',
        what: 'the running kernel was booted without intel_iommu=on',
      },
    ])
  })
})

it('warnings of the kernel are told beside the proof', () => {
  const fault = 'DMAR: DRHD: handling fault status reg 2'
  expect(plan(withLog(aHost(), [SET_UP, fault]))).toMatchObject({
    kind: 'converged',
    findings: [
      { severity: 'warning', what: 'the IOMMU has stopped accesses', evidence: `the kernel says "${fault}"` },
    ],
  })
})

describe('before the boot', () => {
  it('what the boot decides cannot be told', () => {
    const iommu = anIommu({ units: unknown('the next boot sets the IOMMU up anew') })
    expect(plan(foreseen(aHost({ iommu })))).toEqual({
      kind: 'unknown',
      why: 'the IOMMU: the next boot sets the IOMMU up anew',
    })
  })

  it('what is foreseen is no proof', () => {
    expect(plan(foreseen(aHost({ log: unknown('the next boot writes its own log') })))).toEqual({
      kind: 'unknown',
      why: 'foreseen, and shown by the next boot: the IOMMU is on: dmar0, 16 groups',
    })
  })
})
