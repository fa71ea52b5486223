import { asInteger, asNumber, checkedCharacters } from './coerce.ts'
import { Problem } from './problem.ts'
import { fixedText, floatText, repr, toText } from './python_text.ts'
import {
  type Dict,
  Float,
  type Item,
  isDict,
  isFloat,
  isList,
  isNumeric,
  type List,
  ownItem,
  Tuple,
  tuple,
} from './values.ts'

/** Python's `%`: `'%s has %02x' % (name, number)`, `'%(name)s' % dict`. A list is one value, a tuple several. */
export function formatPrintf(format: string, given: Item): string {
  const values: List = given instanceof Tuple ? given : [given]
  let next = 0
  const take = (name: string | undefined): Item => {
    if (name === undefined) {
      next += 1
      return valueAt(values, next - 1)
    }
    const found = isDict(given) ? ownItem(given, name) : undefined
    if (found === undefined) throw new Problem(`the format needs "${name}"`)
    return found
  }
  const text = format.replace(
    /%(?:\((?<name>[^)]*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+))?[hlL]?(?<type>.?)/gs,
    (...found) => {
      const groups: Readonly<Record<string, string | undefined>> = found.at(-1)
      if (groups.type === '%') return '%'
      const count = (text: string | undefined): number | undefined =>
        text === '*' ? asInteger(take(undefined)) : text === undefined ? undefined : Number(text)
      const [width, precision] = [count(groups.width), count(groups.precision)]
      return conversion(groups.type ?? '', take(groups.name), {
        flags: groups.flags ?? '',
        width: width ?? 0,
        precision,
      })
    },
  )
  if (!isDict(given) && next < values.length) throw new Problem('the format takes fewer values')
  return text
}

/** The filter `format`: `'%s-%s' | format(a, b)`, `'%(a)s' | format(a=1)`. */
export function formatArguments(format: string, positional: List, named: Dict): string {
  const isNamed = Object.keys(named).length > 0
  if (isNamed && positional.length > 0) throw new Problem('format takes values by place or by name, not both')
  if (isNamed) return formatPrintf(format, named)
  return formatPrintf(format, tuple(...positional))
}

interface Spec {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
}

function conversion(type: string, value: Item, spec: Spec): string {
  const { flags, precision } = spec
  if ('sra'.includes(type) && type !== '') {
    const text = type === 's' ? toText(value) : repr(value)
    return pad(precision === undefined ? text : [...text].slice(0, precision).join(''), spec, '')
  }
  if (type === 'c')
    return pad(typeof value === 'string' ? value : String.fromCodePoint(asInteger(value)), spec, '')
  const digits = numberIn(type, value, precision, flags.includes('#'))
  const negative = asNumber(value) < 0
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  return pad(digits, spec, sign)
}

function pad(text: string, { flags, width }: Spec, sign: string): string {
  const missing = Math.max(0, checkedCharacters(width) - [...text].length - sign.length)
  if (flags.includes('-')) return sign + text + ' '.repeat(missing)
  if (flags.includes('0') && (sign !== '' || /^[\d.]/.test(text)))
    return sign + text.replace(/^(?:0[xo])?/, prefix => prefix + '0'.repeat(missing))
  return ' '.repeat(missing) + sign + text
}

const RADIXES: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  x: [16, '0x'],
  X: [16, '0x'],
  o: [8, '0o'],
  b: [2, '0b'],
}

/** The digits of its size, without a sign. */
function numberIn(type: string, value: Item, precision: number | undefined, alternate: boolean): string {
  const size = Math.abs(asNumber(value))
  const radix = Object.hasOwn(RADIXES, type) ? RADIXES[type] : undefined
  if (radix) {
    const digits = asInteger(Math.abs(asInteger(value)))
      .toString(radix[0])
      .padStart(precision ?? 0, '0')
    const text = alternate ? radix[1] + digits : digits
    return type === 'X' ? text.toUpperCase() : text
  }
  if ('diu'.includes(type) && type !== '') return String(Math.trunc(size)).padStart(precision ?? 0, '0')
  const places = Math.min(precision ?? 6, 100)
  if (type === 'f' || type === 'F') return fixedText(size, places)
  if (type === 'e' || type === 'E') return cased(exponent(size, places), type)
  if (type === 'g' || type === 'G') return cased(general(size, places, alternate), type)
  throw new Problem(`"%${type}" is no conversion`, 'use %s, %d, %f or %x')
}

