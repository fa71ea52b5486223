import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { verify_dmesg } from '../../src/modules/verify_dmesg.ts'
import { aFirmware, aHost, anAmdHost, planned, withCmdline, withLog } from '../builders.ts'

const plan = (host: Host) => planned(verify_dmesg, host)
const SET_UP = 'DMAR: Intel(R) Virtualization Technology for Directed I/O'

/** No units, no groups. */
const dark = (host: Host): Host => ({
  ...host,
  iommu: { units: observed([]), noIommuGroups: [] },
  devices: host.devices.map(device => ({ ...device, group: observed(-1) })),
})

describe('an IOMMU that is on', () => {
  it.each([
    ['Intel', aHost(), [SET_UP], `the IOMMU is on: dmar0, 16 groups; the kernel says "${SET_UP}"`],
    [
      'AMD',
      anAmdHost(),
      ['pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40'],
      'the IOMMU is on: ivhd0, 16 groups; the kernel says "pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40"',
    ],
    [
      'a log that has said nothing of it',
      aHost(),
      ['Linux version 6.1'],
      'the IOMMU is on: dmar0, 16 groups; the kernel log has no message about it',
    ],
    [
      'a warning by name',
      aHost(),
      [SET_UP, 'DMAR: DRHD: handling fault status reg 2'],
      `the IOMMU is on: dmar0, 16 groups; the kernel says "${SET_UP}"; but the kernel warns: DMAR: DRHD: handling fault status reg 2`,
    ],
  ])('%s', (_, host, lines, why) => {
    expect(plan(withLog(host, lines))).toEqual({ kind: 'converged', why })
  })

  it('a log whose beginning is gone proves nothing against it', () => {
    expect(plan(withLog(aHost(), [], { truncated: true }))).toEqual({
      kind: 'converged',
      why: 'the IOMMU is on: dmar0, 16 groups; the log of this boot is truncated, its first messages are gone',
    })
  })
})

describe('an IOMMU that is off', () => {
  const none = aFirmware({ tables: [] })

  it.each<[string, Host, string, string]>([
    [
      'in the firmware, whatever the messages say',
      withLog(dark(aHost({ firmware: none })), ['DMAR: IOMMU enabled']),
      'the IOMMU is off: the firmware offers none, there is no ACPI DMAR table',
      'switch VT-d or AMD-Vi on in BIOS/UEFI',
    ],
    [
      'in the firmware, on AMD, with a cut log',
      withLog(dark(anAmdHost({ firmware: none })), [], { truncated: true }),
      'the IOMMU is off: the firmware offers none, there is no ACPI IVRS table (the log of this boot is truncated)',
      'switch VT-d or AMD-Vi on in BIOS/UEFI',
    ],
    [
      'by intel_iommu=off',
      withLog(withCmdline(dark(aHost()), 'ro intel_iommu=off'), []),
      'the IOMMU is off: the running kernel was booted with intel_iommu=off',
      'let iommu_kernel_args take it away, then reboot',
    ],
    [
      'by iommu=off',
      withLog(withCmdline(dark(anAmdHost()), 'iommu=off'), []),
      'the IOMMU is off: the running kernel was booted with iommu=off',
      'let iommu_kernel_args take it away, then reboot',
    ],
    [
      'by amd_iommu=off',
      withLog(withCmdline(dark(anAmdHost()), 'amd_iommu=off'), []),
      'the IOMMU is off: the running kernel was booted with amd_iommu=off',
      'let iommu_kernel_args take it away, then reboot',
    ],
    [
      'for want of intel_iommu=on',
      withLog(withCmdline(dark(aHost()), 'ro'), []),
      'the IOMMU is off: the running kernel was booted without intel_iommu=on',
      'let iommu_kernel_args set it, then reboot',
    ],
    [
      'for no reason that shows',
      withLog(withCmdline(dark(aHost()), 'intel_iommu=on'), []),
      'the IOMMU is off, though the firmware offers it and nothing on the command line switches it off',
      'look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(plan(host)).toEqual({ kind: 'blocked', why, hint })
  })

  it('units without groups are not enough', () => {
    expect(plan({ ...dark(aHost()), iommu: aHost().iommu }).kind).toBe('blocked')
  })
})

it('before the boot it cannot be told', () => {
  expect(
    plan(aHost({ iommu: { units: unknown('the next boot sets the IOMMU up anew'), noIommuGroups: [] } })),
  ).toEqual({
    kind: 'unknown',
    why: 'the IOMMU: the next boot sets the IOMMU up anew',
  })
})
