import { didYouMean } from '../../nearest.ts'
import { bindArguments, type Given } from './arguments.ts'
import { ARITHMETIC_OPERATORS, type Arguments, COMPARISON_OPERATORS, type Expression } from './ast.ts'
import { FILTERS } from './filters/index.ts'
import { type JinjaNode, jinjaNode } from './jinja_nodes.ts'
import { FUNCTIONS, METHODS } from './methods.ts'
import { located, Problem } from './problem.ts'
import { TESTS } from './tests.ts'

/** `near` is the closest place that is known, for nodes that carry none. */
const MAX_DEPTH = 250

export const toExpression = (candidate: unknown, near: number, depth: number): Expression =>
  toExpressionNode(jinjaNode(candidate), near, depth + 1)

export function toExpressionNode(found: JinjaNode, near: number, depth: number): Expression {
  if (depth > MAX_DEPTH) throw new Problem('too deeply nested', undefined, near)
  const expression = (candidate: unknown, offset = near) => toExpression(candidate, offset, depth)
  const optional = (candidate: unknown) => (candidate === undefined ? undefined : expression(candidate))
  switch (found.type) {
    case 'IntegerLiteral':
    case 'FloatLiteral':
    case 'StringLiteral':
      return { kind: 'literal', value: found.value, offset: near }
    case 'Identifier':
      return fromName(found.value, near)
    case 'ArrayLiteral':
    case 'TupleLiteral':
      return { kind: 'list', items: found.value.map(item => expression(item)), offset: near }
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

/** `name@12`, as tokens.ts writes it. */
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
  const given = toGiven(found.args, callee.offset, depth)
  if (callee.kind === 'attribute') {
    const { takes } = known(METHODS, callee.name, 'method', callee.offset)
    const args = bind(`.${callee.name}()`, takes, given, callee.offset)
    return { kind: 'method', object: callee.object, name: callee.name, args, offset: callee.offset }
  }
  if (callee.kind !== 'name') throw new Problem('this cannot be called', undefined, callee.offset)
  const { takes } = known(FUNCTIONS, callee.name, 'function', callee.offset)
  return { ...callee, kind: 'function', args: bind(`${callee.name}()`, takes, given, callee.offset) }
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
  const test = /^is (?<not>not )?(?<name>\w+)$/.exec(label)?.groups
  if (!test) {
    const { takes } = known(FILTERS, label, 'filter', offset)
    knownArgument(label, given)
    return { kind: 'filter', operand, name: label, args: bind(label, takes, given, offset), offset }
  }
  const name = test.name ?? ''
  const { takes } = known(TESTS, name, 'test', offset)
  const bound = bind(`is ${name}`, takes, given, offset)
  return { kind: 'test', operand, name, negated: test.not !== undefined, args: bound, offset }
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

function knownArgument(filter: string, given: Given<Expression>): void {
  const place = Object.hasOwn(NAMES_IN_STRINGS, filter) ? NAMES_IN_STRINGS[filter] : undefined
  const argument = place && given.positional[place.at]
  if (argument?.kind !== 'literal' || typeof argument.value !== 'string') return
  known(place?.kind === 'filter' ? FILTERS : TESTS, argument.value, place?.kind ?? 'filter', argument.offset)
}

type Table = Readonly<Record<string, { readonly takes: string }>>

function known(table: Table, name: string, kind: string, offset: number): { readonly takes: string } {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined)
    throw new Problem(`there is no ${kind} "${name}"`, didYouMean(name, Object.keys(table)), offset)
  return found
}

function bind(callee: string, takes: string, given: Given<Expression>, offset: number): Arguments {
  try {
    return bindArguments<Expression>(callee, takes, given, items => ({ kind: 'list', items, offset }))
  } catch (error) {
    throw error instanceof Problem ? located(error, offset) : error
  }
}

function toGiven(args: readonly unknown[], near: number, depth: number): Given<Expression> {
  const nodes = args.map(jinjaNode)
  return {
    positional: nodes.flatMap(each =>
      each.type === 'KeywordArgumentExpression' ? [] : [toExpressionNode(each, near, depth + 1)],
    ),
    named: nodes.flatMap(each => {
      if (each.type !== 'KeywordArgumentExpression') return []
      const key = jinjaNode(each.key)
      return key.type === 'Identifier'
        ? [{ name: splitName(key.value, near).name, value: toExpression(each.value, near, depth) }]
        : []
    }),
  }
}

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
