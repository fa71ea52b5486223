import type { Position } from '../../errors.ts'
import { hasTemplate, isTruthy, parseExpression, type Scope, type Template } from '../template/template.ts'
import type { Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { describe } from './shape.ts'

/** One condition of a `when`. */
export interface Condition {
  readonly source: string
  readonly at: Position
  /** Undefined for a plain true or false. */
  readonly template: Template | undefined
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
  return template && { source, at, template, holds: scope => isTruthy(template.render(scope)) }
}
