import { formatPosition, UserError } from '../../errors.ts'
import type { Module } from '../../modules/define.ts'
import type { Action } from '../actions/action.ts'
import { hasTemplate, parseTemplate, type Scope, type Template, type Value } from '../template/template.ts'
import { type Entry, isNothing, type MapNode, type Node, toValue } from '../yaml/yaml_node.ts'
import { type Complaint, type Path, pathText, validate } from './argument_complaints.ts'
import { freeForm } from './free_form_arguments.ts'
import type { Problems } from './problems.ts'
import { OMIT } from './scopes.ts'
import { describe } from './shape.ts'
import { readSource } from './source_files.ts'
import { type Templated, templated } from './templated.ts'

/** The arguments of a task. */
export interface Arguments {
  /** As they are written, `args:` included. */
  readonly node: Node
  /** Templates in them; where there are none, the arguments were validated when they were read. */
  readonly templates: readonly Template[]
  /** Names that are there for its templates only. */
  readonly given: readonly string[]
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

/** A module or an action, as far as its arguments go. */
export type Described = Pick<Action, 'name' | 'args' | 'freeForm' | 'freeFormOptions' | 'expressions'> &
  Pick<Module, 'source'>

/** Where a task stands, and what is known of the playbook. */
interface Place {
  readonly problems: Problems
  readonly playbookFolder: string
}

/** Reads what stands under a module's key, and validates already what no template stands in. */
export function readArguments(described: Described, entry: ArgumentsEntry, place: Place): Arguments {
  const { problems } = place
  const node = argumentsNode(described, entry, problems)
  const tree = withTemplatedKeys(described, templated(node, problems, expressionsIn(node, described)))
  const source = readSource(described, tree, place)
  const locate = (complaint: Complaint): WrongArgument => located(complaint, described, entry, tree)
  if (!mayBeMap(tree)) {
    problems.add(
      tree.at,
      `${described.name}: arguments must be a mapping, not ${describe(tree.node)}`,
      'write them as "name: value"',
    )
  } else if (tree.node.kind === 'map') {
    const literal = validate(described, source.seen(toValue(tree.node)))
    const complaints = literal.kind === 'wrong' ? literal.complaints : []
    for (const complaint of hasTemplatedKeys(described, tree.node) ? [] : complaints)
      if (isCertain(complaint, tree)) problems.include(locate(complaint).error)
  }
  return {
    node: tree.node,
    templates: [...tree.templates, ...source.templates],
    given: source.given,
    validate(scope) {
      // That was told above, and not for each host.
      if (!mayBeMap(tree)) return { kind: 'wrong', wrong: [] }
      const value = source.withContent(withoutOmitted(tree.render(scope)), scope)
      const answer = validate(described, value)
      return answer.kind === 'valid' ? answer : { kind: 'wrong', wrong: answer.complaints.map(locate) }
    },
  }
}

/** A key with the arguments that stand under it, and those of `args:`, which count where it has none of that name. */
export interface ArgumentsEntry extends Entry {
  readonly more: readonly Entry[]
}

function argumentsNode(
  described: Described,
  { keyAt, value, more }: ArgumentsEntry,
  problems: Problems,
): Node {
  const own = isNothing(value)
    ? ({ kind: 'map', at: keyAt, entries: [] } as const)
    : freeForm(described, value, problems)
  if (own.kind !== 'map' || more.length === 0) return own
  const names = new Set(own.entries.map(({ key }) => key))
  return { ...own, entries: [...own.entries, ...more.filter(({ key }) => !names.has(key))] }
}

/** The keys of set_fact are names that may be templates; nothing else is named so (plugins/action/set_fact.py). */
export const hasTemplatedKeys = ({ name }: Pick<Described, 'name'>, node: Node): node is MapNode =>
  name === 'set_fact' && node.kind === 'map' && node.entries.some(({ key }) => hasTemplate(key))

function withTemplatedKeys(described: Described, tree: Templated): Templated {
  const { node } = tree
  if (!hasTemplatedKeys(described, node)) return tree
  const keys = new Map(
    node.entries
      .filter(({ key }) => hasTemplate(key))
      .map(({ key, keyAt }) => [key, parseTemplate(key, keyAt)]),
  )
  return {
    ...tree,
    templates: [...tree.templates, ...keys.values()],
    render: scope =>
      Object.fromEntries(
        Object.entries(tree.render(scope) ?? {}).map(([key, value]) => [
          String(keys.get(key)?.render(scope) ?? key),
          value,
        ]),
      ),
  }
}

/** Scalars that are expressions: the argument itself, or each item of its list. */
function expressionsIn(node: Node, { expressions = [] }: Described): ReadonlySet<Node> {
  const values =
    node.kind === 'map'
      ? node.entries.filter(({ key }) => expressions.includes(key)).map(({ value }) => value)
      : []
  return new Set(values.flatMap(value => (value.kind === 'list' ? value.items : [value])).filter(isText))
}

const isText = (node: Node): boolean => node.kind === 'scalar' && !isNothing(node)

/** `"{{ x | default(omit) }}"` drops its argument (lib/ansible/vars/clean.py, remove_omit). */
function withoutOmitted(value: Value): Value {
  if (Array.isArray(value)) return value.filter(item => item !== OMIT).map(withoutOmitted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== OMIT)
      .map(([key, item]) => [key, withoutOmitted(item)]),
  )
}

/** Whether a complaint about the arguments as they are written stays true whatever their templates give. */
function isCertain(complaint: Complaint, tree: Templated): boolean {
  const { node, template } = follow(tree, complaint.path)
  if (template) return false
  return complaint.about !== 'value' || !holdsTemplate(node, tree)
}

/** A template that is one expression may give one. */
const mayBeMap = ({ node }: Templated): boolean =>
  node.kind === 'map' || (node.kind === 'scalar' && /^\s*\{\{.*\}\}\s*$/s.test(node.source))

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

function located(complaint: Complaint, module: Described, entry: Entry, tree: Templated): WrongArgument {
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
