import { asNumber, asString, toRegExp } from './coerce.ts'
import { Problem } from './problem.ts'
import type { Test } from './signature.ts'
import type { Value } from './template.ts'
import {
  compare,
  contains,
  type Dict,
  identity,
  isDict,
  isEqual,
  isList,
  isTruthy,
  itemsOf,
  type List,
  Missing,
  ownItem,
  present,
  toText,
} from './values.ts'

/** What stands after `is`: Jinja2's tests and those Ansible adds (ansible.builtin, docs: "Tests"). */
export const TESTS: Readonly<Record<string, Test>> = {
  defined: { takes: '', holds: operand => !(operand instanceof Missing) },
  undefined: { takes: '', holds: operand => operand instanceof Missing },

  none: test(value => value === null),
  string: test(value => typeof value === 'string'),
  number: test(value => typeof value === 'number' || typeof value === 'boolean'),
  integer: test(value => Number.isInteger(value)),
  float: test(value => typeof value === 'number' && !Number.isInteger(value)),
  boolean: test(value => typeof value === 'boolean'),
  mapping: test(isDict),
  sequence: test(value => typeof value === 'string' || isList(value) || isDict(value)),
  iterable: test(value => typeof value === 'string' || isList(value) || isDict(value)),

  true: test(value => value === true),
  false: test(value => value === false),
  truthy: test(isTruthy),
  falsy: test(value => !isTruthy(value)),
  odd: test(value => Math.abs(asNumber(value) % 2) === 1),
  even: test(value => asNumber(value) % 2 === 0),
  divisibleby: test((value, { num }) => asNumber(value) % asNumber(num) === 0, 'num'),
  lower: test(value => isCase(toText(value), text => text.toLowerCase())),
  upper: test(value => isCase(toText(value), text => text.toUpperCase())),

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

  sameas: comparison((a, b) => typeof a === typeof b && isEqual(a, b)),

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
  regex: regex(''),
  version: test((value, args) => compareVersions(value, args), 'version operator?'),

  ...named(
    ['changed', 'change'],
    result(value => isTruthy(ownItem(value, 'changed') ?? false)),
  ),
  ...named(['failed', 'failure'], result(hasFailed)),
  ...named(
    ['succeeded', 'success', 'successful'],
    result(value => !hasFailed(value)),
  ),
  ...named(
    ['skipped', 'skip'],
    result(value => isTruthy(ownItem(value, 'skipped') ?? false)),
  ),
}

function test(holds: (value: Value, args: Dict) => boolean, takes = ''): Test {
  return { takes, holds: (operand, args) => holds(present(operand), args) }
}

function comparison(holds: (left: Value, right: Value) => boolean): Test {
  return test((value, { other }) => holds(value, other ?? null), 'other')
}

/** As Python's islower() and isupper(): a text without letters is neither. */
function isCase(text: string, fold: (text: string) => string): boolean {
  return fold(text) === text && text.toLowerCase() !== text.toUpperCase()
}

/** `match` looks at the start of the text, `search` and `regex` anywhere in it. */
function regex(flags: string): Test {
  const holds = (value: Value, args: Dict) => toRegExp(args.pattern, flags, args).test(asString(value))
  return test(holds, 'pattern ignorecase? multiline?')
}

function isSubset(inner: Value, outer: Value): boolean {
  const known = new Set(itemsOf(outer).map(identity))
  return itemsOf(inner).every(item => known.has(identity(item)))
}

/** On what `register` keeps. */
function result(holds: (value: Value) => boolean): Test {
  return test(holds)
}

function hasFailed(value: Value): boolean {
  return isTruthy(ownItem(value, 'failed') ?? false)
}

function named(names: readonly string[], test: Test): Readonly<Record<string, Test>> {
  return Object.fromEntries(names.map(name => [name, test]))
}

const VERSION_OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  ...operators(['==', '=', 'eq'], order => order === 0),
  ...operators(['!=', '<>', 'ne'], order => order !== 0),
  ...operators(['<', 'lt'], order => order < 0),
  ...operators(['<=', 'le'], order => order <= 0),
  ...operators(['>', 'gt'], order => order > 0),
  ...operators(['>=', 'ge'], order => order >= 0),
}

function operators(names: readonly string[], holds: (order: number) => boolean) {
  return Object.fromEntries(names.map(name => [name, holds]))
}

function compareVersions(value: Value, args: Dict): boolean {
  const operator = asString(args.operator ?? '==')
  const holds = Object.hasOwn(VERSION_OPERATORS, operator) ? VERSION_OPERATORS[operator] : undefined
  if (!holds) throw new Problem(`"${operator}" compares no versions`, 'use ==, !=, <, <=, > or >=')
  return holds(compare(versionParts(value), versionParts(args.version ?? '')))
}

/** `6.1.0-rc2` as [6, 1, 0, -1, 'rc', 2]: numbers by size; a word is told from a number by the -1 before it. */
function versionParts(version: Value): List {
  const parts = toText(version).match(/\d+|[a-z]+/gi) ?? []
  return parts.flatMap(part => (/\d/.test(part) ? [Number(part)] : [-1, part]))
}
