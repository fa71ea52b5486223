import { asDict, asString } from '../coerce.ts'
import { compare, identity } from '../compare.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import {
  type Dict,
  dictOf,
  type Item,
  isDict,
  isList,
  isTruthy,
  itemsOf,
  keyText,
  type List,
  Missing,
  ownItem,
  present,
  tuple,
} from '../values.ts'

export const DICT_FILTERS: Readonly<Record<string, Filter>> = {
  dict2items: { takes: 'key_name? value_name?', apply: (operand, args) => toItems(asDict(operand), args) },
  items2dict: { takes: 'key_name? value_name?', apply: (operand, args) => fromItems(operand, args) },
  items: {
    takes: '',
    apply: operand =>
      operand instanceof Missing
        ? []
        : Object.entries(asDict(operand)).map(([key, value]) => tuple(key, value)),
  },
  dictsort: {
    takes: 'case_sensitive? by? reverse?',
    apply: (operand, args) => dictSort(asDict(operand), args),
  },
  combine: { takes: '* recursive= list_merge=', apply: combine },
  rekey_on_member: {
    takes: 'key duplicates?',
    apply: (operand, args) => rekey(present(operand), args),
  },
}

function toItems(dict: Dict, { key_name = 'key', value_name = 'value' }: Args): Item {
  return Object.entries(dict).map(([key, value]) =>
    dictOf([
      [toText(key_name), key],
      [toText(value_name), value],
    ]),
  )
}

function fromItems(value: Item, { key_name = 'key', value_name = 'value' }: Args): Item {
  const field = (item: Item, name: Item): Item => {
    const found = ownItem(asDict(item), name)
    if (found === undefined) throw new Problem(`an item has no "${toText(name)}"`)
    return found
  }
  const items = present(value)
  if (!isList(items)) throw new Problem('items2dict needs a list')
  return dictOf(items.map(item => [keyText(field(item, key_name)), field(item, value_name)] as const))
}

function dictSort(dict: Dict, { case_sensitive = false, by = 'key', reverse = false }: Args): List {
  if (by !== 'key' && by !== 'value') throw new Problem('dictsort sorts by "key" or by "value"')
  const fold = (item: Item): Item =>
    typeof item === 'string' && !isTruthy(case_sensitive) ? item.toLowerCase() : item
  const direction = isTruthy(reverse) ? -1 : 1
  const place = by === 'key' ? 0 : 1
  return Object.entries(dict)
    .sort((a, b) => direction * compare(fold(a[place]), fold(b[place])))
    .map(([key, value]) => tuple(key, value))
}

function combine(operand: Item, { '*': terms, recursive = false, list_merge = 'replace' }: Args): Item {
  const dicts = [operand, ...itemsOf(terms)].flatMap(each => {
    const value = present(each)
    return isList(value) ? value.filter(item => item !== null) : [value]
  })
  const mergeLists = Object.hasOwn(LIST_MERGES, asString(list_merge))
    ? LIST_MERGES[asString(list_merge)]
    : undefined
  if (!mergeLists)
    throw new Problem(
      `there is no list_merge "${asString(list_merge)}"`,
      `use one of ${Object.keys(LIST_MERGES).join(', ')}`,
    )
  const merge = (under: Dict, over: Dict): Dict => mergeDicts(under, over, isTruthy(recursive), mergeLists)
  return dicts.map(asDict).reduce(merge, {})
}

type MergeLists = (under: List, over: List) => List
const without = (list: List, other: List): List => {
  const known = new Set(other.map(identity))
  return list.filter(item => !known.has(identity(item)))
}

/** What becomes of a list that both have (ansible/utils/vars.py, merge_hash). */
const LIST_MERGES: Readonly<Record<string, MergeLists>> = {
  replace: (_, over) => over,
  keep: under => under,
  append: (under, over) => [...under, ...over],
  prepend: (under, over) => [...over, ...under],
  append_rp: (under, over) => [...without(under, over), ...over],
  prepend_rp: (under, over) => [...over, ...without(under, over)],
}

function mergeDicts(under: Dict, over: Dict, isDeep: boolean, mergeLists: MergeLists): Dict {
  const entries = Object.entries(over).map(([key, value]): readonly [string, Item] => {
    const below = ownItem(under, key)
    if (isDeep && isDict(below) && isDict(value)) return [key, mergeDicts(below, value, isDeep, mergeLists)]
    return [key, isList(below) && isList(value) ? mergeLists(below, value) : value]
  })
  return dictOf([...Object.entries(under), ...entries])
}

function rekey(value: Item, { key = null, duplicates = 'error' }: Args): Item {
  if (duplicates !== 'error' && duplicates !== 'overwrite')
    throw new Problem('duplicates must be "error" or "overwrite"')
  const rekeyed = new Map<string, Item>()
  for (const item of isDict(value) ? Object.values(value) : itemsOf(value)) {
    const found = ownItem(asDict(item), key)
    if (found === undefined) throw new Problem(`an item has no "${toText(key)}"`)
    if (rekeyed.has(keyText(found)) && duplicates === 'error')
      throw new Problem(`two items have the ${toText(key)} "${toText(found)}"`)
    rekeyed.set(keyText(found), item)
  }
  return dictOf(rekeyed)
}
