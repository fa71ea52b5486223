import type { Position } from '../../errors.ts'
import { readFreeForm } from '../actions/free_form.ts'
import { type Entry, type MapNode, type Node, type ScalarNode, textNode } from '../yaml/yaml_node.ts'
import type { Described } from './arguments.ts'
import type { Problems } from './problems.ts'

/**
 * A string in place of arguments: `command: ls -l chdir=/tmp`, `pause: seconds=5`. Of words that take no free text all
 * of it must be NAME=VALUE; what is not stays a string, of which the schema complains.
 */
export function freeForm(described: Described, node: Node, problems: Problems): Node {
  const isWritten =
    node.kind === 'scalar' && (typeof node.value === 'string' || typeof node.value === 'number')
  if (!isWritten) return node
  const { freeForm: argument, args } = described
  const names =
    argument === undefined
      ? undefined
      : (described.freeFormOptions ?? Object.keys(args.shape).filter(isNot(argument)))
  const { text, options } = readFreeForm(node.source, names)
  const entries = options.map(({ name, value, offset }): Entry => {
    const at = positionIn(node, offset)
    const valueAt = { ...at, column: at.column + name.length + 1 }
    return { key: name, keyAt: at, value: { ...node, ...textNode(value, valueAt) } }
  })
  if (argument !== undefined) return mapOf(node, [...entries, textEntry(argument, text, node)], problems)
  return options.length === 0 || text.trim() !== '' ? node : mapOf(node, entries, problems)
}

const isNot =
  (argument: string) =>
  (name: string): boolean =>
    name !== argument

function textEntry(argument: string, text: string, node: ScalarNode): Entry {
  const value = text === node.source ? node : { ...node, value: text, source: text }
  return {
    key: argument,
    keyAt: node.at,
    value: typeof value.value === 'number' ? { ...value, value: text } : value,
  }
}

function mapOf(node: ScalarNode, entries: readonly Entry[], problems: Problems): MapNode {
  const names = new Set<string>()
  for (const { key, keyAt } of entries) {
    if (names.has(key)) problems.add(keyAt, `"${key}" is given twice`)
    names.add(key)
  }
  return {
    kind: 'map',
    at: node.at,
    entries: [...new Map(entries.map(entry => [entry.key, entry])).values()],
  }
}

/** In a text of one line the place of each word is known; in others the beginning has to do. */
function positionIn(node: ScalarNode, offset: number): Position {
  return node.source.slice(0, offset).includes('\n')
    ? node.textAt
    : { ...node.textAt, column: node.textAt.column + offset }
}
