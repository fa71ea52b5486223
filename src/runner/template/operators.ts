import type { ArithmeticOperator, ComparisonOperator } from './ast.ts'
import { asNumber, checkedCharacters, checkedItems, checkedNumber } from './coerce.ts'
import { Problem } from './problem.ts'
import type { Value } from './template.ts'
import { compare, contains, describe, isEqual, isList, toText } from './values.ts'

/** Python's operators on plain values. `7 / 2` is 3.5, `-7 // 2` is -4, `-7 % 2` is 1; `~` joins as text. */
export const arithmetic: Readonly<Record<ArithmeticOperator, (left: Value, right: Value) => Value>> = {
  '+': add,
  '-': numeric((a, b) => a - b),
  '*': multiply,
  '/': numeric((a, b) => a / divisor(b)),
  '//': numeric((a, b) => Math.floor(a / divisor(b))),
  '%': numeric((a, b) => a - divisor(b) * Math.floor(a / b)),
  '**': numeric((a, b) => a ** b),
  '~': (a, b) => toText(a) + toText(b),
}

export const compareBy: Readonly<Record<ComparisonOperator, (left: Value, right: Value) => boolean>> = {
  '==': isEqual,
  '!=': (a, b) => !isEqual(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
  in: (item, container) => contains(container, item),
  'not in': (item, container) => !contains(container, item),
}

function numeric(calculate: (left: number, right: number) => number) {
  return (left: Value, right: Value): Value => checkedNumber(calculate(asNumber(left), asNumber(right)))
}

function divisor(number: number): number {
  if (number === 0) throw new Problem('division by zero')
  return number
}

function add(left: Value, right: Value): Value {
  if (isList(left) && isList(right)) return [...left, ...right]
  if (typeof left === 'string' && typeof right === 'string') return left + right
  if (typeof left === 'string' || typeof right === 'string') {
    throw new Problem(`${describe(left)} and ${describe(right)} cannot be added`, 'join texts with ~')
  }
  return numeric((a, b) => a + b)(left, right)
}

function multiply(left: Value, right: Value): Value {
  if (typeof right === 'number' && (typeof left === 'string' || isList(left))) return repeat(left, right)
  if (typeof left === 'number' && (typeof right === 'string' || isList(right))) return repeat(right, left)
  return numeric((a, b) => a * b)(left, right)
}

function repeat(value: string | readonly Value[], times: number): Value {
  const count = Math.max(0, Math.floor(times))
  if (typeof value === 'string') return value.repeat(checkedCharacters(value.length * count) && count)
  return Array.from({ length: checkedItems(value.length * count) }, (_, i) => value[i % value.length] ?? null)
}