const cased = (text: string, type: string): string =>
  type === type.toUpperCase() ? text.toUpperCase() : text
const exponent = (size: number, places: number): string =>
  size.toExponential(places).replace(/e([-+])(\d)$/, 'e$10$2')

function general(size: number, precision: number, alternate: boolean): string {
  const digits = Math.max(1, precision)
  const power = size === 0 ? 0 : Number(size.toExponential(digits - 1).split('e')[1])
  const text = power < -4 || power >= digits ? exponent(size, digits - 1) : size.toFixed(digits - 1 - power)
  return alternate || !text.includes('.') ? text : text.replace(/\.?0+(?=e|$)/, '')
}

function valueAt(values: List, at: number): Item {
  const value = values[at]
  if (value === undefined) throw new Problem('the format needs more values')
  return value
}

/** Python's `'{0} {name:>8}'.format(…)`, with fields' items (`{0[id]}`) but no attributes of Python's own. */
export function formatBraces(format: string, positional: List, named: Dict): string {
  let next = 0
  const field = (path: string): Item => {
    const [name = '', ...steps] = path.split(/[.[]/).map(step => step.replace(/\]$/, ''))
    if (name === '') next += 1
    const place = name === '' ? next - 1 : /^\d+$/.test(name) ? Number(name) : undefined
    const first = place === undefined ? ownItem(named, name) : positional[place]
    if (first === undefined)
      throw new Problem(`the format needs ${name === '' ? 'more values' : `"${name}"`}`)
    return steps.reduce((value, step) => {
      const found = ownItem(value, /^\d+$/.test(step) && isList(value) ? Number(step) : step)
      if (found === undefined) throw new Problem(`the format finds no "${step}"`)
      return found
    }, first)
  }
  const fill = (text: string): string =>
    text.replace(/\{([^{}]*)\}/g, (_, path: string) => toText(field(path)))
  return format.replace(
    /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}|[{}]/g,
    (found: string, path?: string, convert?: string, spec?: string) => {
      if (found === '{{' || found === '}}') return found.charAt(0)
      if (path === undefined) throw new Problem('a brace of the format has no partner')
      const value = field(path)
      const shown = convert === undefined ? value : convert === 's' ? toText(value) : repr(value)
      return spec === undefined || spec === '' ? toText(shown) : formatOne(shown, fill(spec))
    },
  )
}

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<comma>[,_])?(?:\.(?<precision>\d+))?(?<type>[bcdeEfFgGnosxX%])?$/su

/** One value by Python's format specification (library/string, "Format Specification Mini-Language"). */
function formatOne(value: Item, spec: string): string {
  const found = SPEC.exec(spec)?.groups
  if (!found) throw new Problem(`"${spec}" is no format`)
  const { fill = found.zero ? '0' : ' ', type = '', comma = '', sign = '-' } = found
  const isNumber = isNumeric(value) && typeof value !== 'boolean'
  const align = found.align ?? (found.zero && isNumber ? '=' : isNumber ? '>' : '<')
  const precision = found.precision === undefined ? undefined : Number(found.precision)
  const text = isNumber ? numberBy(value, type, precision, found.alternate !== undefined) : toText(value)
  const cut = !isNumber && precision !== undefined ? [...text].slice(0, precision).join('') : text
  const grouped =
    comma === '' ? cut : cut.replace(/^\d+/, whole => whole.replace(/\B(?=(?:\d{3})+$)/g, comma))
  const signed = isNumber ? (asNumber(value) < 0 ? '-' : sign === '-' ? '' : sign) : ''
  const missing = Math.max(
    0,
    checkedCharacters(Number(found.width ?? 0)) - [...grouped].length - signed.length,
  )
  const left = { '<': 0, '>': missing, '^': Math.floor(missing / 2), '=': 0 }[align] ?? 0
  if (align === '=') return signed + fill.repeat(missing) + grouped
  return fill.repeat(left) + signed + grouped + fill.repeat(missing - left)
}

function numberBy(value: Item, type: string, precision: number | undefined, alternate: boolean): string {
  const size = Math.abs(asNumber(value))
  if (type === '%') return `${fixedText(size * 100, precision ?? 6)}%`
  if (type === 'n') return numberBy(value, isFloat(value) ? 'g' : 'd', precision, alternate)
  if (type !== '') return numberIn(type, value, precision, alternate)
  if (precision !== undefined) return general(size, precision, alternate)
  return value instanceof Float || isFloat(value) ? floatText(size) : String(size)
}
