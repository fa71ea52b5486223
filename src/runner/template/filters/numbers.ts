import { asInteger, asNumber, asString, checkedFinite, checkedNumber } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { fixedText, toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import { describe, Float, type Item, isFloat, isNumeric, isTruthy, present, toFloat } from '../values.ts'

export const NUMBER_FILTERS: Readonly<Record<string, Filter>> = {
  int: number(toInteger, 'default? base?'),
  float: number((value, args) => floatOf(value, args), 'default?'),
  bool: number(toBoolean),
  abs: number(value => keeping(value, Math.abs(asNumber(value)))),
  round: number(round, 'precision? method?'),
  log: number((value, { base = Math.E }) => logarithm(asNumber(value), asNumber(base)), 'base?'),
  pow: number((value, { y }) => toFloat(checkedFinite(asNumber(value) ** asNumber(y))), 'y'),
  root: number((value, { base = 2 }) => root(asNumber(value), asNumber(base)), 'base?'),
  filesizeformat: number(fileSize, 'binary?'),
  human_readable: number(humanReadable, 'isbits? unit?'),
  human_to_bytes: number(humanToBytes, 'default_unit? isbits?'),
}

function number(apply: (value: Item, args: Args) => Item, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(present(operand), args) }
}

const keeping = (like: Item, result: number): Item => (isFloat(like) ? toFloat(result) : result)

function toInteger(value: Item, { default: fallback = 0, base = 10 }: Args): Item {
  const radix = asInteger(base)
  if (radix === 10 || typeof value !== 'string') {
    const found = numberIn(value)
    return found === undefined ? fallback : checkedNumber(Math.trunc(found))
  }
  if (radix < 2 || radix > 36) throw new Problem(`${radix} is no base for numbers`)
  const digits = value.trim().replace({ 2: /^0b/i, 8: /^0o/i, 16: /^0x/i }[radix] ?? /^/, '')
  const [, sign, size = ''] = /^([-+]?)(.*)$/s.exec(digits) ?? []
  const valid = size !== '' && [...size].every(digit => !Number.isNaN(Number.parseInt(digit, radix)))
  return valid ? checkedNumber((sign === '-' ? -1 : 1) * Number.parseInt(size, radix)) : fallback
}

function floatOf(value: Item, { default: fallback = new Float(0) }: Args): Item {
  const found = numberIn(value)
  return found === undefined ? fallback : toFloat(found)
}

