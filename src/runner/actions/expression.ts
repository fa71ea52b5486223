import { z } from 'zod'
import { isTruthy, type Value } from '../template/template.ts'
import type { Evaluated } from './action.ts'

/**
 * The type of an argument that is a bare expression. Before the run it is seen as it is written, in the run with what it
 * is on the host; for documentation and editors it is a string.
 */
export const expression = z
  .unknown()
  .transform((written, context): Evaluated => {
    if (isEvaluated(written)) return written
    if (typeof written === 'string' || typeof written === 'boolean' || typeof written === 'number')
      return { expression: String(written), value: written }
    const message = written === undefined ? 'is required' : 'must be an expression'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
  .meta({ type: 'string' })

const isEvaluated = (written: unknown): written is Evaluated =>
  typeof written === 'object' && written !== null && 'expression' in written && 'value' in written

/** Whether a condition with this value holds; a word for true or false is what it says, as in `when`. */
export function holds(value: Value): boolean {
  if (typeof value === 'string' && FALSE.has(value.toLowerCase())) return false
  return isTruthy(value)
}

const FALSE = new Set(['false', 'no', 'off', 'n', 'f', '0', ''])

/** As people read it: a text as it is, all else as JSON. */
export const valueText = (value: Value): string =>
  typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
