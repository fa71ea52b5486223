import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { formatPosition, type Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import { openVault } from './vault.ts'
import { type Entry, type MapNode, type Node, nothing, type ScalarNode } from './yaml_node.ts'
import { plainValue } from './yaml_scalars.ts'

/** Nesting beyond this is no playbook; the bound keeps every later walk off the end of the stack. */
export const MAX_DEPTH = 64

/** Aliases of aliases grow exponentially ("billion laughs"): nodes that aliases may add to one file. */
const MAX_ALIASED_NODES = 10_000

/**
 * Turns the parser's tree into ours: aliases and merge keys resolved, `!vault` opened, duplicate keys and unknown tags
 * noted. `isSecret`: the whole text was closed by ansible-vault.
 */
export function readTree(
  root: ParsedNode,
  text: string,
  at: (offset: number) => Position,
  problems: Problems,
  isSecret: boolean,
): Node {
  return new TreeReader(text, at, problems, isSecret).node(root, 0)
}

class TreeReader {
  readonly #text: string
  readonly #at: (offset: number) => Position
  readonly #problems: Problems
  readonly #isSecret: boolean
  readonly #anchors = new Map<string, ParsedNode>()
  /** Nodes being read: an alias to one of them would never end. */
  readonly #open = new Set<ParsedNode>()
  #aliases = 0
  #aliasedNodes = 0

  constructor(text: string, at: (offset: number) => Position, problems: Problems, isSecret: boolean) {
    this.#isSecret = isSecret
    this.#text = text
    this.#at = at
    this.#problems = problems
  }

  node(node: ParsedNode, depth: number): Node {
    const at = this.#at(node.range[0])
    if (depth > MAX_DEPTH) return this.#refuse(at, `is nested deeper than ${MAX_DEPTH} levels`)
    if (isAlias(node)) return this.#alias(node.source, at, depth)
    if (this.#aliases > 0 && ++this.#aliasedNodes > MAX_ALIASED_NODES) {
      return this.#refuse(
        { ...at, line: 1, column: 1 },
        `aliases repeat more than ${MAX_ALIASED_NODES} values`,
      )
    }
    if (node.anchor) this.#anchors.set(node.anchor, node)
    const isTaggedText = DATA_TAGS.has(node.tag ?? '') && isScalar(node)
    if (node.tag && !STANDARD_TAGS.has(node.tag) && !isTaggedText) return this.#refuseTag(node.tag, at)
    this.#open.add(node)
    const tree = this.#content(node, at, depth)
    this.#open.delete(node)
    return tree
  }

  #content(node: ParsedNode, at: Position, depth: number): Node {
    if (isMap(node)) return this.#map(node, at, depth)
    if (isSeq(node)) return { kind: 'list', at, items: this.#items(node, depth) }
    return isScalar(node) ? this.#scalar(node, at) : nothing(at)
  }

  #scalar(node: Scalar.Parsed, at: Position): Node {
    const textAt = this.#at(textOffset(node, this.#text))
    const read = scalar(node)
    if (VAULT_TAGS.has(node.tag ?? '')) return this.#opened(read.source, at)
    if (this.#isSecret && typeof read.value === 'string') this.#problems.secrets.keep(read.value)
    const secret: Partial<ScalarNode> = this.#isSecret ? { isSecret: true } : {}
    const data: Partial<ScalarNode> = node.tag === '!unsafe' ? { data: { tag: 'unsafe' } } : {}
    return { kind: 'scalar', at, textAt, ...read, ...secret, ...data }
  }

  /** What is behind the tag is text, whatever it looks like. */
  #opened(closed: string, at: Position): Node {
    const opened = openVault(closed, this.#problems.vault)
    if (opened.why !== undefined) return this.#refuse(at, `the value ${opened.why}`, opened.hint)
    this.#problems.secrets.keep(opened.text)
    return {
      kind: 'scalar',
      at,
      textAt: at,
      value: opened.text,
      source: opened.text,
      data: { tag: 'vault', closed },
      isSecret: true,
    }
  }

  #items(list: YAMLSeq<unknown>, depth: number): readonly Node[] {
    return list.items.filter(isParsed).map(item => this.node(item, depth + 1))
  }

  #alias(name: string, at: Position, depth: number): Node {
    const anchored = this.#anchors.get(name)
    if (anchored === undefined) return this.#refuse(at, `there is no anchor &${name} before this alias`)
    if (this.#open.has(anchored)) return this.#refuse(at, `the alias *${name} stands inside what it repeats`)
    this.#aliases += 1
    const tree = this.node(anchored, depth + 1)
    this.#aliases -= 1
    return tree
  }

  #map(map: YAMLMap<unknown, unknown>, at: Position, depth: number): MapNode {
    const entries = new Map<string, Entry>()
    const merged: Entry[] = []
    for (const { key, value } of map.items) {
      const keyNode = isParsed(key) ? key : undefined
      const keyAt = keyNode ? this.#at(keyNode.range[0]) : at
      const tree = isParsed(value) ? this.node(value, depth + 1) : nothing(keyAt)
      if (!isScalar(keyNode) || scalar(keyNode).value === null)
        this.#problems.add(
          keyAt,
          'a key must be a plain word',
          isMap(keyNode) ? 'put quotes around a value that begins with {{' : undefined,
        )
      else if (isMergeKey(keyNode)) merged.push(...this.#merged(tree))
      else this.#enter(entries, { key: scalar(keyNode).source, keyAt, value: tree })
    }
    for (const entry of merged) if (!entries.has(entry.key)) entries.set(entry.key, entry)
    return { kind: 'map', at, entries: [...entries.values()] }
  }

  #enter(entries: Map<string, Entry>, entry: Entry): void {
    const first = entries.get(entry.key)
    if (first === undefined) entries.set(entry.key, entry)
    else
      this.#problems.add(
        entry.keyAt,
        `"${entry.key}" is given twice; first at ${formatPosition(first.keyAt)}`,
      )
  }

  /** https://yaml.org/type/merge.html: a mapping, or a list of them of which the earlier win. */
  #merged(tree: Node): readonly Entry[] {
    const maps = tree.kind === 'list' ? tree.items : [tree]
    return maps.flatMap(map => {
      if (map.kind === 'map') return map.entries
      this.#problems.add(map.at, '<< takes a mapping or a list of mappings')
      return []
    })
  }

  #refuseTag(tag: string, at: Position): Node {
    const name = shortTag(tag)
    return DATA_TAGS.has(tag)
      ? this.#refuse(at, `${name} stands before a text`)
      : this.#refuse(at, `there is no tag ${name} here`, 'known tags are !vault, !unsafe, !!str')
  }

  #refuse(at: Position, why: string, hint?: string): Node {
    this.#problems.add(at, why, hint)
    return nothing(at)
  }
}

