import { z } from 'zod'
import { refuseEnvironment } from '../host/environment.ts'
import type { Host } from '../host/host.ts'
import type { ArgEdit } from '../host/kernel_args.ts'
import { allow, bootloader, kernelArgument, state } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome } from './define.ts'
import { planKernelLine } from './kernel_line.ts'

const args = z.strictObject({
  state,
  vendor: z
    .enum(['auto', 'intel', 'amd'])
    .default('auto')
    .describe('whose IOMMU; `auto` follows the processor'),
  args: z
    .array(kernelArgument)
    .default([])
    .describe('further kernel arguments to set or, with `state: absent`, to take away'),
  bootloader,
  allow,
})

export const iommu_kernel_args = defineModule({
  name: 'iommu_kernel_args',
  summary: 'Turn the IOMMU on through the kernel command line',
  description: `Sets \`intel_iommu=on\` where the processor is Intel's. AMD's IOMMU is on by default when the firmware
offers it (the IVRS table), so nothing is needed there but that it is not switched off: \`amd_iommu=on\` is no value the
kernel knows, it is accepted in \`args\` and not asked for.

It is converged when the bootloader's sources, its menu *and* /proc/cmdline carry the arguments; that IOMMU groups
exist proves nothing, as some distributions build their kernels with the IOMMU on for some devices only.

Blocked where the firmware offers no IOMMU: no kernel argument can help there. So are containers, Xen, virtual machines
that were given no IOMMU, and architectures other than x86_64, each by its name; \`state: absent\` is not.`,
  args,
  example: `- name: Turn the IOMMU on
  iommu_kernel_args:
    args: [iommu=pt]
  notify: reboot`,
  plan(host, { state, vendor, args, allow }) {
    const present = state === 'present'
    const unfit = present ? refuseEnvironment(host) : undefined
    if (unfit !== undefined) return blocked(unfit.why, unfit.hint)
    const whose = vendor === 'auto' ? host.cpu.vendor : vendor
    if (whose === 'other')
      return blocked(
        `the processor (${host.cpu.model || host.arch}) is neither Intel's nor AMD's`,
        'this machine cannot be prepared by vfio-run',
      )
    const off = present ? offInFirmware(host, whose) : undefined
    if (off !== undefined) return off
    const edits = [
      ...iommuEdits(whose, present),
      ...args.map((token): ArgEdit => ({ op: present ? 'add_token' : 'remove_token', token })),
    ]
    const named = [...(whose === 'intel' ? ['intel_iommu=on'] : []), ...args]
    const what = named.join(present ? ' ' : ' or ')
    if (what === '' && present) {
      const outcome = planKernelLine(host, edits, 'amd_iommu=off or iommu=off', { state: 'absent', allow })
      return outcome.kind === 'converged'
        ? converged("AMD's IOMMU is on by default and not switched off")
        : outcome
    }
    if (what === '') return converged("nothing of ours is on an AMD machine's command line")
    return planKernelLine(host, edits, what, { state, allow })
  },
})

function iommuEdits(vendor: 'intel' | 'amd', present: boolean): ArgEdit[] {
  if (vendor === 'intel')
    return [
      { op: present ? 'add' : 'remove', key: 'intel_iommu', value: 'on' },
      ...(present ? generalOff : []),
    ]
  return present ? [{ op: 'remove', key: 'amd_iommu', value: 'off' }, ...generalOff] : []
}

/** `iommu=off` switches every vendor's off (Documentation/admin-guide/kernel-parameters.txt). */
const generalOff: ArgEdit[] = [{ op: 'remove', key: 'iommu', value: 'off' }]

const FIRMWARE = {
  intel: { table: 'DMAR', name: 'VT-d' },
  amd: { table: 'IVRS', name: 'AMD-Vi (often called IOMMU)' },
} as const

function offInFirmware(host: Host, vendor: 'intel' | 'amd'): Outcome | undefined {
  const { table, name } = FIRMWARE[vendor]
  if (host.firmware.tables.includes(table)) return undefined
  return blocked(
    `the firmware offers no IOMMU: there is no ACPI ${table} table`,
    `switch ${name} on in BIOS/UEFI; if it is on, the processor or the board does not have it`,
  )
}
