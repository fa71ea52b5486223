import type { Value } from './template.ts'

/** An expression as the evaluator walks it; `offset` is where an error about it points in the text. */
export type Expression =
  | Node<'literal', { value: Value }>
  /** A number written with a point or an exponent. */
  | Node<'float', { value: number }>
  | Node<'list' | 'tuple', { items: readonly Expression[] }>
  | Node<'dict', { entries: readonly (readonly [key: Expression, value: Expression])[] }>
  | Node<'name', { name: string }>
  | Node<'attribute', { object: Expression; name: string }>
  | Node<'item', { object: Expression; key: Expression }>
  | Node<'slice', { object: Expression; start: Optional; stop: Optional; step: Optional }>
  | Node<'method', { object: Expression; name: string; given: Given }>
  | Node<'function', { name: string; given: Given }>
  /** Of what the template itself has made: a macro, `caller`, `loop.cycle`. */
  | Node<'call', { callee: Expression; given: Given }>
  | Node<'filter', { operand: Expression; name: string; given: Given }>
  | Node<'test', { operand: Expression; name: string; negated: boolean; given: Given }>
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
  | For
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  /** `{% set x %}…{% endset %}`; without a target it is `{% filter … %}`. `filters` read the text as BODY. */
  | {
      readonly kind: 'capture'
      readonly target: Target | undefined
      readonly filters: Optional
      readonly body: Block
    }
  | Macro
  | {
      readonly kind: 'call block'
      readonly call: Expression
      readonly parameters: readonly Parameter[]
      readonly body: Block
    }
  | { readonly kind: 'with'; readonly assignments: readonly Named<Expression>[]; readonly body: Block }

export interface For {
  readonly kind: 'for'
  readonly target: Target
  readonly iterable: Expression
  readonly condition: Optional
  readonly recursive: boolean
  readonly body: Block
  readonly otherwise: Block
}

export interface Macro {
  readonly kind: 'macro'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly body: Block
}

export interface Parameter {
  readonly name: string
  readonly otherwise: Optional
}

/** What is assigned to. */
export type Target =
  | { readonly kind: 'name'; readonly name: string; readonly offset: number }
  | { readonly kind: 'tuple'; readonly items: readonly Target[]; readonly offset: number }
  /** `set ns.found = true`, where ns is a namespace. */
  | { readonly kind: 'member'; readonly object: string; readonly name: string; readonly offset: number }

/** The name under which the filters of a captured text read it: no template can write it. */
export const BODY = '{body}'

export type Block = readonly Statement[]

/** Arguments as they are written. */
export interface Given {
  readonly positional: readonly Expression[]
  readonly named: readonly Named<Expression>[]
  /** `*rest` and `**keywords` */
  readonly rest: Optional
  readonly keywords: Optional
}

export interface Named<T> {
  readonly name: string
  readonly value: T
}

export const ARITHMETIC_OPERATORS = ['+', '-', '*', '/', '//', '%', '**', '~'] as const
export const COMPARISON_OPERATORS = ['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'] as const
export type ArithmeticOperator = (typeof ARITHMETIC_OPERATORS)[number]
export type ComparisonOperator = (typeof COMPARISON_OPERATORS)[number]

export interface Comparison {
  readonly operator: ComparisonOperator
  readonly operand: Expression
}

export type Optional = Expression | undefined
type Node<Kind extends string, Fields> = { readonly kind: Kind; readonly offset: number } & Readonly<Fields>
