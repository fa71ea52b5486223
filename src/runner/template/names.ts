import { didYouMean } from '../../nearest.ts'
import { writtenArgument } from './arguments.ts'
import {
  type Block,
  BODY,
  type Expression,
  type Given,
  type Parameter,
  type Statement,
  type Target,
} from './ast.ts'
import { FUNCTIONS, REFUSED_FUNCTIONS } from './functions.ts'
import { Problem } from './problem.ts'
import { isTruthy } from './values.ts'

export interface Name {
  readonly name: string
  readonly optional: boolean
}

/**
 * The variables a template reads from outside, each once, so that they can be checked before any connection.
 * Optional is a name that is only read where it may be missing: under default(), `is defined`, or where
 * one of those holds (`a is defined and a.b`, `{% if a is defined %}`). Throws Problem where something is called
 * that is neither a function nor of the template's own making.
 */
export function namesIn(block: Block): readonly Name[] {
  const optional = new Map<string, boolean>()
  const read: Reader = (name, mayMiss) => optional.set(name, (optional.get(name) ?? true) && mayMiss)
  walkBlock(block, { read, guarded: new Set(), locals: new Set(BUILT_IN), checksCalls: true })
  return [...optional].map(([name, mayMiss]) => ({ name, optional: mayMiss }))
}

/** Whether a part of a template reads a name that it has not set itself. */
export function readsName(block: Block, name: string): boolean {
  let isRead = false
  const read: Reader = found => {
    isRead ||= found === name
  }
  walkBlock(block, { read, guarded: new Set(), locals: new Set(BUILT_IN), checksCalls: false })
  return isRead
}

/** `omit` is Ansible's, BODY our own. */
const BUILT_IN = ['omit', BODY]

type Reader = (name: string, mayMiss: boolean) => void

interface Place {
  readonly read: Reader
  readonly guarded: ReadonlySet<string>
  readonly locals: ReadonlySet<string>
  /** Not of a part: what it calls may be the whole's. */
  readonly checksCalls: boolean
}

function walkBlock(block: Block, place: Place): Place {
  return block.reduce((before, statement) => walkStatement(statement, before), place)
}

/** The place of what follows the statement. */
function walkStatement(statement: Statement, place: Place): Place {
  switch (statement.kind) {
    case 'text':
      return place
    case 'output':
      walk(statement.expression, place)
      return place
    case 'if': {
      walk(statement.condition, place)
      const body = walkBlock(statement.body, guardedBy(statement.condition, true, place))
      const otherwise = walkBlock(statement.otherwise, guardedBy(statement.condition, false, place))
      return withLocals(place, [...body.locals, ...otherwise.locals])
    }
    case 'for': {
      walk(statement.iterable, place)
      const variables = withLocals(place, namesOf(statement.target))
      if (statement.condition) walk(statement.condition, variables)
      const body = withLocals(variables, ['loop'])
      walkBlock(statement.body, statement.condition ? guardedBy(statement.condition, true, body) : body)
      walkBlock(statement.otherwise, place)
      return place
    }
    case 'set':
      walk(statement.value, place)
      return assigned(statement.target, place)
    case 'capture':
      walkBlock(statement.body, place)
      if (statement.filters) walk(statement.filters, place)
      return statement.target ? assigned(statement.target, place) : place
    case 'macro': {
      const after = withLocals(place, [statement.name])
      walkMacro(statement.parameters, statement.body, after)
      return after
    }
    case 'call block':
      walk(statement.call, place)
      walkMacro(statement.parameters, statement.body, place)
      return place
    case 'with': {
      for (const { value } of statement.assignments) walk(value, place)
      walkBlock(
        statement.body,
        withLocals(
          place,
          statement.assignments.map(each => each.name),
        ),
      )
      return place
    }
  }
}

function walkMacro(parameters: readonly Parameter[], body: Block, place: Place): void {
  for (const { otherwise } of parameters) if (otherwise) walk(otherwise, place)
  walkBlock(body, withLocals(place, [...parameters.map(each => each.name), 'varargs', 'kwargs', 'caller']))
}

function assigned(target: Target, place: Place): Place {
  return withLocals(place, namesOf(target))
}

const namesOf = (target: Target): readonly string[] => {
  if (target.kind === 'tuple') return target.items.flatMap(namesOf)
  return target.kind === 'name' ? [target.name] : []
}

const withLocals = (place: Place, names: readonly string[]): Place => ({
  ...place,
  locals: new Set([...place.locals, ...names]),
})
const guardedBy = (condition: Expression, holds: boolean, place: Place): Place => ({
  ...place,
  guarded: new Set([...place.guarded, ...definedWhere(condition, holds)]),
})

