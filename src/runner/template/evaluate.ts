import { didYouMean } from '../../nearest.ts'
import { type Bound, bindArguments } from './arguments.ts'
import type { Arguments, Expression } from './ast.ts'
import { asInteger, asNumber, checkedItems, checkedResult } from './coerce.ts'
import { FILTERS } from './filters/index.ts'
import { FUNCTIONS, METHODS } from './methods.ts'
import { arithmetic, compareBy } from './operators.ts'
import { located, Problem } from './problem.ts'
import type { Named } from './signature.ts'
import type { Scope, Value } from './template.ts'
import { TESTS } from './tests.ts'
import {
  type Dict,
  describe,
  isDict,
  isList,
  isTruthy,
  keyText,
  type List,
  Missing,
  ownItem,
  present,
  type Result,
} from './values.ts'

/** Variables an expression sees: loop variables and `{% set %}` before the host's. */
export interface Environment {
  readonly scope: Scope
  readonly locals: ReadonlyMap<string, Value>
  readonly budget: { steps: number }
}

/** What a playbook's expressions need is below a thousandth of it; nested loops end here. */
export const MAX_STEPS = 1_000_000

export function spendStep(env: Environment, offset?: number): void {
  env.budget.steps -= 1
  if (env.budget.steps < 0) throw new Problem('the expression takes too many steps', undefined, offset)
}

/** The value, or what is missing: the caller decides whether that is an error. Throws Problem only. */
export function evaluate(node: Expression, env: Environment): Result {
  spendStep(env, node.offset)
  try {
    return checkedResult(evaluateNode(node, env))
  } catch (error) {
    throw error instanceof Problem ? located(error, node.offset) : error
  }
}

/** As evaluate, where a missing value is an error. */
export function requireValue(node: Expression, env: Environment): Value {
  try {
    return present(evaluate(node, env))
  } catch (error) {
    throw error instanceof Problem ? located(error, node.offset) : error
  }
}

function evaluateNode(node: Expression, env: Environment): Result {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'list':
      return node.items.map(item => requireValue(item, env))
    case 'dict':
      return Object.fromEntries(
        node.entries.map(([key, value]) => [keyText(requireValue(key, env)), requireValue(value, env)]),
      )
    case 'name':
      return lookUp(node.name, node.offset, env)
    case 'attribute':
      return member(node.object, node.name, node.offset, env)
    case 'item':
      return member(node.object, requireValue(node.key, env), node.offset, env)
    case 'slice':
      return slice(
        requireValue(node.object, env),
        [node.start, node.stop, node.step].map(bound => bound && requireValue(bound, env)),
      )
    case 'method':
      return METHODS[node.name]?.call(requireValue(node.object, env), valuesOf(node.args, env)) ?? null
    case 'function':
      return FUNCTIONS[node.name]?.call(valuesOf(node.args, env)) ?? null
    case 'filter':
      if (node.name === 'default' || node.name === 'd') return orDefault(node, env)
      return FILTERS[node.name]?.apply(evaluate(node.operand, env), valuesOf(node.args, env), NAMED) ?? null
    case 'test':
      return TESTS[node.name]?.holds(evaluate(node.operand, env), valuesOf(node.args, env)) !== node.negated
    case 'not':
      return !isTruthy(requireValue(node.operand, env))
    case 'sign':
      return (node.operator === '-' ? -1 : 1) * asNumber(requireValue(node.operand, env))
    case 'and': {
      const left = requireValue(node.left, env)
      return isTruthy(left) ? evaluate(node.right, env) : left
    }
    case 'or': {
      const left = requireValue(node.left, env)
      return isTruthy(left) ? left : evaluate(node.right, env)
    }
    case 'arithmetic':
      return arithmetic[node.operator](requireValue(node.left, env), requireValue(node.right, env))
    case 'comparison':
      return holdsThroughout(node, env)
    case 'choice':
      if (isTruthy(requireValue(node.condition, env))) return evaluate(node.chosen, env)
      return node.otherwise
        ? evaluate(node.otherwise, env)
        : new Missing('the condition is false and there is no "else"', undefined, node.offset, '')
  }
}

function valuesOf(args: Arguments, env: Environment): Dict {
  return Object.fromEntries(Object.entries(args).map(([name, node]) => [name, requireValue(node, env)]))
}

