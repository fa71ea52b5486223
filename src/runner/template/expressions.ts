import { didYouMean } from '../../nearest.ts'
import { checkArguments } from './arguments.ts'
import {
  ARITHMETIC_OPERATORS,
  COMPARISON_OPERATORS,
  type Expression,
  type Given,
  type Optional,
} from './ast.ts'
import { FILTERS, REFUSED_FILTERS } from './filters/index.ts'
import { FUNCTIONS } from './functions.ts'
import { type JinjaNode, jinjaNode } from './jinja_nodes.ts'
import { CHANGING_METHODS, METHODS } from './methods.ts'
import { OBJECT_METHODS } from './objects.ts'
import { Problem } from './problem.ts'
import { REFUSED_TESTS, TESTS } from './tests.ts'
import { TUPLE } from './tokens.ts'

/** `near` is the closest place that is known, for nodes that carry none. */
const MAX_DEPTH = 250

export const toExpression = (candidate: unknown, near: number, depth: number): Expression =>
  toExpressionNode(jinjaNode(candidate), near, depth + 1)

export function toExpressionNode(found: JinjaNode, near: number, depth: number): Expression {
  if (depth > MAX_DEPTH) throw new Problem('too deeply nested', undefined, near)
  const expression = (candidate: unknown, offset = near) => toExpression(candidate, offset, depth)
  const optional = (candidate: unknown) => (candidate === undefined ? undefined : expression(candidate))
  switch (found.type) {
    case 'FloatLiteral':
      return { kind: 'float', value: found.value, offset: near }
    case 'IntegerLiteral':
    case 'StringLiteral':
      return { kind: 'literal', value: found.value, offset: near }
    case 'Identifier':
      return fromName(found.value, near)
    case 'ArrayLiteral':
    case 'TupleLiteral': {
      const kind = found.type === 'ArrayLiteral' ? 'list' : 'tuple'
      return { kind, items: found.value.map(item => expression(item)), offset: near }
    }
    case 'ObjectLiteral': {
      const entries = [...found.value].map(([key, value]) => [expression(key), expression(value)] as const)
      return { kind: 'dict', entries, offset: near }
    }
    case 'MemberExpression':
      return fromMember(found, near, depth)
    case 'CallExpression':
      return fromCall(found, near, depth)
    case 'FilterExpression':
      return fromFilter(found, near, depth)
    case 'BinaryExpression':
      return fromBinary(found, depth)
    case 'UnaryExpression': {
      const operand = expression(found.argument, found.operator.offset)
      if (found.operator.value === 'not') return { kind: 'not', operand, offset: found.operator.offset }
      return {
        kind: 'sign',
        operator: found.operator.value === '-' ? '-' : '+',
        operand,
        offset: found.operator.offset,
      }
    }
    case 'SelectExpression':
    case 'Ternary': {
      const [condition, chosen] =
        found.type === 'Ternary' ? [found.condition, found.trueExpr] : [found.test, found.lhs]
      const otherwise = found.type === 'Ternary' ? optional(found.falseExpr) : undefined
      const first = expression(chosen)
      return {
        kind: 'choice',
        condition: expression(condition, first.offset),
        chosen: first,
        otherwise,
        offset: first.offset,
      }
    }
    default:
      throw new Problem('this is no expression', undefined, near)
  }
}

const CONSTANTS = new Map([
  ...['true', 'True'].map(name => [name, true] as const),
  ...['false', 'False'].map(name => [name, false] as const),
  ...['none', 'None'].map(name => [name, null] as const),
])

function fromName(value: string, near: number): Expression {
  const { name, offset } = splitName(value, near)
  const constant = CONSTANTS.get(name)
  return constant === undefined
    ? { kind: 'name', name, offset }
    : { kind: 'literal', value: constant, offset }
}

/** `name@12`, as tokens.ts writes it; with `@recursive` behind it, of a loop that says so. */
export function splitName(value: string, near: number): { readonly name: string; readonly offset: number } {
  const [name = '', offset] = value.split('@')
  return { name, offset: offset === undefined ? near : Number(offset) }
}

function fromMember(
  found: Extract<JinjaNode, { type: 'MemberExpression' }>,
  near: number,
  depth: number,
): Expression {
  const object = toExpression(found.object, near, depth)
  const property = jinjaNode(found.property)
  if (!found.computed && property.type === 'Identifier')
    return { kind: 'attribute', object, ...splitName(property.value, near) }
  if (property.type !== 'SliceExpression')
    return {
      kind: 'item',
      object,
      key: toExpressionNode(property, object.offset, depth + 1),
      offset: object.offset,
    }
  const [start, stop, step] = [property.start, property.stop, property.step].map(bound =>
    bound === undefined ? undefined : toExpression(bound, object.offset, depth),
  )
  return { kind: 'slice', object, start, stop, step, offset: object.offset }
}

function fromCall(
  found: Extract<JinjaNode, { type: 'CallExpression' }>,
  near: number,
  depth: number,
): Expression {
  const callee = toExpression(found.callee, near, depth)
  const { offset } = callee
  const given = toGiven(found.args, offset, depth)
  if (callee.kind === 'attribute' && !OBJECT_METHODS.includes(callee.name)) {
    const { name, object } = callee
    checkArguments(`.${name}()`, knownMethod(name, offset).takes, given, offset)
    return { kind: 'method', object, name, given, offset }
  }
  if (callee.kind !== 'name') return { kind: 'call', callee, given, offset }
  const { name } = callee
  if (name === TUPLE) return { kind: 'tuple', items: given.positional, offset }
  const called = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  // A macro's name: names.ts finds those that are none.
  if (called === undefined) return { kind: 'call', callee, given, offset }
  checkArguments(`${name}()`, called.takes, given, offset)
  return { kind: 'function', name, given, offset }
}