/** `mayMiss`: the expression's own value may be missing here. */
function walk(node: Expression, place: Place, mayMiss = false): void {
  switch (node.kind) {
    case 'literal':
    case 'float':
      return
    case 'name':
      if (!place.locals.has(node.name)) place.read(node.name, mayMiss || place.guarded.has(node.name))
      return
    case 'attribute':
      walk(node.object, place, mayMiss)
      return
    case 'item':
      walk(node.object, place, mayMiss)
      walk(node.key, place)
      return
    case 'test':
      walk(node.operand, place, isDefinedTest(node.name))
      walkAll(argumentsOf(node.given), place)
      return
    case 'filter':
      walk(node.operand, place, isDefault(node.name))
      for (const argument of argumentsOf(node.given))
        walk(argument, place, mayMiss && argument === writtenArgument(node.given, 0, 'default_value'))
      return
    case 'call':
      checkCallee(node.callee, place)
      walk(node.callee, place)
      walkAll(argumentsOf(node.given), place)
      return
    case 'function':
      if (LOOKUPS.includes(node.name)) readLookup(node.given, place)
      walkAll(argumentsOf(node.given), place)
      return
    case 'and':
    case 'or':
      walk(node.left, place)
      walk(node.right, guardedBy(node.left, node.kind === 'and', place), mayMiss)
      return
    case 'choice':
      walk(node.condition, place)
      walk(node.chosen, guardedBy(node.condition, true, place), mayMiss)
      if (node.otherwise) walk(node.otherwise, guardedBy(node.condition, false, place), mayMiss)
      return
    default:
      walkAll(operandsOf(node), place)
      return
  }
}

const LOOKUPS = ['lookup', 'query', 'q']

/** `lookup('vars', 'name')` reads the variable. */
function readLookup(given: Given, place: Place): void {
  const [lookup, ...names] = given.positional.map(each => (each.kind === 'literal' ? each.value : undefined))
  if (lookup !== 'vars' && lookup !== 'ansible.builtin.vars') return
  const mayMiss = given.named.some(each => each.name === 'default')
  for (const name of names) if (typeof name === 'string') place.read(name, mayMiss)
}

function checkCallee(callee: Expression, place: Place): void {
  if (callee.kind !== 'name' || !place.checksCalls || place.locals.has(callee.name)) return
  const hint = Object.hasOwn(REFUSED_FUNCTIONS, callee.name) ? REFUSED_FUNCTIONS[callee.name] : undefined
  if (hint !== undefined) throw new Problem(`${callee.name}() is not available`, hint, callee.offset)
  const known = [...Object.keys(FUNCTIONS), ...place.locals]
  throw new Problem(`there is no function "${callee.name}"`, didYouMean(callee.name, known), callee.offset)
}

const argumentsOf = ({ positional, named, rest, keywords }: Given): readonly Expression[] =>
  [...positional, ...named.map(each => each.value), rest, keywords].filter(each => each !== undefined)

function walkAll(nodes: readonly Expression[], place: Place): void {
  for (const node of nodes) walk(node, place)
}

type Plain = Extract<
  Expression,
  { kind: 'list' | 'tuple' | 'dict' | 'slice' | 'method' | 'not' | 'sign' | 'arithmetic' | 'comparison' }
>

function operandsOf(node: Plain): readonly Expression[] {
  switch (node.kind) {
    case 'list':
    case 'tuple':
      return node.items
    case 'dict':
      return node.entries.flat()
    case 'slice':
      return [node.object, node.start, node.stop, node.step].filter(each => each !== undefined)
    case 'method':
      return [node.object, ...argumentsOf(node.given)]
    case 'not':
    case 'sign':
      return [node.operand]
    case 'arithmetic':
      return [node.left, node.right]
    case 'comparison':
      return [node.first, ...node.rest.map(({ operand }) => operand)]
  }
}

/** Names that are surely defined where the condition came out so. */
function definedWhere(node: Expression, holds: boolean): readonly string[] {
  if (node.kind === 'not') return definedWhere(node.operand, !holds)
  if (node.kind === (holds ? 'and' : 'or')) {
    return 'left' in node ? [node.left, node.right].flatMap(each => definedWhere(each, holds)) : []
  }
  if (node.kind === 'test' && isDefinedTest(node.name)) {
    const isDefined = (node.name === 'defined') !== node.negated
    return isDefined === holds ? rootsOf(node.operand) : []
  }
  // `x | default(false)` that holds was not the default.
  if (
    node.kind === 'filter' &&
    isDefault(node.name) &&
    holds &&
    isFalsy(writtenArgument(node.given, 0, 'default_value'))
  )
    return rootsOf(node.operand)
  return []
}

function rootsOf(node: Expression): readonly string[] {
  if (node.kind === 'attribute' || node.kind === 'item') return rootsOf(node.object)
  return node.kind === 'name' ? [node.name] : []
}

const isDefinedTest = (name: string): boolean => name === 'defined' || name === 'undefined'
const isDefault = (name: string): boolean => name === 'default' || name === 'd'
function isFalsy(node: Expression | undefined): boolean {
  if (node === undefined) return true
  if (node.kind === 'list' || node.kind === 'tuple') return node.items.length === 0
  if (node.kind === 'dict') return node.entries.length === 0
  return node.kind === 'literal' && !isTruthy(node.value)
}
