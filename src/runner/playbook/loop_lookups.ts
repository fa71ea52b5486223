import type { UserError } from '../../errors.ts'
import type { Value } from '../template/template.ts'
import { sequence } from './loop_sequence.ts'

export type Failure = (why: string, hint?: string) => UserError

/** What each lookup behind `with_` makes of its terms (ansible/ansible, lib/ansible/plugins/lookup). */
export const LOOKUPS: Readonly<
  Record<string, (terms: readonly Value[], failure: Failure) => readonly Value[]>
> = {
  items: terms => terms.flat(1),
  list: terms => terms,
  flattened: flatten,
  indexed_items: terms => terms.flat(1).map((item, n) => [n, item]),
  together: terms => transpose(terms.map(asList)).map(row => row.flat(1)),
  nested: (terms, failure) => {
    if (terms.length === 0) throw failure('needs at least one list')
    const rows = terms
      .map(asList)
      .reduce<Value[][]>((rows, list) => rows.flatMap(row => list.map(item => [...row, item])), [[]])
    return rows.map(row => row.flat(1))
  },
  dict: (terms, failure) => terms.flatMap(term => entriesOf(term, failure)),
  sequence,
  subelements,
}

/** Lists in lists, however deep; what is nothing is left out. */
function flatten(terms: readonly Value[]): readonly Value[] {
  return terms.flatMap(term => {
    if (Array.isArray(term)) return flatten(term)
    return term === null || term === 'None' || term === 'null' ? [] : [term]
  })
}

const asList = (term: Value): readonly Value[] => (Array.isArray(term) ? term : [term])

function transpose(lists: readonly (readonly Value[])[]): readonly Value[][] {
  const length = Math.max(0, ...lists.map(list => list.length))
  return Array.from({ length }, (_, n) => lists.map(list => list[n] ?? null))
}

type Mapping = Readonly<Record<string, Value>>
const isMapping = (value: Value | undefined): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function entriesOf(term: Value, failure: Failure): readonly Value[] {
  if (!isMapping(term)) throw failure('takes a mapping', 'for a list use loop')
  return Object.entries(term).map(([key, value]) => ({ key, value }))
}

/** `[list, key.below]`: each item of the list with each item of what it has below the key. */
function subelements(terms: readonly Value[], failure: Failure): readonly Value[] {
  const [from, key, flags] = terms
  if (terms.length < 2 || typeof key !== 'string')
    throw failure('takes a list and the key of what is below its items')
  const skipsMissing = isMapping(flags) && isTrue(flags.skip_missing)
  const items = Array.isArray(from) ? from : isMapping(from) ? Object.values(from) : undefined
  if (items === undefined) throw failure('takes a list or a mapping first')
  return items.flatMap((item: Value) => {
    if (!isMapping(item)) throw failure('each item must be a mapping')
    const below = key
      .split('.')
      .reduce<Value | undefined>((at, name) => (isMapping(at) ? at[name] : undefined), item)
    if (below === undefined && skipsMissing) return []
    if (!Array.isArray(below))
      throw failure(
        below === undefined ? `an item has no "${key}"` : `"${key}" of an item must be a list`,
        below === undefined ? 'add {skip_missing: true} as the third' : undefined,
      )
    return below.map((inner: Value) => [item, inner])
  })
}

const isTrue = (value: Value | undefined): boolean =>
  value === true || /^(?:true|yes|on|1)$/i.test(String(value))
