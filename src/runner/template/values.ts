import { Problem } from './problem.ts'
import type { Value } from './template.ts'

/** A name, attribute or item that is not there: fine under default() and `is defined`, else an error when used. */
export class Missing {
  readonly why: string
  readonly hint: string | undefined
  readonly offset: number | undefined
  /** What it is when used all the same: only the inline `if` without `else` has that (jinja2/compiler.py, visit_CondExpr). */
  readonly instead: Value | undefined

  constructor(why: string, hint?: string | undefined, offset?: number, instead?: Value) {
    this.why = why
    this.hint = hint
    this.offset = offset
    this.instead = instead
  }
}

export type Result = Value | Missing
export type List = readonly Value[]
export type Dict = { readonly [key: string]: Value }

export function present(result: Result): Value {
  if (!(result instanceof Missing)) return result
  if (result.instead === undefined) throw new Problem(result.why, result.hint, result.offset)
  return result.instead
}

export const isList = (value: Value | undefined): value is List => Array.isArray(value)
export const isDict = (value: Value | undefined): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Python's sense: none, false, 0, '' and what holds nothing are false. */
export function isTruthy(value: Value): boolean {
  if (isList(value)) return value.length > 0
  if (isDict(value)) return Object.keys(value).length > 0
  return Boolean(value)
}

/** For people. */
export function describe(value: Value | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'none'
  if (isList(value)) return 'a list'
  if (isDict(value)) return 'a dictionary'
  return `a ${typeof value}`
}

/**
 * Own items only: what JavaScript gives every object (`constructor`, `__proto__`, `length`) is not there,
 * so no expression reaches code. Lists and strings count from the end below zero.
 */
export function ownItem(container: Value, key: Value): Value | undefined {
  if (isDict(container)) {
    const name = keyText(key)
    return Object.hasOwn(container, name) ? container[name] : undefined
  }
  if (typeof key !== 'number' || !Number.isInteger(key)) return undefined
  if (isList(container)) return container.at(key)
  if (typeof container === 'string') return [...container].at(key)
  return undefined
}

/** Python's dictionaries tell 1 from '1'; YAML's and JSON's keys become text here. */
export function keyText(key: Value): string {
  if (isList(key) || isDict(key)) throw new Problem(`${describe(key)} cannot be a key`)
  return toText(key)
}

/** What a loop sees: a list's items, a dictionary's keys, a string's characters. */
export function itemsOf(value: Value | undefined): List {
  if (isList(value)) return value
  if (isDict(value)) return Object.keys(value)
  if (typeof value === 'string') return [...value]
  throw new Problem(`a list is needed here, this is ${describe(value)}`)
}

/** Python's: True equals 1, and lists and dictionaries by what they hold. */
export const isEqual = (left: Value, right: Value): boolean => identity(left) === identity(right)

/** The same text for equal values, so that a Set can tell whether one is there. */
export function identity(value: Value): string {
  if (isList(value)) return `[${value.map(identity).join()}]`
  if (isDict(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${identity(item)}`)
    return `{${entries.sort().join()}}`
  }
  const plain = number(value)
  return typeof plain === 'number' ? String(plain) : JSON.stringify(plain)
}

const number = (value: Value): Value => (typeof value === 'boolean' ? Number(value) : value)

/** Below, at or above zero, as Array.sort takes it. */
export function compare(left: Value, right: Value): number {
  if (isList(left) && isList(right)) return compareLists(left, right)
  const [a, b] = [number(left), number(right)]
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b)
  throw new Problem(
    `${describe(left)} and ${describe(right)} have no order`,
    'convert one: | int, | float or | string',
  )
}

function compareLists(left: List, right: List): number {
  for (const [i, item] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (!isEqual(item, other)) return compare(item, other)
  }
  return left.length - right.length
}

export function contains(container: Value, item: Value): boolean {
  if (isList(container)) return container.some(each => isEqual(each, item))
  if (isDict(container)) return Object.hasOwn(container, keyText(item))
  if (typeof container === 'string' && typeof item === 'string') return container.includes(item)
  throw new Problem(`${describe(item)} cannot be looked for in ${describe(container)}`)
}

/** As Python's str(): `True`, `None`, `['a', 1]`, `{'a': 1}`. JavaScript has one kind of number: 1.0 is `1`. */
export const toText = (value: Value): string => (typeof value === 'string' ? value : repr(value))

function repr(value: Value): string {
  if (typeof value === 'string') return reprString(value)
  if (isList(value)) return `[${value.map(repr).join(', ')}]`
  if (isDict(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${reprString(key)}: ${repr(item)}`)
      .join(', ')}}`
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\\x00-\x1f\x7f]/g, escapeCharacter)
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}
const escapeCharacter = (character: string): string =>
  NAMED_ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
