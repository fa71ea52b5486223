import {
  asInteger,
  asList,
  asNumber,
  atPath,
  checkedCharacters,
  checkedItems,
  checkedNumber,
} from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import {
  compare,
  type Dict,
  identity,
  isList,
  isTruthy,
  itemsOf,
  type List,
  Missing,
  present,
  type Result,
  toText,
} from '../values.ts'

export const LIST_FILTERS: Readonly<Record<string, Filter>> = {
  list: list(items => items),
  length: list(items => items.length),
  count: list(items => items.length),
  first: list(items => items[0] ?? new Missing('the list is empty: it has no first item')),
  last: list(items => items.at(-1) ?? new Missing('the list is empty: it has no last item')),
  join: list((items, args) => join(keyed(items, args), toText(args.d ?? '')), 'd? attribute?'),
  sort: list(sort, 'reverse? case_sensitive? attribute?'),
  reverse: { takes: '', apply: operand => reverse(present(operand)) },
  unique: list(unique, 'case_sensitive? attribute?'),
  min: list(
    (items, args) => sort(items, args)[0] ?? new Missing('the list is empty: it has no least item'),
    'case_sensitive? attribute?',
  ),
  max: list((items, args) => greatest(items, args), 'case_sensitive? attribute?'),
  sum: list(sum, 'attribute? start?'),
  flatten: list(
    (items, { levels, skip_nulls = true }) => flatten(items, levels, isTruthy(skip_nulls)),
    'levels? skip_nulls?',
  ),
  union: list((items, { other }) => distinct([...items, ...itemsOf(other)]), 'other'),
  intersect: list((items, { other }) => shared(items, other, true), 'other'),
  difference: list((items, { other }) => shared(items, other, false), 'other'),
  zip: list(zip, '*'),
}

function list(apply: (items: List, args: Dict) => Result, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(itemsOf(present(operand)), args) }
}

function keyed(items: List, { attribute }: Dict): List {
  return items.map(item => keyOf(item, attribute))
}

function keyOf(item: Value, attribute: Value | undefined): Value {
  const key = atPath(item, attribute)
  if (key === undefined) throw new Problem(`an item has no "${toText(attribute ?? null)}"`)
  return key
}

function join(items: List, separator: string): string {
  const texts = items.map(toText)
  checkedCharacters(texts.reduce((sum, text) => sum + text.length + separator.length, 0))
  return texts.join(separator)
}

/** Jinja2 compares without case unless told otherwise. */
function foldCase(value: Value, { case_sensitive = false }: Dict): Value {
  return typeof value === 'string' && !isTruthy(case_sensitive) ? value.toLowerCase() : value
}

function sort(items: List, args: Dict): List {
  const keys = keyed(items, args).map((key, i) => ({ key: foldCase(key, args), item: items[i] ?? null }))
  const direction = isTruthy(args.reverse ?? false) ? -1 : 1
  return keys.sort((a, b) => direction * compare(a.key, b.key)).map(({ item }) => item)
}

function greatest(items: List, args: Dict): Result {
  const found = sort(items, { ...args, reverse: true })[0]
  return found ?? new Missing('the list is empty: it has no greatest item')
}

function reverse(value: Value): Value {
  if (typeof value === 'string') return [...value].reverse().join('')
  return itemsOf(value).toReversed()
}

function unique(items: List, args: Dict): List {
  const seen = new Map(
    keyed(items, args)
      .map((key, i) => [identity(foldCase(key, args)), i] as const)
      .toReversed(),
  )
  return [...seen.values()].sort((a, b) => a - b).map(i => items[i] ?? null)
}

const distinct = (items: List): List => unique(items, { case_sensitive: true })

function shared(items: List, other: Value | undefined, wanted: boolean): List {
  const known = new Set(itemsOf(other).map(identity))
  return distinct(items).filter(item => known.has(identity(item)) === wanted)
}

function sum(items: List, args: Dict): Value {
  return checkedNumber(
    keyed(items, args).reduce((total: number, item) => total + asNumber(item), asNumber(args.start ?? 0)),
  )
}

function flatten(items: List, levels: Value | undefined, skipNulls: boolean): List {
  const depth = levels === undefined || levels === null ? Number.POSITIVE_INFINITY : asInteger(levels)
  const flat: Value[] = []
  const add = (item: Value, left: number): void => {
    if (isList(item) && left >= 0) for (const each of item) add(each, left - 1)
    else if (item !== null || !skipNulls) flat.push(item)
    checkedItems(flat.length)
  }
  for (const item of items) add(item, depth - 1)
  return flat
}

function zip(items: List, args: Dict): List {
  const lists = [items, ...asList(args['*']).map(itemsOf)]
  const length = Math.min(...lists.map(each => each.length))
  return items.slice(0, length).map((_, i) => lists.map(each => each[i] ?? null))
}
