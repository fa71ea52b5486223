import type { ArithmeticOperator, ComparisonOperator } from './ast.ts'
import {
  asInteger,
  asNumber,
  checkedCharacters,
  checkedFinite,
  checkedItems,
  checkedNumber,
} from './coerce.ts'
import { compare, contains, isEqual } from './compare.ts'
import { formatPrintf } from './format.ts'
import { Problem } from './problem.ts'
import { toText } from './python_text.ts'
import {
  describe,
  type Item,
  isFloat,
  isList,
  isNumeric,
  type List,
  present,
  Tuple,
  toFloat,
  tuple,
} from './values.ts'

/** Python's operators. `7 / 2` is 3.5, `4 / 2` is 2.0, `-7 // 2` is -4, `-7 % 2` is 1; `~` joins as text. */
export const arithmetic: Readonly<Record<ArithmeticOperator, (left: Item, right: Item) => Item>> = {
  '+': add,
  '-': numeric((a, b) => a - b),
  '*': multiply,
  '/': (a, b) => toFloat(checkedFinite(asNumber(a) / divisor(asNumber(b)))),
  '//': numeric((a, b) => Math.floor(a / divisor(b))),
  '%': (a, b) => (typeof a === 'string' ? formatPrintf(a, b) : remainder(a, b)),
  '**': power,
  '~': (a, b) => toText(a) + toText(b),
}

export const compareBy: Readonly<Record<ComparisonOperator, (left: Item, right: Item) => boolean>> = {
  '==': isEqual,
  '!=': (a, b) => !isEqual(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
  in: (item, container) => contains(container, item),
  'not in': (item, container) => !contains(container, item),
}

/** A float where one of the two is. */
function numeric(calculate: (left: number, right: number) => number) {
  return (left: Item, right: Item): Item => {
    const result = calculate(asNumber(left), asNumber(right))
    return isFloat(left) || isFloat(right) ? toFloat(checkedFinite(result)) : checkedNumber(result)
  }
}

const remainder = numeric((a, b) => a - divisor(b) * Math.floor(a / b))

function power(left: Item, right: Item): Item {
  const result = asNumber(left) ** asNumber(right)
  const isWhole = !isFloat(left) && !isFloat(right) && asNumber(right) >= 0
  return isWhole ? checkedNumber(result) : toFloat(checkedFinite(result))
}

function divisor(number: number): number {
  if (number === 0) throw new Problem('division by zero')
  return number
}

export function add(first: Item, second: Item): Item {
  const [left, right] = [present(first), present(second)]
  if (isList(left) && isList(right) && left instanceof Tuple === right instanceof Tuple) {
    checkedItems(left.length + right.length)
    return left instanceof Tuple ? tuple(...left, ...right) : [...left, ...right]
  }
  if (typeof left === 'string' && typeof right === 'string') return left + right
  if (!isNumeric(left) || !isNumeric(right)) {
    const hint = typeof left === 'string' || typeof right === 'string' ? 'join texts with ~' : undefined
    throw new Problem(`${describe(left)} and ${describe(right)} cannot be added`, hint)
  }
  return numeric((a, b) => a + b)(left, right)
}

function multiply(first: Item, second: Item): Item {
  const [left, right] = [present(first), present(second)]
  if (typeof left === 'string' || isList(left)) return repeat(left, right)
  if (typeof right === 'string' || isList(right)) return repeat(right, left)
  return numeric((a, b) => a * b)(left, right)
}

function repeat(value: string | List, times: Item): Item {
  const count = Math.max(0, asInteger(times))
  if (typeof value === 'string') return value.repeat(checkedCharacters(value.length * count) && count)
  const items = Array.from(
    { length: checkedItems(value.length * count) },
    (_, i) => value[i % value.length] ?? null,
  )
  return value instanceof Tuple ? tuple(...items) : items
}
