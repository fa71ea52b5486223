import type { Node, ScalarNode } from '../../yaml/yaml_node.ts'
import { pythonNumber } from './python_number.ts'
import { byKey, mapNode } from './shown_inventory.ts'

/** JSON as ansible-inventory prints it: keys sorted, four spaces, secrets as ansible-vault closed them. */
export const toJson = (node: Node): string => written(node, '')

const STEP = '    '

function written(node: Node, indent: string): string {
  if (node.kind === 'list')
    return block(
      '[]',
      node.items.map(item => written(item, indent + STEP)),
      indent,
    )
  if (node.kind === 'scalar') return scalar(node, indent)
  const entries = byKey(node.entries.map(({ key, value }) => [key, value] as const))
  const lines = entries.map(([key, value]) => `${JSON.stringify(key)}: ${written(value, indent + STEP)}`)
  return block('{}', lines, indent)
}

function block(brackets: string, lines: readonly string[], indent: string): string {
  if (lines.length === 0) return brackets
  const inner = lines.map(line => indent + STEP + line).join(',\n')
  return `${brackets[0]}\n${inner}\n${indent}${brackets[1]}`
}

/** Tagged texts travel as mappings that Ansible's own reader turns back (ansible/ansible, lib/ansible/parsing/ajson.py). */
function scalar(node: ScalarNode, indent: string): string {
  const { value, data, ...plain } = node
  if (data?.tag === 'vault')
    return written(mapNode([['__ansible_vault', textOf(plain, data.closed)]]), indent)
  if (data?.tag === 'unsafe')
    return written(mapNode([['__ansible_unsafe', textOf(plain, String(value))]]), indent)
  return typeof value === 'number' ? pythonNumber({ ...plain, value }) : JSON.stringify(value)
}

const textOf = (node: Omit<ScalarNode, 'value' | 'data'>, text: string): ScalarNode => ({
  ...node,
  value: text,
  source: text,
})