const VAULT_TAGS: ReadonlySet<string> = new Set(['!vault', '!vault-encrypted'])
const DATA_TAGS: ReadonlySet<string> = new Set([...VAULT_TAGS, '!unsafe'])

const STANDARD_TAGS: ReadonlySet<string> = new Set([
  '!',
  ...['str', 'seq', 'map'].map(name => `tag:yaml.org,2002:${name}`),
])

const shortTag = (tag: string): string => tag.replace('tag:yaml.org,2002:', '!!')

/** What parseDocument makes has a range, what a program makes has none. */
const isParsed = (node: unknown): node is ParsedNode =>
  (isAlias(node) || isMap(node) || isSeq(node) || isScalar(node)) && node.range !== undefined

/** Where the text of a scalar begins: behind its quote, or in the line below the sign of a block. */
function textOffset(node: Scalar.Parsed, text: string): number {
  const [start] = node.range
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return start + 1
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
  return isBlock ? start + (text.slice(start).match(/^[^\n]*\n\s*/)?.[0].length ?? 0) : start
}

const isMergeKey = (node: Scalar): boolean => node.type === 'PLAIN' && node.source === '<<'

function scalar(node: Scalar): { value: null | boolean | number | string; source: string } {
  const source = node.source ?? ''
  return { source, value: node.type === 'PLAIN' && node.tag === undefined ? plainValue(source) : source }
}
