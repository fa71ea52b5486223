import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * Whether the running kernel carries the ACS override patch, by its symbols. They are a hundred thousand lines, so they are only
 * read where somebody asks. Debian's System.map is a stub that only says where the real one is: a symbol that every kernel
 * has must be there too before the other's absence means anything.
 */
export const acsPatch = defineFact({
  commands: {
    symbols: `for f in "$root/proc/kallsyms" "$root/boot/System.map-$(uname -r)"; do
[ -r "$f" ] || continue
grep -m 1 -o pcie_acs_override "$f" || grep -m 1 -o -w start_kernel "$f" || continue
break
done`,
  },
  parse({ symbols }): Known<boolean> {
    const symbol = linesOf(symbols)[0]?.trim()
    if (symbol === 'pcie_acs_override') return observed(true)
    if (symbol === 'start_kernel') return observed(false)
    return unknown('the symbols of the running kernel are not readable (/proc/kallsyms)')
  },
})
