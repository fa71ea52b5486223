import { z } from 'zod'
import { Problem } from './problem.ts'

/** The nodes of @huggingface/jinja 0.5.11 (src/ast.ts) that a playbook can hold; it does not export their types. */
const child = z.unknown()
const children = z.array(child)
const operator = z.object({ value: z.string(), offset: z.number(), depth: z.number() })
const NODE = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Program'), body: children }),
  z.object({ type: z.literal('If'), test: child, body: children, alternate: children }),
  z.object({
    type: z.literal('For'),
    loopvar: child,
    iterable: child,
    body: children,
    defaultBlock: children,
  }),
  z.object({ type: z.literal('Set'), assignee: child, value: child, body: children }),
  z.object({ type: z.literal('Macro'), name: child, args: children, body: children }),
  z.object({
    type: z.literal('CallStatement'),
    call: child,
    callerArgs: z.nullable(children),
    body: children,
  }),
  z.object({ type: z.literal('MemberExpression'), object: child, property: child, computed: z.boolean() }),
  z.object({ type: z.literal('CallExpression'), callee: child, args: children }),
  z.object({ type: z.literal('Identifier'), value: z.string() }),
  z.object({ type: z.literal('IntegerLiteral'), value: z.number() }),
  z.object({ type: z.literal('FloatLiteral'), value: z.number() }),
  z.object({ type: z.literal('StringLiteral'), value: z.string() }),
  z.object({ type: z.literal('ArrayLiteral'), value: children }),
  z.object({ type: z.literal('TupleLiteral'), value: children }),
  z.object({ type: z.literal('ObjectLiteral'), value: z.map(child, child) }),
  z.object({ type: z.literal('BinaryExpression'), operator, left: child, right: child }),
  z.object({ type: z.literal('UnaryExpression'), operator, argument: child }),
  z.object({ type: z.literal('FilterExpression'), operand: child, filter: child }),
  z.object({ type: z.literal('SelectExpression'), lhs: child, test: child }),
  z.object({ type: z.literal('Ternary'), condition: child, trueExpr: child, falseExpr: child }),
  z.object({ type: z.literal('SliceExpression'), start: child, stop: child, step: child }),
  z.object({ type: z.literal('KeywordArgumentExpression'), key: child, value: child }),
  z.object({ type: z.literal('SpreadExpression'), argument: child }),
  z.object({ type: z.literal('KeywordSpreadExpression'), argument: child }),
])
export type JinjaNode = z.infer<typeof NODE>

/** Narrows one node; its children stay unknown until they are looked at. */
export function jinjaNode(candidate: unknown): JinjaNode {
  const found = NODE.safeParse(candidate)
  if (found.success) return found.data
  throw new Problem('this is no expression')
}
