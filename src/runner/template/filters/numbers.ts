import { asInteger, asNumber, checkedNumber } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import { type Dict, describe, present } from '../values.ts'

export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  int: number(toInteger, 'default? base?'),
  float: number((value, { default: fallback = 0 }) => numberIn(value) ?? fallback, 'default?'),
  bool: number(toBoolean),
  abs: number(value => Math.abs(asNumber(value))),
  round: number(round, 'precision? method?'),
}

function number(apply: (value: Value, args: Dict) => Value, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(present(operand), args) }
}

function toInteger(value: Value, { default: fallback = 0, base = 10 }: Dict): Value {
  const radix = asInteger(base)
  if (radix === 10 || typeof value !== 'string') {
    const found = numberIn(value)
    return found === undefined ? fallback : checkedNumber(Math.trunc(found))
  }
  if (radix < 2 || radix > 36) throw new Problem(`${radix} is no base for numbers`)
  const digits = value.trim().replace({ 2: /^0b/i, 8: /^0o/i, 16: /^0x/i }[radix] ?? /^/, '')
  const valid = digits !== '' && [...digits].every(digit => !Number.isNaN(Number.parseInt(digit, radix)))
  return valid ? checkedNumber(Number.parseInt(digits, radix)) : fallback
}

/** Undefined where there is none: int and float then answer with their default, as in Jinja2. */
function numberIn(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value))
    return undefined
  return checkedNumber(Number(value))
}

const TRUE = ['y', 'yes', 'on', '1', 'true', 't']
const FALSE = ['n', 'no', 'off', '0', 'false', 'f', '']

/** Ansible's words for booleans. It takes any other for False; here that is an error, as a typing error would pass. */
function toBoolean(value: Value): Value {
  if (typeof value === 'boolean' || value === null) return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : String(asNumber(value))
  if (TRUE.includes(word)) return true
  if (FALSE.includes(word)) return false
  throw new Problem(
    `${typeof value === 'string' ? `"${value}"` : describe(value)} is neither true nor false`,
    'write true or false',
  )
}

const ROUNDERS: Readonly<Record<string, (value: number) => number>> = {
  common: halfToEven,
  ceil: Math.ceil,
  floor: Math.floor,
}

function round(value: Value, { precision = 0, method = 'common' }: Dict): Value {
  const rounder = typeof method === 'string' && Object.hasOwn(ROUNDERS, method) ? ROUNDERS[method] : undefined
  if (!rounder) throw new Problem('the method is none of common, ceil, floor')
  const scale = 10 ** asInteger(precision)
  const rounded = rounder(asNumber(value) * scale) / scale
  return checkedNumber(rounded)
}

/** Python rounds 0.5 and 2.5 to the even neighbour. */
function halfToEven(value: number): number {
  const isHalf = Math.abs(value % 1) === 0.5
  return isHalf ? 2 * Math.round(value / 2) : Math.round(value)
}
