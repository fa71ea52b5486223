import { z } from 'zod'
import type { Host, KernelLog } from '../host/host.ts'
import { effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { blocked, converged, defineModule, type Outcome, untilBoot } from './define.ts'

export const verify_dmesg = defineModule({
  name: 'verify_dmesg',
  summary: 'Prove that the IOMMU is on, and explain it with the kernel messages',
  description: `Decides on sysfs: the firmware's table, the IOMMU units in /sys/class/iommu, the groups. The messages
explain the verdict and never make it: \`DMAR: IOMMU enabled\` only says that the argument was read, also on machines
without VT-d, and \`AMD-Vi:\` lines appear on Intel machines. Where the first messages of this boot are gone it says
so; what is missing from such a log proves nothing.`,
  args: z.strictObject({}),
  example: `- name: Prove that the IOMMU is on
  verify_dmesg:`,
  plan(host) {
    if (host.iommu.units.is === 'unknown')
      return { kind: 'unknown', why: `the IOMMU: ${host.iommu.units.why}` }
    const units = host.iommu.units.value
    const grouped = host.devices.filter(device => (ifKnown(device.group) ?? -1) >= 0)
    const log = ifKnown(host.log)
    if (units.length === 0 || grouped.length === 0) return off(host, log)
    const groups = new Set(grouped.map(device => ifKnown(device.group))).size
    const on = `the IOMMU is on: ${units.join(', ')}, ${groups} groups`
    if (host.log.is === 'unknown') return untilBoot(on)
    const trouble = log?.lines.find(line => TROUBLE.test(line))
    return converged(
      [on, saying(log), ...(trouble === undefined ? [] : [`but the kernel warns: ${trouble}`])].join('; '),
    )
  },
})

/** Proof that the hardware was set up, newest wording first (drivers/iommu/{intel,amd}). */
const SET_UP = [
  /DMAR: Intel\(R\) Virtualization Technology for Directed I\/O/,
  /AMD-Vi: Using global IVHD EFR/,
  /AMD-Vi: IOMMU performance counters supported/,
  /AMD-Vi: Extended features/,
  /AMD-Vi: Found IOMMU/,
  /Adding to iommu group/,
]

/** Worth a warning by name, though the IOMMU is on. */
const TROUBLE =
  /DRHD: handling fault status|RMRR entry for device .* is broken|ineligible for IOMMU domain attach|1:1 IOMMU mapping, rejecting|interrupt remapping disabled/i

function saying(log: KernelLog | undefined): string {
  const line = SET_UP.map(pattern => log?.lines.find(one => pattern.test(one))).find(one => one !== undefined)
  if (line !== undefined) return `the kernel says "${line}"`
  return log === undefined || log.truncated
    ? 'the log of this boot is truncated, its first messages are gone'
    : 'the kernel log has no message about it'
}

function off(host: Host, log: KernelLog | undefined): Outcome {
  const table = host.cpu.vendor === 'amd' ? 'IVRS' : 'DMAR'
  const truncated = log === undefined || log.truncated ? ' (the log of this boot is truncated)' : ''
  if (!host.firmware.tables.includes(table)) {
    return blocked(
      `the IOMMU is off: the firmware offers none, there is no ACPI ${table} table${truncated}`,
      'switch VT-d or AMD-Vi on in BIOS/UEFI',
    )
  }
  const line = ifKnown(host.cmdline) ?? []
  const key = host.cpu.vendor === 'amd' ? 'amd_iommu' : 'intel_iommu'
  const switched = line.find(
    token =>
      token === 'iommu=off' || (token.startsWith(`${key}=`) && effectiveValues([token], key).includes('off')),
  )
  if (switched !== undefined)
    return blocked(
      `the IOMMU is off: the running kernel was booted with ${switched}`,
      'let iommu_kernel_args take it away, then reboot',
    )
  if (host.cpu.vendor === 'intel' && !effectiveValues(line, key).includes('on')) {
    return blocked(
      'the IOMMU is off: the running kernel was booted without intel_iommu=on',
      'let iommu_kernel_args set it, then reboot',
    )
  }
  return blocked(
    `the IOMMU is off, though the firmware offers it and nothing on the command line switches it off${truncated}`,
    `look at the kernel log: journalctl -k -b | grep -e DMAR -e AMD-Vi`,
  )
}
