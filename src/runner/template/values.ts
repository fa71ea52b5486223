import { Problem } from './problem.ts'
import type { Value } from './template.ts'

/** What an expression works with: a template's values, and what Python knows besides. */
export type Item =
  | null
  | boolean
  | number
  | string
  | List
  | Dict
  /** Python's float that happens to be whole: it is printed as `1.0`. */
  | Float
  | Missing
  | TemplateObject
export type List = readonly Item[]
export interface Dict {
  readonly [key: string]: Item
}
export type Present = Exclude<Item, Missing>

export class Float {
  readonly whole: number

  constructor(whole: number) {
    this.whole = whole
  }
}

/** What Python prints in round brackets: pairs of `.items()`, of `zip`, of `dictsort`. */
export class Tuple extends Array<Item> {
  /** What is made from a tuple is a list. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array
  }
}
export const tuple = (...items: readonly Item[]): Tuple => Object.assign(new Tuple(), items)

/** Of groupby: its halves have names, too (jinja2/filters.py, _GroupTuple). */
export class Group extends Tuple {}

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

export interface GivenItems {
  readonly positional: List
  readonly named: Dict
}

/** What only lives inside a template: `loop`, a namespace, a macro. */
export abstract class TemplateObject {
  /** For messages: `the macro "row"`. */
  abstract readonly label: string

  member(_name: string): Item | undefined {
    return undefined
  }

  call(_given: GivenItems): Item {
    throw new Problem(`${this.label} cannot be called`)
  }
}

/** For `default(omit)`: an argument or entry of this value is left out. */
export const OMIT: { readonly [key: string]: Value } = Object.freeze({ omit: 'this argument is left out' })
export const isOmitted = (value: unknown): boolean => value === OMIT

export function present(item: Item | undefined): Present {
  if (item === undefined) throw new Problem('a value is missing')
  if (!(item instanceof Missing)) return item
  if (item.instead === undefined) throw new Problem(item.why, item.hint, item.offset)
  return item.instead
}

export const isList = (item: Item | undefined): item is List => Array.isArray(item)
export const isDict = (item: Item | undefined): item is Dict =>
  typeof item === 'object' &&
  item !== null &&
  !Array.isArray(item) &&
  !(item instanceof Float) &&
  !(item instanceof Missing) &&
  !(item instanceof TemplateObject) &&
  !isOmitted(item)

/** Python's int and float; a boolean counts as 0 or 1 where a number is wanted. */
export const isFloat = (item: Item | undefined): boolean =>
  item instanceof Float || (typeof item === 'number' && !Number.isInteger(item))
export const isNumeric = (item: Item | undefined): item is number | boolean | Float =>
  typeof item === 'number' || typeof item === 'boolean' || item instanceof Float
export const toFloat = (number: number): Item => (Number.isInteger(number) ? new Float(number) : number)

/** Python's sense: none, false, 0, '' and what holds nothing are false. */
export function isTruthy(item: Item): boolean {
  const value = present(item)
  if (isList(value)) return value.length > 0
  if (value instanceof Float) return value.whole !== 0
  if (isDict(value)) return Object.keys(value).length > 0
  return Boolean(value)
}

/** For people. */
export function describe(item: Item | undefined): string {
  if (item === undefined || item instanceof Missing) return 'nothing'
  if (item === null) return 'none'
  if (item instanceof Tuple) return 'a tuple'
  if (isList(item)) return 'a list'
  if (item instanceof Float) return 'a number'
  if (item instanceof TemplateObject) return item.label
  if (isOmitted(item)) return 'omit'
  if (isDict(item)) return 'a dictionary'
  return `a ${typeof item}`
}

const GROUP_FIELDS = ['grouper', 'list']

/**
 * Own items only: what JavaScript gives every object (`constructor`, `__proto__`, `length`) is not there,
 * so no expression reaches code. Lists and strings count from the end below zero.
 */
export function ownItem(container: Item, key: Item): Item | undefined {
  if (container instanceof TemplateObject) return typeof key === 'string' ? container.member(key) : undefined
  if (isDict(container)) {
    const name = keyText(key)
    return Object.hasOwn(container, name) ? container[name] : undefined
  }
  if (container instanceof Group && typeof key === 'string') return container[GROUP_FIELDS.indexOf(key)]
  if (typeof key !== 'number' || !Number.isInteger(key)) return undefined
  if (isList(container)) return container.at(key)
  if (typeof container === 'string') return [...container].at(key)
  return undefined
}

/** Python's dictionaries tell 1 from '1'; YAML's and JSON's keys become text here. */
export function keyText(item: Item): string {
  const key = present(item)
  if (typeof key === 'string') return key
  if (typeof key === 'number') return String(key)
  if (key === null) return 'None'
  if (typeof key === 'boolean') return key ? 'True' : 'False'
  if (key instanceof Float) return `${key.whole}.0`
  throw new Problem(`${describe(key)} cannot be a key`)
}

/** What a loop sees: a list's items, a dictionary's keys, a string's characters. */
export function itemsOf(item: Item | undefined): List {
  const value = present(item)
  if (isList(value)) return value
  if (isDict(value)) return Object.keys(value)
  if (typeof value === 'string') return [...value]
  throw new Problem(`a list is needed here, this is ${describe(value)}`)
}

export const dictOf = (entries: Iterable<readonly [string, Item]>): Dict => Object.fromEntries(entries)
