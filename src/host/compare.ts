import type { Host } from './host.ts'

/** How a prediction did against what was then observed, field by field. */
export interface Comparison {
  readonly compared: number
  /** Fields the prediction called unknown. */
  readonly unknown: number
  readonly wrong: readonly {
    readonly field: string
    readonly predicted: unknown
    readonly observed: unknown
  }[]
}

/**
 * What no plan foretells. Our own bookkeeping is written by the run itself; the user's word is no fact of the host, and
 * what is looked for on demand depends on who asks. The kernel writes to its log whatever it likes. Programs come and go
 * between two looks, and so do the guests that virtual functions and vGPUs were made for.
 */
const NOT_COMPARED = new Set([
  ...['journal', 'bootloader', 'acsPatch', 'pciNames', 'log'],
  ...['holders', 'framebuffers', 'mediatedParents'],
])

/**
 * The same of a device: its link goes to low speed when idle, its nodes are named in the order in which drivers came,
 * windows are laid out anew at each boot, and what it can be divided into is for its driver of the moment to say.
 */
const NOT_COMPARED_OF_DEVICES = /^devices\.\d+\.(link|nodes|bars|sriov|physicalFunction|vfioDev|mediated)$/

/**
 * Groups are numbered anew at each boot. Remapping is settled with the IOMMU, by what firmware allows; and anybody may
 * write to a module's parameter.
 */
const NOT_COMPARED_OF_IOMMU = /^iommu\.(directGroups|interruptRemapping|unsafeInterrupts)$/

/** Every field of the observed Host, down to the leaves, against the prediction. */
export function compareHosts(predicted: Host, observed: Host): Comparison {
  const result = {
    compared: 0,
    unknown: 0,
    wrong: [] as { field: string; predicted: unknown; observed: unknown }[],
  }
  const visit = (field: string, expected: unknown, seen: unknown): void => {
    if (NOT_COMPARED_OF_DEVICES.test(field) || NOT_COMPARED_OF_IOMMU.test(field)) return
    if (isKnown(expected)) {
      if (expected.is === 'unknown') result.unknown++
      else visit(field, expected.value, isKnown(seen) ? seen.value : seen)
      return
    }
    if (isRecord(expected) && isRecord(seen)) {
      for (const key of new Set([...Object.keys(expected), ...Object.keys(seen)]))
        visit(`${field}.${key}`, expected[key], seen[key])
      return
    }
    result.compared++
    if (expected !== seen) result.wrong.push({ field, predicted: expected, observed: seen })
  }
  for (const key of Object.keys(predicted) as (keyof Host)[]) {
    if (!NOT_COMPARED.has(key)) visit(key, predicted[key], observed[key])
  }
  return result
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
const isKnown = (value: unknown): value is { is: string; value?: unknown } =>
  isRecord(value) && typeof value.is === 'string' && ('value' in value || 'why' in value)
