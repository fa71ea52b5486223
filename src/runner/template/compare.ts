import { checkedCharacters } from './limits.ts'
import { Problem } from './problem.ts'
import {
  describe,
  Float,
  type Item,
  isDict,
  isList,
  isNumeric,
  keyText,
  type List,
  present,
  TemplateObject,
  Tuple,
} from './values.ts'

/** Python's: True equals 1 and 1.0, lists and dictionaries are equal by what they hold. */
export const isEqual = (left: Item, right: Item): boolean => identity(left) === identity(right)

/** The same text for equal values, so that a Set can tell whether one is there. */
export function identity(item: Item): string {
  const value = present(item)
  if (isList(value)) {
    const inner = joined(value.map(identity))
    return value instanceof Tuple ? `(${inner})` : `[${inner}]`
  }
  if (isNumeric(value)) return String(plainNumber(value))
  if (isDict(value)) {
    const entries = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${identity(each)}`)
    return `{${joined(entries.sort())}}`
  }
  return value instanceof TemplateObject ? value.label : JSON.stringify(value)
}

function joined(parts: readonly string[]): string {
  const text = parts.join()
  checkedCharacters(text.length)
  return text
}

export const plainNumber = (value: number | boolean | Float): number =>
  value instanceof Float ? value.whole : Number(value)

/** Below, at or above zero, as Array.sort takes it. */
export function compare(first: Item, second: Item): number {
  const [left, right] = [present(first), present(second)]
  if (isList(left) && isList(right) && left instanceof Tuple === right instanceof Tuple)
    return compareLists(left, right)
  if (isNumeric(left) && isNumeric(right)) return plainNumber(left) - plainNumber(right)
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  throw new Problem(
    `${describe(left)} and ${describe(right)} have no order`,
    'convert one: | int, | float or | string',
  )
}

/** By code points, as Python does; JavaScript's `<` looks at halves of them beyond U+FFFF. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0
  if (!/[\ud800-\udfff]/.test(left + right)) return left < right ? -1 : 1
  const [a, b] = [[...left], [...right]]
  const at = a.findIndex((character, i) => character !== b[i])
  if (at < 0) return -1
  return (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? -1)
}

function compareLists(left: List, right: List): number {
  for (const [i, item] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (!isEqual(item, other)) return compare(item, other)
  }
  return left.length - right.length
}

export function contains(where: Item, what: Item): boolean {
  const [container, item] = [present(where), present(what)]
  if (isList(container)) {
    const wanted = identity(item)
    return container.some(each => identity(each) === wanted)
  }
  if (isDict(container)) return Object.hasOwn(container, keyText(item))
  if (typeof container === 'string' && typeof item === 'string') return container.includes(item)
  throw new Problem(`${describe(item)} cannot be looked for in ${describe(container)}`)
}