function knownMethod(name: string, offset: number): { readonly takes: string } {
  const hint = Object.hasOwn(CHANGING_METHODS, name) ? CHANGING_METHODS[name] : undefined
  if (hint !== undefined)
    throw new Problem(`.${name}() is not available: it would change a variable`, hint, offset)
  return known(METHODS, name, 'method', offset)
}

function fromFilter(
  found: Extract<JinjaNode, { type: 'FilterExpression' }>,
  near: number,
  depth: number,
): Expression {
  const operand = toExpression(found.operand, near, depth)
  const filter = jinjaNode(found.filter)
  const [callee, args] =
    filter.type === 'CallExpression' ? [jinjaNode(filter.callee), filter.args] : [filter, []]
  if (callee.type !== 'Identifier')
    throw new Problem('the name of a filter is missing', undefined, operand.offset)
  const { name: label, offset } = splitName(callee.value, near)
  const given = toGiven(args, offset, depth)
  const test = /^is (?<not>not )?(?<name>.+)$/.exec(label)?.groups
  if (!test) {
    const { takes } = knownFilter(label, offset)
    checkNamesInStrings(label, given)
    checkArguments(label, takes, given, offset)
    return { kind: 'filter', operand, name: label, given, offset }
  }
  const name = test.name ?? ''
  checkArguments(`is ${name}`, knownTest(name, offset).takes, given, offset)
  return { kind: 'test', operand, name, negated: test.not !== undefined, given, offset }
}

/** `map('string')` and `selectattr('id', 'match', …)` name a filter or test in a string. */
const NAMES_IN_STRINGS: Readonly<Record<string, { readonly at: number; readonly kind: 'filter' | 'test' }>> =
  {
    map: { at: 0, kind: 'filter' },
    select: { at: 0, kind: 'test' },
    reject: { at: 0, kind: 'test' },
    selectattr: { at: 1, kind: 'test' },
    rejectattr: { at: 1, kind: 'test' },
  }

function checkNamesInStrings(filter: string, given: Given): void {
  const place = Object.hasOwn(NAMES_IN_STRINGS, filter) ? NAMES_IN_STRINGS[filter] : undefined
  const argument = place && given.positional[place.at]
  if (argument?.kind !== 'literal' || typeof argument.value !== 'string') return
  const name = argument.value.replace(/^ansible\.builtin\./, '')
  if (place?.kind === 'filter') knownFilter(name, argument.offset)
  else knownTest(name, argument.offset)
}

type Table = Readonly<Record<string, { readonly takes: string }>>

function known(table: Table, name: string, kind: string, offset: number): { readonly takes: string } {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined)
    throw new Problem(`there is no ${kind} "${name}"`, didYouMean(name, Object.keys(table)), offset)
  return found
}

function knownFilter(name: string, offset: number): { readonly takes: string } {
  const hint = Object.hasOwn(REFUSED_FILTERS, name) ? REFUSED_FILTERS[name] : undefined
  if (hint !== undefined) throw new Problem(`the filter "${name}" is not available`, hint, offset)
  return known(FILTERS, name, 'filter', offset)
}

function knownTest(name: string, offset: number): { readonly takes: string } {
  const hint = Object.hasOwn(REFUSED_TESTS, name) ? REFUSED_TESTS[name] : undefined
  if (hint !== undefined) throw new Problem(`the test "${name}" is not available`, hint, offset)
  return known(TESTS, name, 'test', offset)
}

function toGiven(args: readonly unknown[], near: number, depth: number): Given {
  const nodes = args.map(jinjaNode)
  const spread = (type: 'SpreadExpression' | 'KeywordSpreadExpression'): Optional => {
    const found = nodes.find(each => each.type === type)
    return found && 'argument' in found ? toExpression(found.argument, near, depth) : undefined
  }
  return {
    positional: nodes.flatMap(each =>
      ARGUMENT_FORMS.includes(each.type) ? [] : [toExpressionNode(each, near, depth + 1)],
    ),
    named: nodes.flatMap(each => {
      if (each.type !== 'KeywordArgumentExpression') return []
      const key = jinjaNode(each.key)
      return key.type === 'Identifier'
        ? [{ name: splitName(key.value, near).name, value: toExpression(each.value, near, depth) }]
        : []
    }),
    rest: spread('SpreadExpression'),
    keywords: spread('KeywordSpreadExpression'),
  }
}

const ARGUMENT_FORMS = ['KeywordArgumentExpression', 'SpreadExpression', 'KeywordSpreadExpression']

function fromBinary(found: Extract<JinjaNode, { type: 'BinaryExpression' }>, depth: number): Expression {
  const { value, offset } = found.operator
  const right = toExpression(found.right, offset, depth)
  if (value === 'and' || value === 'or')
    return { kind: value, left: toExpression(found.left, offset, depth), right, offset }
  const arithmetic = ARITHMETIC_OPERATORS.find(each => each === value)
  if (arithmetic)
    return {
      kind: 'arithmetic',
      operator: arithmetic,
      left: toExpression(found.left, offset, depth),
      right,
      offset,
    }
  const operator = COMPARISON_OPERATORS.find(each => each === value)
  if (!operator) throw new Problem(`unexpected "${value}"`, undefined, offset)

  // `a < b < c` comes as `(a < b) < c`; the brackets' depth tells it from what was written so.
  const before = jinjaNode(found.left)
  const left = toExpressionNode(before, offset, depth + 1)
  const chained = before.type === 'BinaryExpression' && before.operator.depth === found.operator.depth
  const step = { operator, operand: right }
  if (left.kind === 'comparison' && chained) return { ...left, rest: [...left.rest, step] }
  return { kind: 'comparison', first: left, rest: [step], offset }
}
