import type { Value } from './template.ts'

/** An expression as the evaluator walks it; `offset` is where an error about it points in the text. */
export type Expression =
  | Node<'literal', { value: Value }>
  | Node<'list', { items: readonly Expression[] }>
  | Node<'dict', { entries: readonly (readonly [key: Expression, value: Expression])[] }>
  | Node<'name', { name: string }>
  | Node<'attribute', { object: Expression; name: string }>
  | Node<'item', { object: Expression; key: Expression }>
  | Node<'slice', { object: Expression; start: Optional; stop: Optional; step: Optional }>
  | Node<'method', { object: Expression; name: string; args: Arguments }>
  | Node<'function', { name: string; args: Arguments }>
  | Node<'filter', { operand: Expression; name: string; args: Arguments }>
  | Node<'test', { operand: Expression; name: string; negated: boolean; args: Arguments }>
  | Node<'not', { operand: Expression }>
  | Node<'sign', { operator: '-' | '+'; operand: Expression }>
  | Node<'and' | 'or', { left: Expression; right: Expression }>
  | Node<'arithmetic', { operator: ArithmeticOperator; left: Expression; right: Expression }>
  /** `a < b <= c` is one node: each operand is looked at once, as in Python. */
  | Node<'comparison', { first: Expression; rest: readonly Comparison[] }>
  | Node<'choice', { condition: Expression; chosen: Expression; otherwise: Optional }>

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly expression: Expression }
  | { readonly kind: 'if'; readonly condition: Expression; readonly body: Block; readonly otherwise: Block }
  | ({ readonly kind: 'for'; readonly variables: readonly string[]; readonly iterable: Expression } & {
      readonly condition: Optional
      readonly body: Block
      readonly otherwise: Block
    })
  | {
      readonly kind: 'set'
      readonly variables: readonly string[]
      readonly value: Expression | Block
    }

export type Block = readonly Statement[]
/** By parameter name; `'*'` holds the list of the positional ones that are left over. */
export type Arguments = Readonly<Record<string, Expression>>

export const ARITHMETIC_OPERATORS = ['+', '-', '*', '/', '//', '%', '**', '~'] as const
export const COMPARISON_OPERATORS = ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'] as const
export type ArithmeticOperator = (typeof ARITHMETIC_OPERATORS)[number]
export type ComparisonOperator = (typeof COMPARISON_OPERATORS)[number]

export interface Comparison {
  readonly operator: ComparisonOperator
  readonly operand: Expression
}

type Optional = Expression | undefined
type Node<Kind extends string, Fields> = { readonly kind: Kind; readonly offset: number } & Readonly<Fields>
