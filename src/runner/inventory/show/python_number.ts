import type { ScalarNode } from '../../yaml/yaml_node.ts'

/** A number as Python writes it, which tells 1 from 1.0: only what was written with a point or an exponent is a float. */
export function pythonNumber(node: ScalarNode & { readonly value: number }): string {
  const { value, source } = node
  if (!/^[-+]?[\d_]*(?:\.|[\d.][eE])/.test(source)) return String(value)
  const size = Math.abs(value)
  // Python's repr() changes to an exponent of two digits at least, from 1e16 and below 1e-4.
  if (size >= 1e16 || (size < 1e-4 && size > 0))
    return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2')
  return Number.isInteger(value) ? `${value}.0` : String(value)
}
