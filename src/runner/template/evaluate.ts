import { didYouMean } from '../../nearest.ts'
import { type Bound, bindArguments } from './arguments.ts'
import type { Expression, Given } from './ast.ts'
import { asInteger, asNumber, checkedItems, checkedResult } from './coerce.ts'
import { FILTERS } from './filters/index.ts'
import { FUNCTIONS } from './functions.ts'
import type { Lookups } from './lookups.ts'
import { METHODS } from './methods.ts'
import { arithmetic, compareBy } from './operators.ts'
import { located, Problem } from './problem.ts'
import { toText } from './python_text.ts'
import type { Calls } from './signature.ts'
import type { Scope } from './template.ts'
import { TESTS } from './tests.ts'
import {
  describe,
  dictOf,
  type GivenItems,
  type Item,
  isDict,
  isFloat,
  isList,
  isTruthy,
  itemsOf,
  keyText,
  Missing,
  OMIT,
  ownItem,
  type Present,
  present,
  TemplateObject,
  Tuple,
  toFloat,
  tuple,
} from './values.ts'

/** Variables an expression sees: loop variables and `{% set %}` before the host's. */
export interface Environment {
  readonly scope: Scope
  readonly locals: ReadonlyMap<string, Item>
  readonly budget: { steps: number }
  readonly lookups: Lookups
}

/** What a playbook's expressions need is below a thousandth of it; nested loops end here. */
export const MAX_STEPS = 1_000_000

export function spendStep(env: Environment, offset?: number): void {
  env.budget.steps -= 1
  if (env.budget.steps < 0) throw new Problem('the expression takes too many steps', undefined, offset)
}

/** The value, or what is missing: the caller decides whether that is an error. Throws Problem only. */
export function evaluate(node: Expression, env: Environment): Item {
  spendStep(env, node.offset)
  try {
    return checkedResult(evaluateNode(node, env))
  } catch (error) {
    throw error instanceof Problem ? located(error, node.offset) : error
  }
}

/** As evaluate, where a missing value is an error. */
export function requireItem(node: Expression, env: Environment): Present {
  try {
    return present(evaluate(node, env))
  } catch (error) {
    throw error instanceof Problem ? located(error, node.offset) : error
  }
}

function evaluateNode(node: Expression, env: Environment): Item {
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'float':
      return toFloat(node.value)
    case 'list':
      return node.items.map(item => evaluate(item, env))
    case 'tuple':
      return tuple(...node.items.map(item => evaluate(item, env)))
    case 'dict':
      return dictOf(
        node.entries.map(([key, value]) => [keyText(requireItem(key, env)), evaluate(value, env)] as const),
      )
    case 'name':
      return lookUp(node.name, node.offset, env)
    case 'attribute':
      return member(node.object, node.name, node.offset, env)
    case 'item':
      return member(node.object, requireItem(node.key, env), node.offset, env)
    case 'slice':
      return slice(
        requireItem(node.object, env),
        [node.start, node.stop, node.step].map(bound => bound && requireItem(bound, env)),
      )
    case 'method':
      return callMethod(node, env)
    case 'function':
      return callFunction(node, env)
    case 'call':
      return callObject(requireItem(node.callee, env), evaluateGiven(node.given, env))
    case 'filter': {
      if (node.name === 'default' || node.name === 'd') return orDefault(node, env)
      const given = evaluateGiven(node.given, env)
      const operand = evaluate(node.operand, env)
      return placed(callsIn(env).filter(node.name, operand, given.positional, given.named), node.offset)
    }
    case 'test': {
      const given = evaluateGiven(node.given, env)
      const operand = evaluate(node.operand, env)
      return callsIn(env).test(node.name, operand, given.positional, given.named) !== node.negated
    }
    case 'not':
      return !isTruthy(requireItem(node.operand, env))
    case 'sign':
      return signed(node.operator, requireItem(node.operand, env))
    case 'and': {
      const left = requireItem(node.left, env)
      return isTruthy(left) ? evaluate(node.right, env) : left
    }
    case 'or': {
      const left = requireItem(node.left, env)
      return isTruthy(left) ? left : evaluate(node.right, env)
    }
    case 'arithmetic':
      return arithmetic[node.operator](requireItem(node.left, env), requireItem(node.right, env))
    case 'comparison':
      return holdsThroughout(node, env)
    case 'choice':
      if (isTruthy(requireItem(node.condition, env))) return evaluate(node.chosen, env)
      return node.otherwise
        ? evaluate(node.otherwise, env)
        : new Missing('the condition is false and there is no "else"', undefined, node.offset, '')
  }
}

/** What a filter finds missing is missing at the filter. */
function placed(result: Item, offset: number): Item {
  if (result instanceof Missing && result.offset === undefined)
    return new Missing(result.why, result.hint, offset, result.instead)
  const isPlaced = !isList(result) || !result.some(each => each instanceof Missing)
  return isPlaced ? result : result.map(each => (each instanceof Missing ? placed(each, offset) : each))
}

export function evaluateGiven(given: Given, env: Environment): GivenItems {
  const rest = given.rest ? itemsOf(requireItem(given.rest, env)) : []
  const keywords = given.keywords ? requireItem(given.keywords, env) : {}
  if (!isDict(keywords)) throw new Problem(`a dictionary is needed after **, this is ${describe(keywords)}`)
  return {
    positional: [...given.positional.map(argument => evaluate(argument, env)), ...rest],
    named: dictOf([
      ...given.named.map(({ name, value }) => [name, evaluate(value, env)] as const),
      ...Object.entries(keywords),
    ]),
  }
}

