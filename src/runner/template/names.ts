import type { Block, Expression, Statement } from './ast.ts'
import { isTruthy } from './values.ts'

export interface Name {
  readonly name: string
  readonly optional: boolean
}

/**
 * The variables a template reads from outside, each once, so that they can be checked before any connection.
 * Optional is a name that is only read where it may be missing: under default(), `is defined`, or where
 * one of those holds (`a is defined and a.b`, `{% if a is defined %}`).
 */
export function namesIn(block: Block): readonly Name[] {
  const optional = new Map<string, boolean>()
  const read: Reader = (name, mayMiss) => optional.set(name, (optional.get(name) ?? true) && mayMiss)
  walkBlock(block, { read, guarded: new Set(), locals: new Set() })
  return [...optional].map(([name, mayMiss]) => ({ name, optional: mayMiss }))
}

type Reader = (name: string, mayMiss: boolean) => void

interface Place {
  readonly read: Reader
  readonly guarded: ReadonlySet<string>
  readonly locals: ReadonlySet<string>
}

function walkBlock(block: Block, place: Place): void {
  block.reduce((before, statement) => walkStatement(statement, before), place)
}

/** The place of what follows the statement. */
function walkStatement(statement: Statement, place: Place): Place {
  switch (statement.kind) {
    case 'text':
      return place
    case 'output':
      walk(statement.expression, place)
      return place
    case 'if':
      walk(statement.condition, place)
      walkBlock(statement.body, guardedBy(statement.condition, true, place))
      walkBlock(statement.otherwise, guardedBy(statement.condition, false, place))
      return withLocals(
        place,
        [...statement.body, ...statement.otherwise].flatMap(each =>
          each.kind === 'set' ? each.variables : [],
        ),
      )
    case 'for': {
      walk(statement.iterable, place)
      const body = withLocals(place, [...statement.variables, 'loop'])
      if (statement.condition) walk(statement.condition, body)
      walkBlock(statement.body, statement.condition ? guardedBy(statement.condition, true, body) : body)
      walkBlock(statement.otherwise, place)
      return place
    }
    case 'set':
      if ('kind' in statement.value) walk(statement.value, place)
      else walkBlock(statement.value, place)
      return withLocals(place, statement.variables)
  }
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
      walkAll(Object.values(node.args), place)
      return
    case 'filter':
      walk(node.operand, place, isDefault(node.name))
      for (const [name, value] of Object.entries(node.args))
        walk(value, place, mayMiss && name === 'default_value')
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

function walkAll(nodes: readonly Expression[], place: Place): void {
  for (const node of nodes) walk(node, place)
}

type Plain = Extract<
  Expression,
  { kind: 'list' | 'dict' | 'slice' | 'method' | 'function' | 'not' | 'sign' | 'arithmetic' | 'comparison' }
>

function operandsOf(node: Plain): readonly Expression[] {
  switch (node.kind) {
    case 'list':
      return node.items
    case 'dict':
      return node.entries.flat()
    case 'slice':
      return [node.object, node.start, node.stop, node.step].filter(each => each !== undefined)
    case 'method':
      return [node.object, ...Object.values(node.args)]
    case 'function':
      return Object.values(node.args)
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
  if (node.kind === 'filter' && isDefault(node.name) && holds && isFalsy(node.args.default_value))
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
  if (node.kind === 'list') return node.items.length === 0
  if (node.kind === 'dict') return node.entries.length === 0
  return node.kind === 'literal' && !isTruthy(node.value)
}
