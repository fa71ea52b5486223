import { toText } from '../../template/python_text.ts'
import { type Node, toValue } from '../../yaml/yaml_node.ts'
import { pythonNumber } from './python_number.ts'
import { byKey, type ShownInventory } from './shown_inventory.ts'

/** The tree that `--graph` draws from a group down; `withVariables`: what each host and group has. */
export function graphOf(group: string, shown: ShownInventory, withVariables: boolean): string {
  const variables = (of: ReadonlyMap<string, Node>, depth: number): readonly string[] =>
    withVariables ? byKey(of).map(([name, node]) => line(`{${name} = ${text(node)}}`, depth)) : []
  const draw = (name: string, depth: number): readonly string[] => {
    const { children = [], ownHosts = [] } = shown.inventory.groups.get(name) ?? {}
    const hosts = name === 'all' ? [] : ownHosts.filter(host => shown.hosts.has(host))
    return [
      line(`@${name}:`, depth),
      ...children.flatMap(child => draw(child, depth + 1)),
      ...hosts.flatMap(host => [line(host, depth + 1), ...variables(shown.hostVariables(host), depth + 2)]),
      ...variables(shown.groupVariables(name), depth + 1),
    ]
  }
  return draw(group, 0).join('\n')
}

const line = (text: string, depth: number): string => (depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`)

/** As Python's str(). Secrets stay hidden on the screen. */
function text(node: Node): string {
  if (node.kind !== 'scalar') return toText(toValue(withoutSecrets(node)))
  if (node.isSecret) return HIDDEN
  const { value } = node
  return typeof value === 'number' ? pythonNumber({ ...node, value }) : toText(value)
}

const HIDDEN = '(secret)'

function withoutSecrets(node: Node): Node {
  if (node.kind === 'scalar') return node.isSecret ? { ...node, value: HIDDEN } : node
  if (node.kind === 'list') return { ...node, items: node.items.map(withoutSecrets) }
  return { ...node, entries: node.entries.map(entry => ({ ...entry, value: withoutSecrets(entry.value) })) }
}
