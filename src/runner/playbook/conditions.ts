import { formatPosition, type Position, UserError } from '../../errors.ts'
import {
  hasTemplate,
  isTruthy,
  parseExpression,
  type Scope,
  type Template,
  type Value,
} from '../template/template.ts'
import type { Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { describe } from './shape.ts'

/** One condition of a `when`, an `until`, a `changed_when` or a `failed_when`. */
export interface Condition {
  readonly source: string
  readonly at: Position
  /** Undefined for a plain true or false. */
  readonly template: Template | undefined
  /** Throws UserError where the answer is a text that means neither true nor false. */
  holds(scope: Scope): boolean
}

/** An expression, true or false, or a list of them that must all hold. */
export function readConditions(node: Node, what: string, problems: Problems): readonly Condition[] {
  const nodes = node.kind === 'list' ? node.items : [node]
  return nodes.flatMap(item => readCondition(item, what, problems) ?? [])
}

function readCondition(node: Node, what: string, problems: Problems): Condition | undefined {
  const { at } = node
  if (node.kind === 'scalar' && typeof node.value === 'boolean') {
    const { value, source } = node
    return { source, at, template: undefined, holds: () => value }
  }
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return problems.add(at, `${what} must be an expression, not ${describe(node)}`)
  }
  const source = node.value
  if (hasTemplate(source)) {
    return problems.add(at, 'a condition is an expression already', 'write it without {{ }}')
  }
  const template = problems.attempt(() => parseExpression(source, node.textAt))
  return template && { source, at, template, holds: scope => asAnswer(template.render(scope), source, at) }
}

/**
 * Lists, mappings, numbers and nothing count as in Python. A text does only where it is a word for true or false, or
 * empty: in Python the "no" of `-e wanted=no` would be true.
 */
function asAnswer(value: Value, source: string, at: Position): boolean {
  if (typeof value !== 'string') return isTruthy(value)
  const word = value.toLowerCase()
  if (TRUE.includes(word)) return true
  if (FALSE.includes(word)) return false
  const operand = /^[\w.]+$/.test(source) ? source : `(${source})`
  throw new UserError({
    where: formatPosition(at),
    why: `a condition must be true or false, not the string ${JSON.stringify(value)}`,
    hint: `write it as ${operand} | length > 0, or compare it with ==`,
  })
}

const TRUE = ['true', 'yes', 'on', 'y', 't', '1']
const FALSE = ['false', 'no', 'off', 'n', 'f', '0', '']

/** The first that does not hold, of conditions that must all hold. */
export const failingOf = (conditions: readonly Condition[], scope: Scope): Condition | undefined =>
  conditions.find(condition => !condition.holds(scope))
