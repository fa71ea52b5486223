import { asInteger, asList, atPath, checkedCharacters, checkedItems } from '../coerce.ts'
import { compare, identity } from '../compare.ts'
import { add } from '../operators.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import {
  describe,
  Group,
  type Item,
  isDict,
  isList,
  isTruthy,
  itemsOf,
  type List,
  Missing,
  ownItem,
  present,
  tuple,
} from '../values.ts'
import { subelements } from './subelements.ts'

export const LIST_FILTERS: Readonly<Record<string, Filter>> = {
  list: list(items => [...items]),
  length: { takes: '', apply: operand => sizeOf(present(operand)) },
  count: { takes: '', apply: operand => sizeOf(present(operand)) },
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
  sum: list((items, args) => keyed(items, args).reduce(add, args.start ?? 0), 'attribute? start?'),
  flatten: list(
    (items, { levels, skip_nulls = true }) => flatten(items, levels, isTruthy(skip_nulls)),
    'levels? skip_nulls?',
  ),
  union: list((items, { b }) => distinct([...items, ...itemsOf(b)]), 'b'),
  intersect: list((items, { b }) => shared(items, b, true), 'b'),
  difference: list((items, { b }) => shared(items, b, false), 'b'),
  symmetric_difference: list(
    (items, { b }) => [...shared(items, b, false), ...shared(itemsOf(b), items, false)],
    'b',
  ),
  zip: list(zip, '*'),
  zip_longest: list(zipLongest, '* fillvalue='),
  batch: list(batch, 'linecount fill_with?'),
  slice: list(slices, 'slices fill_with?'),
  groupby: list(groupBy, 'attribute default? case_sensitive?'),
  product: list(product, '* repeat='),
  permutations: list((items, { r }) => permutations(items, count(r, items.length)), 'r?'),
  combinations: list((items, { r }) => combinations(items, count(r, items.length)), 'r'),
  subelements: {
    takes: 'subelements skip_missing?',
    apply: (operand, args) => subelements(operand, args.subelements, isTruthy(args.skip_missing ?? false)),
  },
  extract: { takes: 'container morekeys?', apply: (operand, args) => extract(present(operand), args) },
}

function list(apply: (items: List, args: Args) => Item, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(itemsOf(operand), args) }
}

function sizeOf(value: Item): number {
  if (isList(value) || isDict(value) || typeof value === 'string') return itemsOf(value).length
  throw new Problem(`${describe(value)} has no length`)
}

function keyed(items: List, { attribute }: Args): List {
  return items.map(item => keyOf(item, attribute))
}

/** `attribute='group,name'` sorts by both. */
function keyOf(item: Item, attribute: Item | undefined): Item {
  return present(atPath(item, attribute))
}

function sortKeys(item: Item, { attribute, ...args }: Args): List {
  const paths = typeof attribute === 'string' ? attribute.split(',') : [attribute]
  return paths.map(path => foldCase(keyOf(item, path), args))
}

function join(items: List, separator: string): string {
  const texts = items.map(toText)
  checkedCharacters(texts.reduce((sum, text) => sum + text.length + separator.length, 0))
  return texts.join(separator)
}

/** Jinja2 compares without case unless told otherwise. */
function foldCase(value: Item, { case_sensitive = false }: Args): Item {
  return typeof value === 'string' && !isTruthy(case_sensitive) ? value.toLowerCase() : value
}

function sort(items: List, args: Args): List {
  const keys = items.map(item => ({ keys: sortKeys(item, args), item }))
  const direction = isTruthy(args.reverse ?? false) ? -1 : 1
  return keys.sort((a, b) => direction * compare(a.keys, b.keys)).map(({ item }) => item)
}

function greatest(items: List, args: Args): Item {
  const found = sort(items, { ...args, reverse: true })[0]
  return found ?? new Missing('the list is empty: it has no greatest item')
}

function reverse(value: Item): Item {
  if (typeof value === 'string') return [...value].reverse().join('')
  return [...itemsOf(value)].reverse()
}

function unique(items: List, args: Args): List {
  const seen = new Set<string>()
  return items.filter(item => {
    const key = identity(foldCase(keyOf(item, args.attribute), args))
    return !seen.has(key) && seen.add(key)
  })
}

const distinct = (items: List): List => unique(items, { case_sensitive: true })

function shared(items: List, other: Item | undefined, wanted: boolean): List {
  const known = new Set(itemsOf(other).map(identity))
  return distinct(items).filter(item => known.has(identity(item)) === wanted)
}

const NULLS: readonly Item[] = [null, 'None', 'null']

