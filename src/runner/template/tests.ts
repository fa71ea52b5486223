import { asNumber, asString } from './coerce.ts'
import { compare, contains, identity, isEqual } from './compare.ts'
import { FILTERS } from './filters/index.ts'
import { Problem } from './problem.ts'
import { toText } from './python_text.ts'
import { toRegExp, withinTime } from './regex.ts'
import type { Args, Test } from './signature.ts'
import {
  describe,
  type Item,
  isDict,
  isFloat,
  isList,
  isNumeric,
  isTruthy,
  itemsOf,
  Missing,
  ownItem,
  present,
  TemplateObject,
} from './values.ts'
import { compareVersions } from './versions.ts'

/** What stands after `is`: Jinja2's tests and those Ansible adds (ansible.builtin, docs: "Tests"). */
export const TESTS: Readonly<Record<string, Test>> = {
  defined: { takes: '', holds: operand => !(operand instanceof Missing) },
  undefined: { takes: '', holds: operand => operand instanceof Missing },

  none: test(value => value === null),
  string: test(value => typeof value === 'string'),
  number: test(value => isNumeric(value)),
  integer: test(value => typeof value === 'number' && Number.isInteger(value)),
  float: test(isFloat),
  boolean: test(value => typeof value === 'boolean'),
  mapping: test(isDict),
  sequence: test(value => isIterable(value)),
  iterable: test(value => isIterable(value)),
  callable: test(value => value instanceof TemplateObject),
  escaped: test(() => false),
  vault_encrypted: test(() => false),

  true: test(value => value === true),
  false: test(value => value === false),
  truthy: test((value, args) => isTruthyBy(value, args), 'convert_bool?'),
  falsy: test((value, args) => !isTruthyBy(value, args), 'convert_bool?'),
  odd: test(value => Math.abs(asNumber(value) % 2) === 1),
  even: test(value => asNumber(value) % 2 === 0),
  divisibleby: test((value, { num }) => asNumber(value) % divisor(asNumber(num)) === 0, 'num'),
  lower: test(value => isCase(toText(value), text => text.toLowerCase())),
  upper: test(value => isCase(toText(value), text => text.toUpperCase())),
  nan: test(value => Number.isNaN(asNumber(value))),
  isnan: test(value => Number.isNaN(asNumber(value))),

  ...named(
    ['eq', 'equalto', '=='],
    comparison((a, b) => isEqual(a, b)),
  ),
  ...named(
    ['ne', '!='],
    comparison((a, b) => !isEqual(a, b)),
  ),
  ...named(
    ['gt', 'greaterthan', '>'],
    comparison((a, b) => compare(a, b) > 0),
  ),
  ...named(
    ['ge', '>='],
    comparison((a, b) => compare(a, b) >= 0),
  ),
  ...named(
    ['lt', 'lessthan', '<'],
    comparison((a, b) => compare(a, b) < 0),
  ),
  ...named(
    ['le', '<='],
    comparison((a, b) => compare(a, b) <= 0),
  ),

  sameas: comparison((a, b) => typeof a === typeof b && isFloat(a) === isFloat(b) && isEqual(a, b)),

  in: comparison((item, container) => contains(container, item)),
  contains: comparison((container, item) => contains(container, item)),
  ...named(['subset', 'issubset'], comparison(isSubset)),
  ...named(
    ['superset', 'issuperset'],
    comparison((a, b) => isSubset(b, a)),
  ),
  any: test(value => itemsOf(value).some(isTruthy)),
  all: test(value => itemsOf(value).every(isTruthy)),

  match: regex('y'),
  search: regex(''),
  regex: {
    takes: 'pattern? ignorecase? multiline? match_type?',
    holds: (operand, args) => regexHolds(operand, args, args.match_type === 'match' ? 'y' : ''),
  },
  ...named(['version', 'version_compare'], test(compareVersions, 'version operator? strict? version_type?')),

  filter: test(value => typeof value === 'string' && Object.hasOwn(FILTERS, value)),
  test: test(value => typeof value === 'string' && Object.hasOwn(TESTS, value)),

  ...named(
    ['abs', 'is_abs'],
    test(value => toText(value).startsWith('/')),
  ),
  url: test((value, args) => isUri(value, args, hasNetwork), 'schemes?'),
  uri: test((value, args) => isUri(value, args, hasScheme), 'schemes?'),
  urn: test(value => isUri(value, { schemes: ['urn'] }, hasScheme)),

  ...named(['changed', 'change'], result('changed', hasChanged)),
  ...named(
    ['failed', 'failure'],
    result('failed', value => field(value, 'failed')),
  ),
  ...named(
    ['succeeded', 'success', 'successful'],
    result('success', value => !field(value, 'failed')),
  ),
  ...named(
    ['skipped', 'skip'],
    result('skipped', value => field(value, 'skipped')),
  ),
  unreachable: result('unreachable', value => field(value, 'unreachable')),
  reachable: result('reachable', value => !field(value, 'unreachable')),
  // Nothing runs in the background here: what is registered has ended.
  finished: result('finished', value => isEqual(ownItem(value, 'finished') ?? 1, 1)),
  started: result('started', value => isEqual(ownItem(value, 'started') ?? 1, 1)),
}

