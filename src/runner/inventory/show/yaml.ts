import type { Node, ScalarNode } from '../../yaml/yaml_node.ts'
import { pythonNumber } from './python_number.ts'
import { byKey } from './shown_inventory.ts'
import { yamlText } from './yaml_text.ts'

/** YAML as ansible-inventory prints it, which is PyYAML's block style: keys sorted, lists not indented below their key. */
export const toYaml = (node: Node): string => `${block(node, 0).join('\n')}\n`

/** The lines of a node that begins a line; the first is without its indent. */
function block(node: Node, indent: number): readonly string[] {
  if (node.kind === 'scalar') return scalar(node, indent, indent)
  if (node.kind === 'list')
    return node.items.length === 0
      ? ['[]']
      : node.items.flatMap((item, index) => itemLines(item, indent, index))
  const entries = byKey(node.entries.map(({ key, value }) => [key, value] as const))
  return entries.length === 0
    ? ['{}']
    : entries.flatMap(([key, value], index) => entryLines(key, value, indent, index))
}

const pad = (indent: number, index: number): string => (index === 0 ? '' : ' '.repeat(indent))

function itemLines(item: Node, indent: number, index: number): readonly string[] {
  const [first = '', ...rest] =
    item.kind === 'scalar' ? scalar(item, indent + 2, indent + 2) : block(item, indent + 2)
  return [`${pad(indent, index)}- ${first}`, ...rest]
}

function entryLines(key: string, value: Node, indent: number, index: number): readonly string[] {
  const head = `${pad(indent, index)}${yamlText(key, { column: indent, indent, isKey: true })}:`
  if (value.kind !== 'scalar' && !isEmpty(value)) {
    const inner = value.kind === 'list' ? indent : indent + 2
    const [first = '', ...rest] = block(value, inner)
    return [head, ' '.repeat(inner) + first, ...rest]
  }
  const column = head.length - pad(indent, index).length + indent + 1
  const [first = '', ...rest] = value.kind === 'scalar' ? scalar(value, column, indent + 2) : block(value, 0)
  return [`${head} ${first}`, ...rest]
}

const isEmpty = (node: Node): boolean =>
  node.kind === 'list' ? node.items.length === 0 : node.kind === 'map' && node.entries.length === 0

function scalar(node: ScalarNode, column: number, indent: number): readonly string[] {
  const { value, data } = node
  if (data?.tag === 'vault') return literal('!vault', data.closed, indent)
  if (typeof value === 'string') return yamlText(value, { column, indent, isKey: false }).split('\n')
  if (typeof value !== 'number') return [String(value)]
  const number = pythonNumber({ ...node, value })
  // PyYAML: a float has a point, or YAML 1.1 reads it as a string.
  return [number.includes('.') ? number : number.replace('e', '.0e')]
}

/** A block scalar; its sign tells how many line feeds end it. */
function literal(tag: string, text: string, indent: number): readonly string[] {
  const lines = text.replace(/\n+$/, '').split('\n')
  const ends = text.match(/\n*$/)?.[0].length ?? 0
  const sign = ends === 0 ? '|-' : ends === 1 ? '|' : '|+'
  return [`${tag} ${sign}`, ...lines.map(line => ' '.repeat(indent) + line)]
}
