import type { Position } from '../../errors.ts'
import type { Value } from '../template/template.ts'

/** YAML with the place of every node, so that each later mistake can be pointed at. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly at: Position
  /** Of the first character of its text, behind a quote or a block's sign. */
  readonly textAt: Position
  readonly value: null | boolean | number | string
  /** As written, without quotes: what a number looked like. */
  readonly source: string
  /** A text that is never looked at for templates: it was tagged `!unsafe`, or `!vault`, and then as it was closed. */
  readonly data?: { readonly tag: 'unsafe' } | { readonly tag: 'vault'; readonly closed: string }
  /** Out of ansible-vault: no message shows it. */
  readonly isSecret?: true
}

export interface ListNode {
  readonly kind: 'list'
  readonly at: Position
  readonly items: readonly Node[]
}

export interface MapNode {
  readonly kind: 'map'
  readonly at: Position
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly key: string
  readonly keyAt: Position
  readonly value: Node
}

/** An empty node. */
export const nothing = (at: Position): ScalarNode => ({
  kind: 'scalar',
  at,
  textAt: at,
  value: null,
  source: '',
})

export const textNode = (text: string, at: Position): ScalarNode => ({
  kind: 'scalar',
  at,
  textAt: at,
  value: text,
  source: text,
})

export const isNothing = (node: Node): boolean => node.kind === 'scalar' && node.value === null

/** The values of a tree, places left behind. */
export function toValue(node: Node): Value {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(toValue)
  return Object.fromEntries(node.entries.map(entry => [entry.key, toValue(entry.value)]))
}