const CONTROLLER =
  'it would look at a file of the controller: register a command instead, and test its result'

/** Tests of Ansible that are refused, and what to do instead. */
export const REFUSED_TESTS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['directory', 'is_dir', 'file', 'is_file', 'link', 'is_link', 'exists', 'link_exists'],
    ['same_file', 'is_same_file', 'mount', 'is_mount'],
  ]
    .flat()
    .map(name => [name, CONTROLLER]),
)

function test(holds: (value: Item, args: Args) => boolean, takes = ''): Test {
  return { takes, holds: (operand, args) => holds(present(operand), args) }
}

function comparison(holds: (left: Item, right: Item) => boolean): Test {
  return test((value, { other }) => holds(value, present(other)), 'other')
}

const isIterable = (value: Item): boolean => typeof value === 'string' || isList(value) || isDict(value)

/** Python's and Ansible's words for booleans (module_utils/parsing/convert_bool.py). */
const WORDS = new Map([
  ...['y', 'yes', 'on', '1', 'true', 't', '1.0'].map(word => [word, true] as const),
  ...['n', 'no', 'off', '0', 'false', 'f', '0.0'].map(word => [word, false] as const),
])

function isTruthyBy(value: Item, { convert_bool = false }: Args): boolean {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined
  const known = isTruthy(convert_bool) && word !== undefined ? WORDS.get(word) : undefined
  return known ?? isTruthy(value)
}

function divisor(number: number): number {
  if (number === 0) throw new Problem('division by zero')
  return number
}

/** As Python's islower() and isupper(): a text without letters is neither. */
function isCase(text: string, fold: (text: string) => string): boolean {
  return fold(text) === text && text.toLowerCase() !== text.toUpperCase()
}

/** `match` looks at the start of the text, `search` and `regex` anywhere in it. */
function regex(flags: string): Test {
  return {
    takes: 'pattern? ignorecase? multiline?',
    holds: (operand, args) => regexHolds(operand, args, flags),
  }
}

function regexHolds(operand: Item, args: Args, flags: string): boolean {
  const text = asString(operand)
  const pattern = toRegExp(args.pattern ?? '', flags, args)
  return withinTime(pattern, text, () => pattern.test(text))
}

function isSubset(inner: Item, outer: Item): boolean {
  const known = new Set(itemsOf(outer).map(identity))
  return itemsOf(inner).every(item => known.has(identity(item)))
}

/** On what `register` keeps. */
function result(name: string, holds: (value: Item) => boolean): Test {
  return test(value => {
    if (!isDict(value))
      throw new Problem(`"${name}" tests what a task has registered, this is ${describe(value)}`)
    return holds(value)
  })
}

const field = (value: Item, name: string): boolean => isTruthy(ownItem(value, name) ?? false)

/** Of a loop that says nothing of its own: one of its rounds. */
function hasChanged(value: Item): boolean {
  const own = ownItem(value, 'changed')
  if (own !== undefined) return isTruthy(own)
  const rounds = ownItem(value, 'results')
  return isList(rounds) && rounds.some(round => isDict(round) && field(round, 'changed'))
}

const hasScheme = (url: string): string | undefined => /^([a-z][a-z\d+.-]*):./is.exec(url)?.[1]
const hasNetwork = (url: string): string | undefined => /^([a-z][a-z\d+.-]*):\/\/[^/?#]+/i.exec(url)?.[1]

function isUri(
  value: Item,
  { schemes = null }: Args,
  schemeOf: (url: string) => string | undefined,
): boolean {
  const scheme = typeof value === 'string' ? schemeOf(value)?.toLowerCase() : undefined
  if (scheme === undefined) return false
  return schemes === null || itemsOf(schemes).includes(scheme)
}

function named(names: readonly string[], test: Test): Readonly<Record<string, Test>> {
  return Object.fromEntries(names.map(name => [name, test]))
}
