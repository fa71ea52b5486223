import { asString } from './coerce.ts'
import { Problem } from './problem.ts'
import { toText } from './python_text.ts'
import type { Args } from './signature.ts'
import { type Item, isTruthy } from './values.ts'

/** `x is version('6.1', '>=')` (ansible/plugins/test/core.py, version_compare). */
export function compareVersions(value: Item, args: Args): boolean {
  const operator = asString(args.operator ?? 'eq')
  const holds = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
  if (!holds) throw new Problem(`"${operator}" compares no versions`, 'use ==, !=, <, <=, > or >=')
  const [left, right] = [toText(value), toText(args.version ?? '')]
  if (left === '' || right === '') throw new Problem('a version to compare is empty')
  return holds(orderBy(args)(left, right))
}

type Order = (left: string, right: string) => number

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
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

function orderBy({ strict = null, version_type = null }: Args): Order {
  if (strict !== null && version_type !== null)
    throw new Problem('a version has "strict" or a "version_type", not both')
  if (strict !== null) return isTruthy(strict) ? strictOrder : looseOrder
  if (version_type === null) return looseOrder
  const order = Object.hasOwn(ORDERS, asString(version_type)) ? ORDERS[asString(version_type)] : undefined
  if (!order)
    throw new Problem(
      `there is no version_type "${asString(version_type)}"`,
      `use one of ${Object.keys(ORDERS).join(', ')}`,
    )
  return order
}

const ORDERS: Readonly<Record<string, Order>> = {
  loose: looseOrder,
  strict: strictOrder,
  semver: semanticOrder,
  semantic: semanticOrder,
}

type Part = number | string

function compareParts(
  left: readonly Part[],
  right: readonly Part[],
  mixed: (a: Part, b: Part) => number,
): number {
  for (const [i, part] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (part === other) continue
    if (typeof part === 'number' && typeof other === 'number') return part - other
    if (typeof part === 'string' && typeof other === 'string') return part < other ? -1 : 1
    return mixed(part, other)
  }
  return left.length - right.length
}

/** Numbers and words in turn. Ansible's LooseVersion has no order for a word and a number: here a word is below. */
function looseOrder(left: string, right: string): number {
  const parts = (version: string): readonly Part[] =>
    (version.match(/\d+|[a-z]+|[^\da-z.]+/g) ?? []).map(part => (/^\d/.test(part) ? Number(part) : part))
  return compareParts(parts(left), parts(right), a => (typeof a === 'string' ? -1 : 1))
}

/** Two or three numbers, and an `a1` or `b2` before the final one (distutils.version, StrictVersion). */
function strictOrder(left: string, right: string): number {
  return compareParts(strictParts(left), strictParts(right), a => (typeof a === 'string' ? -1 : 1))
}

function strictParts(version: string): readonly Part[] {
  const found = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(version)
  if (!found) throw new Problem(`"${version}" is no strict version`, 'write it as 1.2.3 or 1.2b1')
  const [, major, minor, patch = '0', letter, number] = found
  const release = [major, minor, patch].map(Number)
  return letter === undefined ? [...release, 'final'] : [...release, letter, Number(number)]
}

/** semver.org 2.0.0, section 11: a pre-release is below its release, and its numbers are below its words. */
function semanticOrder(left: string, right: string): number {
  const [a, b] = [semanticParts(left), semanticParts(right)]
  const release = compareParts(a.release, b.release, () => 0)
  if (release !== 0) return release
  if (a.pre.length === 0 || b.pre.length === 0) return Number(a.pre.length === 0) - Number(b.pre.length === 0)
  return compareParts(a.pre, b.pre, part => (typeof part === 'number' ? -1 : 1))
}

function semanticParts(version: string): {
  readonly release: readonly number[]
  readonly pre: readonly Part[]
} {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-zA-Z.-]+))?(?:\+[\da-zA-Z.-]+)?$/.exec(version)
  if (!found) throw new Problem(`"${version}" is no semantic version`, 'write it as 1.2.3 or 1.2.3-rc.1')
  const [, major, minor, patch, pre] = found
  return {
    release: [major, minor, patch].map(Number),
    pre: pre?.split('.').map(part => (/^\d+$/.test(part) ? Number(part) : part)) ?? [],
  }
}