function flatten(items: List, levels: Item | undefined, skipNulls: boolean): List {
  const depth = levels === undefined || levels === null ? Number.POSITIVE_INFINITY : asInteger(levels)
  const flat: Item[] = []
  const addAll = (each: List, left: number): void => {
    for (const item of each) {
      if (skipNulls && NULLS.includes(item)) continue
      if (isList(item) && left >= 1) addAll(item, left - 1)
      else flat.push(item)
      checkedItems(flat.length)
    }
  }
  addAll(items, depth)
  return flat
}

function zip(items: List, args: Args): List {
  const lists = [items, ...asList(args['*']).map(itemsOf)]
  const length = Math.min(...lists.map(each => each.length))
  return items.slice(0, length).map((_, i) => tuple(...lists.map(each => each[i] ?? null)))
}

function zipLongest(items: List, args: Args): List {
  const lists = [items, ...asList(args['*']).map(itemsOf)]
  const length = Math.max(...lists.map(each => each.length))
  const filler = args.fillvalue ?? null
  return Array.from({ length }, (_, i) =>
    tuple(...lists.map(each => (i < each.length ? (each[i] ?? null) : filler))),
  )
}

function batch(items: List, { linecount = 1, fill_with = null }: Args): List {
  const size = asInteger(linecount)
  if (size < 1) throw new Problem('a batch holds at least one item')
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    filled(items.slice(i * size, (i + 1) * size), size, fill_with),
  )
}

function filled(row: List, size: number, filler: Item): List {
  if (filler === null || row.length >= size) return row
  return [...row, ...Array.from({ length: checkedItems(size) - row.length }, () => filler)]
}

function slices(items: List, { slices: wanted = 1, fill_with = null }: Args): List {
  const count = checkedItems(asInteger(wanted))
  if (count < 1) throw new Problem('at least one slice is needed')
  const [size, longer] = [Math.floor(items.length / count), items.length % count]
  return Array.from({ length: count }, (_, i) => {
    const start = i * size + Math.min(i, longer)
    const row = items.slice(start, start + size + (i < longer ? 1 : 0))
    return fill_with !== null && i >= longer && longer > 0 ? [...row, fill_with] : row
  })
}

function groupBy(items: List, { attribute = null, default: fallback, case_sensitive = false }: Args): List {
  const keys = items.map(item => {
    const found = atPath(item, attribute)
    return { item, key: found instanceof Missing && fallback !== undefined ? fallback : present(found) }
  })
  const fold = (key: Item): Item => foldCase(key, { case_sensitive })
  const groups = new Map<string, { readonly key: Item; readonly items: Item[] }>()
  for (const { key, item } of keys.sort((a, b) => compare(fold(a.key), fold(b.key)))) {
    const group = groups.get(identity(fold(key))) ?? { key, items: [] }
    group.items.push(item)
    groups.set(identity(fold(key)), group)
  }
  return [...groups.values()].map(({ key, items: members }) => Object.assign(new Group(), [key, members]))
}

function product(items: List, args: Args): List {
  const once = [items, ...asList(args['*']).map(itemsOf)]
  const lists = Array.from({ length: checkedItems(asInteger(args.repeat ?? 1)) }, () => once).flat()
  checkedItems(lists.reduce((size, each) => size * each.length, 1))
  return lists
    .reduce<readonly List[]>((rows, each) => rows.flatMap(row => each.map(item => [...row, item])), [[]])
    .map(row => tuple(...row))
}

const count = (given: Item | undefined, otherwise: number): number => {
  const wanted = given === undefined || given === null ? otherwise : asInteger(given)
  if (wanted < 0) throw new Problem('the number of items must not be below 0')
  return wanted
}

function permutations(items: List, size: number): List {
  return arrangements(items, size, (_, used) => items.keys().filter(i => !used.includes(i)))
}

function combinations(items: List, size: number): List {
  return arrangements(items, size, last => items.keys().drop(last + 1))
}

/** `next` answers the places that may follow. */
function arrangements(
  items: List,
  size: number,
  next: (last: number, used: readonly number[]) => Iterable<number>,
): List {
  const found: Item[] = []
  const extend = (used: readonly number[]): void => {
    if (used.length === size) {
      found.push(tuple(...used.map(i => items[i] ?? null)))
      checkedItems(found.length)
      return
    }
    for (const i of next(used.at(-1) ?? -1, used)) extend([...used, i])
  }
  if (size <= items.length) extend([])
  return found
}

function extract(key: Item, { container = null, morekeys = null }: Args): Item {
  const more = morekeys === null ? [] : isList(morekeys) ? morekeys : [morekeys]
  return [key, ...more].reduce(
    (found: Item, step) =>
      found instanceof Missing
        ? found
        : (ownItem(found, step) ?? new Missing(`${describe(found)} has no "${toText(step)}"`)),
    container,
  )
}
