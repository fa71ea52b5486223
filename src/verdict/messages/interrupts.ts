import { firstOf } from './said.ts'

/** Whether interrupts go through the IOMMU, by the messages; `mode` where they tell. */
export type RemappingTold =
  | { readonly is: 'on'; readonly mode: 'x2apic' | 'xapic' | undefined; readonly line: string }
  | { readonly is: 'off'; readonly line: string }
  | { readonly is: 'not told' }

export function remappingTold(lines: readonly string[]): RemappingTold {
  const off = firstOf(lines, OFF)
  if (off !== undefined) return { is: 'off', line: off }
  const on = firstOf(lines, ON)
  return on === undefined ? { is: 'not told' } : { is: 'on', mode: modeOf(on, lines), line: on }
}

/** drivers/iommu/intel/irq_remapping.c and drivers/iommu/amd/init.c; a blocked interrupt was one that was looked at. */
const ON: readonly RegExp[] = [
  /Enabled IRQ remapping in x2?apic mode/,
  /AMD-Vi: Interrupt remapping enabled/,
  /Enabled Interrupt-remapping/i,
  /\[INTR-REMAP\] Request device/,
]

const OFF: readonly RegExp[] = [
  /AMD-Vi: Disabling interrupt remapping/i,
  /interrupt remapping (?:is being )?disabled/i,
  /DMAR-IR: (?:Failed to (?:enable|set up)|Not enabling)/i,
  /Failed to enable (?:Interrupt-remapping|irq remapping)/i,
]

/** Intel's line names it; AMD's has one of its own, which is missing for xAPIC and on older kernels alike. */
function modeOf(line: string, lines: readonly string[]): 'x2apic' | 'xapic' | undefined {
  if (line.includes('in x2apic mode')) return 'x2apic'
  if (line.includes('in xapic mode')) return 'xapic'
  return lines.some(one => /AMD-Vi: X2APIC enabled/.test(one)) ? 'x2apic' : undefined
}
