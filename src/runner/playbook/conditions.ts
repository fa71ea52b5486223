import { formatPosition, type Position, UserError } from '../../errors.ts'
import { hasTemplate, parseExpression, type Scope, type Template, type Value } from '../template/template.ts'
import type { Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { describe } from './shape.ts'

/** One condition of a `when`. */
export interface Condition {
  readonly source: string
  readonly at: Position
  /** Undefined for a plain true or false. */
  readonly template: Template | undefined
  /** Throws UserError where the answer is neither true nor false. */
  holds(scope: Scope): boolean
}

/** `when:` is an expression, true or false, or a list of them that must all hold. */
export function readConditions(node: Node, problems: Problems): readonly Condition[] {
  const nodes = node.kind === 'list' ? node.items : [node]
  return nodes.flatMap(item => readCondition(item, problems) ?? [])
}

function readCondition(node: Node, problems: Problems): Condition | undefined {
  const { at } = node
  if (node.kind === 'scalar' && typeof node.value === 'boolean') {
    const { value, source } = node
    return { source, at, template: undefined, holds: () => value }
  }
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return problems.add(at, `when must be an expression, not ${describe(node)}`)
  }
  const source = node.value
  if (hasTemplate(source)) {
    return problems.add(at, 'a condition is an expression already', 'write it without {{ }}')
  }
  const template = problems.attempt(() => parseExpression(source, node.textAt))
  return template && { source, at, template, holds: scope => asAnswer(template.render(scope), source, at) }
}

/** As Ansible since 2.19: the string "no" of `-e wanted=no` would count as true. */
function asAnswer(value: Value, source: string, at: Position): boolean {
  if (typeof value === 'boolean') return value
  const operand = /^[\w.]+$/.test(source) ? source : `(${source})`
  const { kind, hint } = kindOf(value)
  throw new UserError({
    where: formatPosition(at),
    why: `a condition must be true or false, not ${kind}`,
    hint: `write it as ${operand} ${hint}`,
  })
}

function kindOf(value: Value): { kind: string; hint: string } {
  if (value === null) return { kind: 'nothing', hint: 'is not none' }
  if (typeof value !== 'object')
    return { kind: `the ${typeof value} ${JSON.stringify(value)}`, hint: '| bool' }
  return { kind: Array.isArray(value) ? 'a list' : 'a mapping', hint: '| length > 0' }
}
