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

/** Our own bookkeeping is written by the run itself, and the user's word is no fact of the host. */
const NOT_COMPARED = new Set(['journal', 'bootloader'])

/** Every field of the observed Host, down to the leaves, against the prediction. */
export function compareHosts(predicted: Host, observed: Host): Comparison {
  const result = {
    compared: 0,
    unknown: 0,
    wrong: [] as { field: string; predicted: unknown; observed: unknown }[],
  }
  const visit = (field: string, expected: unknown, seen: unknown): void => {
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
