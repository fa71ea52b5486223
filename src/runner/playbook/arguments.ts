import { formatPosition, UserError } from '../../errors.ts'
import type { Module } from '../../modules/define.ts'
import type { Scope, Template } from '../template/template.ts'
import { type Entry, isNothing, type MapNode, type Node, toValue } from '../yaml/yaml_node.ts'
import { type Complaint, type Path, pathText, validate } from './argument_complaints.ts'
import type { Problems } from './problems.ts'
import { describe } from './shape.ts'
import { type Templated, templated } from './templated.ts'

/** The arguments of a task. */
export interface Arguments {
  /** Templates in them; where there are none, the arguments were validated when they were read. */
  readonly templates: readonly Template[]
  /** Rendered, validated, with the module's defaults. Throws UserError where a template cannot be rendered. */
  validate(scope: Scope): ValidArguments
}

export type ValidArguments =
  | { readonly kind: 'valid'; readonly args: Record<string, unknown> }
  | { readonly kind: 'wrong'; readonly wrong: readonly WrongArgument[] }

export interface WrongArgument {
  readonly error: UserError
  readonly complaint: Complaint
  /** Where a template brought the value: it, and the way from its value down to what is wrong. */
  readonly from: { readonly template: Template; readonly below: Path } | undefined
}

/** Reads the mapping under a module's key, and validates already what no template stands in. */
export function readArguments(module: Module, entry: Entry, problems: Problems): Arguments {
  const tree = templated(isNothing(entry.value) ? emptyMap(entry) : entry.value, problems)
  const locate = (complaint: Complaint): WrongArgument => located(complaint, module, entry, tree)
  if (!mayBeMap(tree)) {
    problems.add(
      tree.at,
      `${module.name}: arguments must be a mapping, not ${describe(tree.node)}`,
      'write them as "name: value"',
    )
  } else if (tree.node.kind === 'map') {
    const literal = validate(module, toValue(tree.node))
    const complaints = literal.kind === 'wrong' ? literal.complaints : []
    for (const complaint of complaints)
      if (isCertain(complaint, tree)) problems.include(locate(complaint).error)
  }
  return {
    templates: tree.templates,
    validate(scope) {
      const answer = validate(module, tree.render(scope))
      return answer.kind === 'valid' ? answer : { kind: 'wrong', wrong: answer.complaints.map(locate) }
    },
  }
}

const emptyMap = (entry: Entry): MapNode => ({ kind: 'map', at: entry.keyAt, entries: [] })

const mayBeMap = (tree: Templated): boolean =>
  tree.node.kind === 'map' || tree.templateOf(tree.node) !== undefined

/** Whether a complaint about the arguments as they are written stays true whatever their templates give. */
function isCertain(complaint: Complaint, tree: Templated): boolean {
  const { node, template } = follow(tree, complaint.path)
  if (template) return false
  return complaint.about !== 'value' || !holdsTemplate(node, tree)
}

export function holdsTemplate(node: Node, tree: Templated): boolean {
  if (node.kind === 'list') return node.items.some(item => holdsTemplate(item, tree))
  if (node.kind === 'map') return node.entries.some(entry => holdsTemplate(entry.value, tree))
  return tree.templateOf(node) !== undefined
}

/** The node at a path, or the last one on the way to it: a template's value has no nodes of its own. */
export function follow(
  tree: Templated,
  path: Path,
): { node: Node; template: Template | undefined; below: Path } {
  let node = tree.node
  for (const [index, key] of path.entries()) {
    const inside =
      node.kind === 'list' ? node.items[Number(key)] : node.kind === 'map' ? valueAt(node, key) : undefined
    if (inside === undefined) return { node, template: tree.templateOf(node), below: path.slice(index) }
    node = inside
  }
  return { node, template: tree.templateOf(node), below: [] }
}

const valueAt = (map: MapNode, key: string | number): Node | undefined =>
  map.entries.find(entry => entry.key === String(key))?.value

function located(complaint: Complaint, module: Module, entry: Entry, tree: Templated): WrongArgument {
  const { node, template, below } = follow(tree, complaint.path)
  const isWhole = below.length === 0
  const unknown =
    node.kind === 'map' && isWhole ? node.entries.find(each => each.key === complaint.unknownKey) : undefined
  const isMissing = node === tree.node && template === undefined && unknown === undefined
  const where = isMissing ? entry.keyAt : (unknown?.keyAt ?? template?.at ?? node.at)
  const from = template ? `, from ${brief(template.source)}` : ''
  const why = `${pathText(module.name, complaint.path)}: ${complaint.why}${from}`
  return {
    error: new UserError({ where: formatPosition(where), why, hint: complaint.hint }),
    complaint,
    from: template && { template, below },
  }
}

const BRIEF = 60

function brief(source: string): string {
  const line = source.trim().replace(/\s+/g, ' ')
  return line.length > BRIEF ? `${line.slice(0, BRIEF - 1)}…` : line
}
