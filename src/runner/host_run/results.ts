import type { Outcome } from '../../modules/define.ts'
import type { ActionResult } from '../actions/action.ts'
import { partlyUnknown } from '../live_variables.ts'
import type { Scope, Value } from '../template/template.ts'

/** What `register` keeps of a task, with the fields that Ansible gives it (executor/task_executor.py). */
export interface Result {
  readonly fields: Readonly<Record<string, Value>>
  /** In a dry run only some of the fields are known. */
  readonly isWhole: boolean
}

const whole = (fields: Result['fields']): Result => ({ fields, isWhole: true })

/** `title`: of the task, for those who read what is not known. */
export const registered = ({ fields, isWhole }: Result, title: string): Value =>
  isWhole ? fields : partlyUnknown(fields, `it depends on what "${title}" does`)

/** What a state module has found is known before it is applied; `isSure`: nothing before it may change that. */
export function moduleResult(outcome: Outcome, isSure: boolean): Result {
  if (!isSure) return { fields: {}, isWhole: false }
  const changed = outcome.kind === 'change' || (outcome.kind === 'pending' && outcome.needs === 'rebuild')
  return whole({ changed, failed: outcome.kind === 'blocked', msg: outcome.why })
}

export function actionResult({ status, why, result, unknownBut }: ActionResult): Result {
  if (status === 'skipped') return whole({ ...SKIPPED.fields, ...result })
  if (status === 'unknown' || unknownBut !== undefined)
    return { fields: { ...result, ...unknownBut }, isWhole: false }
  const failed = status === 'failed'
  return whole({ ...(failed && { msg: why }), ...result, changed: status === 'changed', failed })
}

export const SKIPPED: Result = whole({
  changed: false,
  skipped: true,
  skip_reason: 'Conditional result was False',
})

export const failedResult = (why: string): Result => whole({ changed: false, failed: true, msg: why })

export const UNKNOWN: Result = { fields: {}, isWhole: false }

export const withFields = ({ fields, isWhole }: Result, more: Result['fields']): Result => ({
  fields: { ...fields, ...more },
  isWhole,
})

/** One round's, which also tells what it was about: `round` has the loop's variables, its item first. */
export function roundResult(result: Result, round: Scope): Result {
  const { ansible_loop: _, ansible_loop_var: told, ...variables } = round
  const [name = 'item', index] = Object.keys(variables)
  return withFields(result, {
    ...variables,
    ansible_loop_var: told ?? name,
    ...(index !== undefined && { ansible_index_var: index }),
  })
}

export function loopResult(results: readonly Result[], title: string): Result {
  const values = results.map(result => registered(result, title))
  const some = (field: string): boolean => results.some(({ fields }) => fields[field] === true)
  const isWhole = results.every(result => result.isWhole)
  const skipped = isWhole && results.every(({ fields }) => fields.skipped === true)
  const failed = some('failed')
  const message = failed ? 'One or more items failed' : 'All items completed'
  return {
    fields: {
      results: values,
      ...((isWhole || some('changed')) && { changed: some('changed') }),
      ...(failed && { failed }),
      ...(isWhole && { skipped, msg: skipped ? 'All items skipped' : message }),
    },
    isWhole,
  }
}

export const NO_ITEMS: Result = whole({
  changed: false,
  skipped: true,
  skipped_reason: 'No items in the list',
  results: [],
})
