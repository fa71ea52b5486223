import type { Position } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import { type Entry, isNothing, type ListNode, type MapNode, type Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import type { Refused, RefusedWords } from './refused_words.ts'

/** Reads nodes as what they must be. A wrong type is noted, and undefined returned. */
export function asMap(node: Node, what: string, problems: Problems): MapNode | undefined {
  return node.kind === 'map' ? node : wrong(node, what, 'a mapping', problems)
}

export function asList(node: Node, what: string, problems: Problems): ListNode | undefined {
  return node.kind === 'list' ? node : wrong(node, what, 'a list', problems)
}

/** Numbers and booleans are taken as they are written: `name: 8086` is a fine name. */
export function asText(node: Node, what: string, problems: Problems): string | undefined {
  if (node.kind !== 'scalar' || isNothing(node)) return wrong(node, what, 'a string', problems)
  return node.source
}

export function asNumber(node: Node, what: string, problems: Problems): number | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'number') return node.value
  return wrong(node, what, 'a number', problems)
}

export function asBoolean(node: Node, what: string, problems: Problems): boolean | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  return wrong(node, what, 'true or false', problems)
}

/** A string, or a list of strings, each with its node. */
export function asTexts(
  node: Node,
  what: string,
  problems: Problems,
): readonly { text: string; node: Node }[] {
  const nodes = node.kind === 'list' ? node.items : [node]
  return nodes.flatMap(item => {
    const text = asText(item, what, problems)
    return text === undefined ? [] : [{ text, node: item }]
  })
}

export interface Vocabulary {
  /** For people: `a play`. */
  readonly of: string
  readonly known: readonly string[]
  /** Ansible has them, and they are refused. */
  readonly refused?: RefusedWords
}

/** The entries of a mapping by key; keys outside the vocabulary are noted with the nearest known one. */
export function readKeys(map: MapNode, words: Vocabulary, problems: Problems): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const entry of map.entries) {
    if (words.known.includes(entry.key)) entries.set(entry.key, entry)
    else noteUnknownKey(entry, words, problems)
  }
  return entries
}

export function noteUnknownKey(entry: Entry, words: Vocabulary, problems: Problems): undefined {
  const refused = refusalOf(entry.key, words.refused)
  if (refused) return noteRefused(entry.key, refused, entry.keyAt, problems)
  const hint = didYouMean(entry.key, words.known) ?? `${words.of} takes ${words.known.join(', ')}`
  problems.add(entry.keyAt, `unknown key "${entry.key}" in ${words.of}`, hint)
}

export function noteRefused(word: string, refused: Refused, at: Position, problems: Problems): undefined {
  return problems.add(at, `${word} is not supported: ${refused.because}`, refused.instead)
}

/** A key such as `constructor` is none of the table's. */
export const refusalOf = (word: string, table: RefusedWords = {}): Refused | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined

function wrong(node: Node, what: string, expected: string, problems: Problems): undefined {
  problems.add(node.at, `${what} must be ${expected}, not ${describe(node)}`)
}

/** A node as a complaint names it. */
export function describe(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a mapping' : 'a list'
  if (node.isSecret) return 'a value out of ansible-vault'
  if (node.value === null) return 'nothing'
  return typeof node.value === 'string'
    ? `the string "${node.source}"`
    : `the ${typeof node.value} ${node.source}`
}
