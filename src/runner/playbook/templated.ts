import { type Position, UserError } from '../../errors.ts'
import {
  hasTemplate,
  parseExpression,
  parseTemplate,
  type Scope,
  type Template,
  type Value,
} from '../template/template.ts'
import { type Node, toValue } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'

/** A YAML value that may hold `{{ }}` anywhere in it: parsed once, rendered per host. */
export interface Templated {
  readonly at: Position
  readonly node: Node
  /** Empty for a literal. */
  readonly templates: readonly Template[]
  /** The template that a scalar of this tree is. */
  templateOf(node: Node): Template | undefined
  render(scope: Scope): Value
}

/**
 * Keys are never templated. A template that cannot be parsed is noted, and answers with the same mistake. `expressions`:
 * scalars that are bare expressions; each renders to an `Evaluated` (actions/action.ts).
 */
export function templated(
  node: Node,
  problems: Problems,
  expressions: ReadonlySet<Node> = new Set(),
): Templated {
  const byNode = new Map<Node, Template>()
  for (const text of textsOf(node)) {
    if (!expressions.has(text.node))
      byNode.set(text.node, parse(text.source, text.at, problems, parseTemplate))
  }
  for (const each of expressions)
    if (each.kind === 'scalar')
      byNode.set(each, evaluated(parse(each.source, each.textAt, problems, parseExpression)))
  return {
    at: node.at,
    node,
    templates: [...byNode.values()],
    templateOf: each => byNode.get(each),
    render: byNode.size === 0 ? () => toValue(node) : scope => renderNode(node, byNode, scope),
  }
}

const evaluated = (template: Template): Template => ({
  ...template,
  render: scope => ({ expression: template.source, value: template.render(scope) }),
})

function parse(
  source: string,
  at: Position,
  problems: Problems,
  read: (source: string, at: Position) => Template,
): Template {
  try {
    return read(source, at)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    problems.include(error)
    const render = (): never => {
      throw error
    }
    return { source, at, names: [], render }
  }
}

function textsOf(node: Node): readonly { node: Node; source: string; at: Position }[] {
  if (node.kind === 'map') return node.entries.flatMap(entry => textsOf(entry.value))
  if (node.kind === 'list') return node.items.flatMap(textsOf)
  return typeof node.value === 'string' && node.data === undefined && hasTemplate(node.value)
    ? [{ node, source: node.value, at: node.textAt }]
    : []
}

function renderNode(node: Node, templates: ReadonlyMap<Node, Template>, scope: Scope): Value {
  const template = templates.get(node)
  if (template) return template.render(scope)
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(item => renderNode(item, templates, scope))
  return Object.fromEntries(node.entries.map(entry => [entry.key, renderNode(entry.value, templates, scope)]))
}
