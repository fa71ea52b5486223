import { Problem } from '../problem.ts'
import type { Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import { type Dict, isTruthy, Missing, present, type Result, toText } from '../values.ts'

/** Filters for what may not be there. */
export const UNDEFINED_FILTERS: Readonly<Record<string, Filter>> = {
  default: { takes: 'default_value? boolean?', apply: orDefault },
  d: { takes: 'default_value? boolean?', apply: orDefault },
  mandatory: { takes: 'msg?', apply: mandatory },
  ternary: {
    takes: 'true_val false_val none_val?',
    apply: (operand, args) => ternary(present(operand), args),
  },
}

/** With `boolean`, whatever is false in Python's sense takes the default too. */
function orDefault(operand: Result, { default_value = '', boolean = false }: Dict): Result {
  if (operand instanceof Missing) return default_value
  return isTruthy(boolean) && !isTruthy(operand) ? default_value : operand
}

function mandatory(operand: Result, { msg }: Dict): Value {
  if (operand instanceof Missing && msg !== undefined) throw new Problem(toText(msg), operand.hint)
  return present(operand)
}

function ternary(value: Value, { true_val = null, false_val = null, none_val }: Dict): Value {
  if (value === null && none_val !== undefined) return none_val
  return isTruthy(value) ? true_val : false_val
}
