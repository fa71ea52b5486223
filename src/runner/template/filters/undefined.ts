import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import {
  Float,
  type Item,
  isDict,
  isList,
  isTruthy,
  Missing,
  present,
  TemplateObject,
  Tuple,
} from '../values.ts'

/** Filters for what may not be there. */
export const UNDEFINED_FILTERS: Readonly<Record<string, Filter>> = {
  default: { takes: 'default_value? boolean?', apply: orDefault },
  d: { takes: 'default_value? boolean?', apply: orDefault },
  mandatory: { takes: 'msg?', apply: mandatory },
  ternary: {
    takes: 'true_val false_val none_val?',
    apply: (operand, args) => ternary(present(operand), args),
  },
  type_debug: { takes: '', apply: typeName },
  attr: { takes: 'name', apply: (operand, { name }) => attribute(present(operand), name) },
}

/** With `boolean`, whatever is false in Python's sense takes the default too. */
function orDefault(operand: Item, { default_value = '', boolean = false }: Args): Item {
  if (operand instanceof Missing) return default_value
  return isTruthy(boolean) && !isTruthy(operand) ? default_value : operand
}

function mandatory(operand: Item, { msg = null }: Args): Item {
  if (operand instanceof Missing && msg !== null) throw new Problem(toText(msg), operand.hint)
  return present(operand)
}

function ternary(value: Item, { true_val = null, false_val = null, none_val = null }: Args): Item {
  if (value === null && none_val !== null) return none_val
  return isTruthy(value) ? true_val : false_val
}

function typeName(item: Item): string {
  if (item instanceof Missing) return 'AnsibleUndefined'
  if (item === null) return 'NoneType'
  if (item instanceof Float) return 'float'
  if (item instanceof Tuple) return 'tuple'
  if (isList(item)) return 'list'
  if (isDict(item)) return 'dict'
  if (typeof item === 'number') return Number.isInteger(item) ? 'int' : 'float'
  return typeof item === 'boolean' ? 'bool' : 'str'
}

/** Python's attributes are none of the data's: only a template's own objects have some. */
function attribute(value: Item, name: Item | undefined): Item {
  const found = typeof name === 'string' && value instanceof TemplateObject ? value.member(name) : undefined
  return found ?? new Missing(`there is no attribute "${toText(name ?? null)}"`, 'write .name or ["name"]')
}
