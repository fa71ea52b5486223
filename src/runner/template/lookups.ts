import { didYouMean } from '../../nearest.ts'
import { asInteger, asString, checkedItems } from './coerce.ts'
import { subelements } from './filters/subelements.ts'
import { formatPrintf } from './format.ts'
import { toPlain } from './plain.ts'
import { Problem } from './problem.ts'
import { toRegExp } from './regex.ts'
import type { Args } from './signature.ts'
import type { Scope, Value } from './template.ts'
import {
  type Dict,
  dictOf,
  type Item,
  isDict,
  isList,
  isTruthy,
  itemsOf,
  type List,
  present,
  tuple,
} from './values.ts'

/** Lookups that read something outside the template, by name: the caller of parseTemplate gives them. */
export type Lookups = Readonly<Record<string, (terms: readonly Value[], named: Scope) => readonly Value[]>>

export interface LookupSources {
  readonly scope: Scope
  readonly lookups: Lookups
}

/** `lookup(name, …)`: texts joined with commas, or the one value, or the list; query() always answers a list. */
export function lookUpNow(args: Args, sources: LookupSources, isQuery: boolean): Item {
  const name = asString(args.name).replace(/^ansible\.(?:builtin|legacy)\./, '')
  const found = answer(name, itemsOf(args['*']), isDict(args['**']) ? args['**'] : {}, sources)
  if (isQuery || isTruthy(args.wantlist ?? false)) return found
  if (found.length > 0 && found.every(item => typeof item === 'string')) return found.join(',')
  return found.length === 1 ? (found[0] ?? null) : found
}

function answer(name: string, terms: List, named: Dict, sources: LookupSources): List {
  const given = Object.hasOwn(sources.lookups, name) ? sources.lookups[name] : undefined
  if (given)
    return given(
      terms.map(toPlain),
      Object.fromEntries(Object.entries(named).map(([key, item]) => [key, toPlain(item)])),
    )
  const known = Object.hasOwn(LOOKUPS, name) ? LOOKUPS[name] : undefined
  if (known) return known(terms, named, sources.scope)
  const hint = Object.hasOwn(REFUSED_LOOKUPS, name) ? REFUSED_LOOKUPS[name] : undefined
  if (hint !== undefined) throw new Problem(`the lookup "${name}" is not available`, hint)
  throw new Problem(
    `there is no lookup "${name}"`,
    didYouMean(name, [...Object.keys(LOOKUPS), ...Object.keys(sources.lookups)]),
  )
}

/** Those that only rearrange what they are given, and those that read variables (ansible/plugins/lookup). */
const LOOKUPS: Readonly<Record<string, (terms: List, named: Dict, scope: Scope) => List>> = {
  vars: (terms, named, scope) => terms.map(term => variable(asString(term), named, scope)),
  varnames: (terms, _, scope) =>
    terms.flatMap(term => Object.keys(scope).filter(name => toRegExp(term, '', {}).test(name))),
  items: terms => flattenOnce(terms),
  list: terms => terms,
  dict: terms => terms.flatMap(dictItems),
  indexed_items: terms => flattenOnce(terms).map((item, i) => tuple(i, item)),
  nested: terms => nested(terms.map(itemsOf)),
  cartesian: terms => nested(terms.map(itemsOf)),
  together: terms => together(terms.map(itemsOf)),
  flattened: terms => flattenAll(terms),
  subelements: ([items, path, flags]) =>
    subelements(items, path, isDict(flags) && isTruthy(flags.skip_missing ?? false)),
  sequence: terms => terms.flatMap(term => sequence(asString(term))),
}

const FILE =
  'it would read a file of the controller: put the text into a variable, or use the copy or template module'
const REFUSED_LOOKUPS: Readonly<Record<string, string>> = {
  env: 'give the value with -e',
  file: FILE,
  fileglob: FILE,
  first_found: FILE,
  lines:
    'it would run a program on the controller: use the command module with delegate_to: localhost and register',
  pipe: 'it would run a program on the controller: use the command module with delegate_to: localhost and register',
  template: FILE,
  unvault: FILE,
  csvfile: FILE,
  ini: FILE,
  password: 'it would write a file of the controller: keep the password in a vaulted variable',
  random_choice: 'a run should come out the same twice: use | random(seed=inventory_hostname)',
  url: 'use the command module with delegate_to: localhost and register',
  config: 'name the setting as a variable',
  inventory_hostnames: 'use groups, as in groups["all"]',
}

function variable(name: string, { default: fallback }: Dict, scope: Scope): Item {
  const found = Object.hasOwn(scope, name) ? scope[name] : undefined
  if (found !== undefined) return found
  if (fallback !== undefined) return present(fallback)
  throw new Problem(`"${name}" is not defined`, didYouMean(name, Object.keys(scope)))
}

function dictItems(term: Item): List {
  const terms = isList(term) ? term : [term]
  return terms.flatMap(each => {
    if (!isDict(each)) throw new Problem('the lookup "dict" needs a dictionary')
    return Object.entries(each).map(([key, value]) =>
      dictOf([
        ['key', key],
        ['value', value],
      ]),
    )
  })
}

const flattenOnce = (terms: List): List => terms.flatMap(term => (isList(term) ? [...term] : [term]))
const flattenAll = (terms: List): List => terms.flatMap(term => (isList(term) ? flattenAll(term) : [term]))

function nested(lists: readonly List[]): List {
  const [first = [], ...others] = lists
  return others.reduce<readonly List[]>(
    (rows, list) => {
      checkedItems(rows.length * list.length)
      return rows.flatMap(row => list.map(item => [...row, item]))
    },
    first.map(item => [item]),
  )
}

function together(lists: readonly List[]): List {
  const length = Math.max(0, ...lists.map(list => list.length))
  return Array.from({ length }, (_, i) => flattenOnce(lists.map(list => list[i] ?? null)))
}

const SHORTCUT =
  /^(?:(?<start>0?[0-9a-fx]+)-)?(?<end>0?[0-9a-fx]+)(?:\/(?<stride>0?[0-9a-fx]+))?(?::(?<format>.+))?$/i

function sequence(term: string): List {
  const fields = SHORTCUT.exec(term)?.groups ?? Object.fromEntries(term.split(/\s+/).map(readField))
  const number = (name: string): number | undefined =>
    fields[name] === undefined ? undefined : asInteger(Number(fields[name].replace(/^0(?=\d)/, '0o')))
  const {
    start = 1,
    end,
    count,
    stride = 1,
  } = {
    start: number('start'),
    end: number('end'),
    count: number('count'),
    stride: number('stride'),
  }
  if (count === 0) return []
  const last = end ?? (count === undefined ? undefined : start + count * stride - Math.sign(stride))
  if (last === undefined) throw new Problem('a sequence needs its end or count')
  if (stride === 0 || (last - start) * stride < 0) throw new Problem('the stride leads away from the end')
  const length = checkedItems(Math.floor((last - start) / stride) + 1)
  return Array.from({ length }, (_, i) => formatPrintf(fields.format ?? '%d', tuple(start + i * stride)))
}

function readField(field: string): [string, string] {
  const [name = '', ...value] = field.split('=')
  if (!['start', 'end', 'count', 'stride', 'format'].includes(name))
    throw new Problem(`a sequence has no "${name}"`, 'its fields are start, end, count, stride and format')
  return [name, value.join('=')]
}