export function bindItems(callee: string, takes: string, { positional, named }: GivenItems): Bound<Item> {
  const pairs = Object.entries(named).map(([name, value]) => ({ name, value }))
  return bindArguments<Item>(
    callee,
    takes,
    { positional, named: pairs },
    {
      list: rest => rest,
      dict: others => dictOf(others.map(({ name, value }) => [name, value] as const)),
    },
  )
}

function callMethod(node: Extract<Expression, { kind: 'method' }>, env: Environment): Item {
  const method = METHODS[node.name]
  const object = requireItem(node.object, env)
  // A namespace or a loop may hold something under the name of a method.
  if (object instanceof TemplateObject) {
    const own = object.member(node.name)
    if (own === undefined) throw new Problem(`${object.label} has no "${node.name}"`)
    return callObject(own, evaluateGiven(node.given, env))
  }
  if (!method) return null
  return method.call(object, bindItems(`.${node.name}()`, method.takes, evaluateGiven(node.given, env)))
}

function callFunction(node: Extract<Expression, { kind: 'function' }>, env: Environment): Item {
  const local = env.locals.get(node.name)
  const given = evaluateGiven(node.given, env)
  if (local instanceof TemplateObject) return local.call(given)
  const called = FUNCTIONS[node.name]
  return called ? called.call(bindItems(`${node.name}()`, called.takes, given), env) : null
}

function callObject(callee: Item, given: GivenItems): Item {
  if (callee instanceof TemplateObject) return callee.call(given)
  throw new Problem(`${describe(callee)} cannot be called`)
}

function signed(operator: '-' | '+', value: Item): Item {
  const number = (operator === '-' ? -1 : 1) * asNumber(value)
  return isFloat(value) ? toFloat(number) : number + 0
}

/** The default itself is only looked at when it is needed, and may be missing in turn: `a | default(b) | default(c)`. */
function orDefault(node: Extract<Expression, { kind: 'filter' }>, env: Environment): Item {
  const { positional, named } = node.given
  const argument = (place: number, name: string): Expression | undefined =>
    positional[place] ?? named.find(each => each.name === name)?.value
  const fallback = argument(0, 'default_value')
  const boolean = argument(1, 'boolean')
  const operand = evaluate(node.operand, env)
  const takesFalse = boolean !== undefined && isTruthy(requireItem(boolean, env))
  if (!(operand instanceof Missing) && (!takesFalse || isTruthy(operand))) return operand
  return fallback ? evaluate(fallback, env) : ''
}

function lookUp(name: string, offset: number, env: Environment): Item {
  const local = env.locals.get(name)
  if (local !== undefined) return local
  const value = Object.hasOwn(env.scope, name) ? env.scope[name] : undefined
  if (value !== undefined) return value
  if (name === 'omit') return OMIT
  const known = [...env.locals.keys(), ...Object.keys(env.scope)]
  return new Missing(`"${name}" is not defined`, didYouMean(name, known), offset)
}

/** What is missing stays missing, as in Ansible: `a.b.c | default('')` is fine without `a`. */
function member(node: Expression, key: Item, offset: number, env: Environment): Item {
  const object = evaluate(node, env)
  if (object instanceof Missing) return object
  const found = ownItem(object, key)
  if (found !== undefined) return found
  const subject = pathOf(node) ?? describe(object)
  if (isList(object) && typeof key === 'number')
    return new Missing(`${subject} has no item ${key}: it has ${object.length}`, undefined, offset)
  const name = typeof key === 'string' ? key : toText(key)
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
function slice(object: Item, [start, stop, step]: readonly (Item | undefined)[]): Item {
  const items = typeof object === 'string' ? [...object] : object
  if (!isList(items)) throw new Problem(`${describe(object)} has no slices`)
  const by = step === undefined || step === null ? 1 : asInteger(step)
  if (by === 0) throw new Problem('a slice needs a step other than 0')
  const [low, high] = by > 0 ? [0, items.length] : [-1, items.length - 1]
  const bound = (given: Item | undefined, otherwise: number): number => {
    if (given === undefined || given === null) return otherwise
    const index = asInteger(given)
    return Math.min(Math.max(index < 0 ? index + items.length : index, low), high)
  }
  const [from, to] = by > 0 ? [bound(start, low), bound(stop, high)] : [bound(start, high), bound(stop, low)]
  const length = checkedItems(Math.max(0, Math.ceil((to - from) / by)))
  const chosen = Array.from({ length }, (_, i) => items[from + i * by] ?? null)
  if (typeof object === 'string') return chosen.join('')
  return object instanceof Tuple ? tuple(...chosen) : chosen
}

function holdsThroughout(node: Extract<Expression, { kind: 'comparison' }>, env: Environment): boolean {
  let left: Item = requireItem(node.first, env)
  for (const { operator, operand } of node.rest) {
    const right = requireItem(operand, env)
    if (!compareBy[operator](left, right)) return false
    left = right
  }
  return true
}

/** Filters and tests by name; expressions.ts has checked the names that it could see. */
const callsIn = (env: Environment): Calls => {
  const calls: Calls = {
    filter(label, operand, positional, named) {
      spendStep(env)
      const name = withoutCollection(label)
      const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
      if (!filter) throw new Problem(`there is no filter "${name}"`, didYouMean(name, Object.keys(FILTERS)))
      return filter.apply(operand, bindItems(name, filter.takes, { positional, named }), calls)
    },
    test(label, operand, positional, named) {
      spendStep(env)
      const name = withoutCollection(label)
      const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
      if (!test) throw new Problem(`there is no test "${name}"`, didYouMean(name, Object.keys(TESTS)))
      return test.holds(operand, bindItems(`is ${name}`, test.takes, { positional, named }), calls)
    },
  }
  return calls
}

const withoutCollection = (name: string): string => name.replace(/^ansible\.builtin\./, '')