/** The default itself is only looked at when it is needed, and may be missing in turn: `a | default(b) | default(c)`. */
function orDefault(node: Extract<Expression, { kind: 'filter' }>, env: Environment): Result {
  const { default_value: fallback, boolean } = node.args
  const operand = evaluate(node.operand, env)
  const takesFalse = boolean !== undefined && isTruthy(requireValue(boolean, env))
  if (!(operand instanceof Missing) && (!takesFalse || isTruthy(operand))) return operand
  return fallback ? evaluate(fallback, env) : ''
}

function lookUp(name: string, offset: number, env: Environment): Result {
  const local = env.locals.get(name)
  if (local !== undefined) return local
  const value = Object.hasOwn(env.scope, name) ? env.scope[name] : undefined
  if (value !== undefined) return value
  const known = [...env.locals.keys(), ...Object.keys(env.scope)]
  return new Missing(`"${name}" is not defined`, didYouMean(name, known), offset)
}

/** What is missing stays missing, as in Ansible: `a.b.c | default('')` is fine without `a`. */
function member(node: Expression, key: Value, offset: number, env: Environment): Result {
  const object = evaluate(node, env)
  if (object instanceof Missing) return object
  const found = ownItem(object, key)
  if (found !== undefined) return found
  const [subject, name] = [pathOf(node) ?? describe(object), keyText(key)]
  if (isList(object) && typeof key === 'number')
    return new Missing(`${subject} has no item ${key}: it has ${object.length}`, undefined, offset)
  return new Missing(
    `${subject} has no "${name}"`,
    isDict(object) ? didYouMean(name, Object.keys(object)) : undefined,
    offset,
  )
}

/** `ansible_facts.kernel` as it was written, for messages. */
function pathOf(node: Expression): string | undefined {
  if (node.kind === 'name') return node.name
  if (node.kind === 'attribute') return suffixed(pathOf(node.object), `.${node.name}`)
  if (node.kind === 'item' && node.key.kind === 'literal')
    return suffixed(pathOf(node.object), `[${JSON.stringify(node.key.value)}]`)
  return undefined
}

const suffixed = (path: string | undefined, suffix: string): string | undefined =>
  path === undefined ? undefined : path + suffix

/** Python's slices: bounds from the end below zero, and clamped. */
function slice(object: Value, [start, stop, step]: readonly (Value | undefined)[]): Value {
  const items = typeof object === 'string' ? [...object] : object
  if (!isList(items)) throw new Problem(`${describe(object)} has no slices`)
  const by = step === undefined || step === null ? 1 : asInteger(step)
  if (by === 0) throw new Problem('a slice needs a step other than 0')
  const [low, high] = by > 0 ? [0, items.length] : [-1, items.length - 1]
  const bound = (given: Value | undefined, otherwise: number): number => {
    if (given === undefined || given === null) return otherwise
    const index = asInteger(given)
    return Math.min(Math.max(index < 0 ? index + items.length : index, low), high)
  }
  const [from, to] = by > 0 ? [bound(start, low), bound(stop, high)] : [bound(start, high), bound(stop, low)]
  const length = checkedItems(Math.max(0, Math.ceil((to - from) / by)))
  const chosen = Array.from({ length }, (_, i) => items[from + i * by] ?? null)
  return typeof object === 'string' ? chosen.join('') : chosen
}

function holdsThroughout(node: Extract<Expression, { kind: 'comparison' }>, env: Environment): boolean {
  let left = requireValue(node.first, env)
  for (const { operator, operand } of node.rest) {
    const right = requireValue(operand, env)
    if (!compareBy[operator](left, right)) return false
    left = right
  }
  return true
}

/** Filters and tests by name, for map, select and their kin; parse.ts has checked the names it could see. */
const NAMED: Named = {
  filter(name, operand, args) {
    const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
    if (!filter) throw new Problem(`there is no filter "${name}"`, didYouMean(name, Object.keys(FILTERS)))
    return filter.apply(operand, bindValues(name, filter.takes, args), NAMED)
  },
  test(name, operand, args) {
    const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
    if (!test) throw new Problem(`there is no test "${name}"`, didYouMean(name, Object.keys(TESTS)))
    return test.holds(operand, bindValues(`is ${name}`, test.takes, args))
  },
}

function bindValues(callee: string, takes: string, args: List): Bound<Value> {
  return bindArguments<Value>(callee, takes, { positional: args, named: [] }, rest => rest)
}
