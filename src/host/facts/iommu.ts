import type { Iommu } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, fileLines, linesOf } from './fact.ts'

/** Documentation/ABI/testing/sysfs-class-iommu, sysfs-kernel-iommu_groups. */
export const iommu = defineFact({
  commands: {
    units: 'ls -1 "$root/sys/class/iommu"',
    names: 'cd "$root/sys/kernel/iommu_groups" && grep -H "" -- */name 2>/dev/null',
    direct: 'cd "$root/sys/kernel/iommu_groups" && grep -H " direct *$" -- */reserved_regions 2>/dev/null',
    // Thousands of long lines on a large server: the first that names an interrupt controller is enough.
    interrupts: `f=$root/proc/interrupts; grep -m 1 -o -E 'IR-(IO-APIC|PCI-MSI)' "$f" || grep -m 1 -o 'IO-APIC' "$f"`,
    unsafe: 'read -r v <"$root/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts" && echo "$v"',
  },
  parse: (out): Iommu => ({
    units: observed(linesOf(out.units)),
    noIommuGroups: fileLines(out.names)
      .filter(({ text }) => text.trim() === 'vfio-noiommu')
      .map(({ path }) => Number.parseInt(path, 10)),
    directGroups: numbersOf(fileLines(out.direct).filter(({ text }) => /\sdirect\s*$/.test(text))),
    interruptRemapping: remapping(linesOf(out.interrupts)[0]?.trim() ?? ''),
    unsafeInterrupts: /^[Y1]/.test(out.unsafe),
  }),
})

const numbersOf = (lines: readonly { path: string }[]): number[] =>
  [...new Set(lines.map(({ path }) => Number.parseInt(path, 10)))].filter(number => number >= 0)

/** The chips' names get IR- in front (drivers/iommu/{intel,amd}); every x86 machine without has an IO-APIC by its own name. */
function remapping(chip: string): Known<boolean> {
  if (chip.startsWith('IR-')) return observed(true)
  return chip === 'IO-APIC' ? observed(false) : unknown('/proc/interrupts does not tell')
}