/** Undefined where there is none: int and float then answer with their default, as in Jinja2. */
function numberIn(value: Item): number | undefined {
  if (isNumeric(value)) return asNumber(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim().replace(/(?<=\d)_(?=\d)/g, '')
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? checkedFinite(Number(text)) : undefined
}

const TRUE = ['y', 'yes', 'on', '1', 'true', 't']
const FALSE = ['n', 'no', 'off', '0', 'false', 'f', '']

/** Ansible's words for booleans. It takes any other for False; here that is an error, as a typing error would pass. */
function toBoolean(value: Item): Item {
  if (typeof value === 'boolean' || value === null) return value
  const word =
    typeof value === 'string' ? value.trim().toLowerCase() : isNumeric(value) ? String(asNumber(value)) : '?'
  if (TRUE.includes(word)) return true
  if (FALSE.includes(word)) return false
  throw new Problem(
    `${typeof value === 'string' ? `"${value}"` : describe(value)} is neither true nor false`,
    'write true or false',
  )
}

const ROUNDERS: Readonly<Record<string, (value: number) => number>> = { ceil: Math.ceil, floor: Math.floor }

/** jinja2/filters.py, do_round: Python's round() keeps whole numbers whole, ceil and floor make floats. */
function round(value: Item, { precision = 0, method = 'common' }: Args): Item {
  const places = asInteger(precision)
  const size = asNumber(value)
  if (method === 'common') return keeping(value, roundHalfEven(size, places))
  const rounder = typeof method === 'string' && Object.hasOwn(ROUNDERS, method) ? ROUNDERS[method] : undefined
  if (!rounder) throw new Problem('the method is none of common, ceil, floor')
  return toFloat(checkedFinite(rounder(size * 10 ** places) / 10 ** places))
}

function roundHalfEven(value: number, places: number): number {
  if (places > 20 || Math.abs(value) >= 1e21) return value
  if (places >= 0) return Number(fixedText(value, places))
  return checkedFinite(Number(fixedText(value / 10 ** -places, 0)) * 10 ** -places)
}

function logarithm(value: number, base: number): Item {
  if (value <= 0 || base <= 0 || base === 1) throw new Problem('this number has no logarithm')
  const known = { 2: Math.log2, 10: Math.log10 }[base]
  return toFloat(
    base === Math.E
      ? Math.log(value)
      : base === 10 && known
        ? known(value)
        : Math.log(value) / Math.log(base),
  )
}

function root(value: number, base: number): Item {
  if (base === 0) throw new Problem('division by zero')
  return toFloat(checkedFinite(base === 2 ? Math.sqrt(value) : value ** (1 / base)))
}

const LETTERS = 'kMGTPEZY'

function fileSize(value: Item, { binary = false }: Args): string {
  const bytes = asNumber(typeof value === 'string' ? numberIn(value) : value)
  const isBinary = isTruthy(binary)
  const base = isBinary ? 1024 : 1000
  if (bytes === 1) return '1 Byte'
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`
  const power = Math.min(
    [...LETTERS].findIndex((_, i) => bytes < base ** (i + 2)),
    LETTERS.length - 1,
  )
  const chosen = power < 0 ? LETTERS.length - 1 : power
  const letter = LETTERS.charAt(chosen)
  const unit = isBinary ? `${letter.toUpperCase()}iB` : `${letter}B`
  return `${fixedText((base * bytes) / base ** (chosen + 2), 1)} ${unit}`
}

/** ansible/module_utils/common/text/formatters.py, SIZE_RANGES, the largest first. */
const RANGES = ['Y', 'Z', 'E', 'P', 'T', 'G', 'M', 'K'].map((letter, i) => ({
  letter,
  limit: 1024 ** (8 - i),
}))
const BYTE = { letter: 'B', limit: 1 }

function humanReadable(value: Item, { isbits = false, unit = null }: Args): string {
  const size = asNumber(value)
  const base = isTruthy(isbits) ? 'bits' : 'Bytes'
  const wanted = unit === null ? undefined : asString(unit).toUpperCase()
  const { letter, limit } =
    [...RANGES, BYTE].find(each => (wanted === undefined ? size >= each.limit : wanted === each.letter)) ??
    BYTE
  return `${fixedText(size / limit, 2)} ${limit === 1 ? base : letter + base.charAt(0)}`
}

function humanToBytes(value: Item, { default_unit = null, isbits = false }: Args): number {
  const found = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(toText(value))
  const amount = found?.[1] === undefined || !/\d/.test(found[1]) ? undefined : Number(found[1])
  const unit = found?.[2] ?? (default_unit === null ? undefined : asString(default_unit))
  if (amount === undefined) throw new Problem(`"${toText(value)}" is no size`, 'write it as 2 GB')
  if (unit === undefined) return checkedNumber(roundHalfEven(amount, 0))
  const range = [...RANGES, BYTE].find(each => each.letter === unit.charAt(0).toUpperCase())
  const [letter, word] = isTruthy(isbits) ? ['b', 'bit'] : ['B', 'byte']
  const isUnit = unit.length === 1 || unit.toLowerCase().includes(word ?? '') || unit.charAt(1) === letter
  if (!range || !isUnit)
    throw new Problem(`"${unit}" is no unit of size`, `write K${letter}, M${letter} or G${letter}`)
  return checkedNumber(roundHalfEven(amount * range.limit, 0))
}
