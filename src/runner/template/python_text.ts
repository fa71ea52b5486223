import { checkedCharacters } from './limits.ts'
import { Problem } from './problem.ts'
import {
  describe,
  Float,
  type Item,
  isDict,
  isList,
  isOmitted,
  type List,
  present,
  TemplateObject,
  Tuple,
} from './values.ts'

/** As Python's str(): `True`, `None`, `1.0`, `['a', 1]`, `('a', 1)`, `{'a': 1}`. */
export function toText(item: Item): string {
  return typeof item === 'string' ? item : repr(item)
}

/** As Python's repr(). */
export function repr(item: Item): string {
  const value = present(item)
  if (typeof value === 'string') return reprString(value)
  if (typeof value === 'number') return numberText(value)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof Float) return floatText(value.whole)
  if (isList(value)) return reprList(value)
  if (value instanceof TemplateObject || isOmitted(value))
    throw new Problem(
      `${describe(value)} cannot be part of a text`,
      isOmitted(value) ? 'omit leaves out a whole argument: write {{ … | default(omit) }} alone' : undefined,
    )
  if (!isDict(value)) return ''
  return `{${joined(Object.entries(value).map(([key, each]) => `${reprString(key)}: ${repr(each)}`))}}`
}

/** A list that holds itself twice, often, has a text without end. */
function joined(parts: readonly string[]): string {
  const text = parts.join(', ')
  checkedCharacters(text.length)
  return text
}

function reprList(list: List): string {
  const inner = joined(list.map(repr))
  if (!(list instanceof Tuple)) return `[${inner}]`
  return list.length === 1 ? `(${inner},)` : `(${inner})`
}

const numberText = (number: number): string => (Number.isInteger(number) ? String(number) : floatText(number))

/** Python writes exponents with two digits, from 1e16 on and below 1e-4. */
export function floatText(number: number): string {
  if (Object.is(number, -0)) return '-0.0'
  const size = Math.abs(number)
  if (number !== 0 && (size >= 1e16 || size < 1e-4)) {
    return number.toExponential().replace(/e([-+])(\d)$/, 'e$10$2')
  }
  return Number.isInteger(number) ? `${number}.0` : String(number)
}

/** With so many decimals, as Python rounds: by the exact value, and what lies in the middle to the even neighbour. */
export function fixedText(number: number, places: number): string {
  const scaled = number * 10 ** places
  // Only a value that binary holds exactly can lie in the middle.
  const isMiddle = Math.abs(scaled % 1) === 0.5 && Number.isInteger(number * 2 ** 20)
  return isMiddle ? ((2 * Math.round(scaled / 2)) / 10 ** places).toFixed(places) : number.toFixed(places)
}

function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(
    /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    escapeCharacter,
  )
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function escapeCharacter(character: string): string {
  const known = NAMED_ESCAPES[character]
  if (known !== undefined) return known
  const code = (character.codePointAt(0) ?? 0).toString(16)
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
}
