import { parse } from '@huggingface/jinja'
import { type Block, BODY, type Parameter, type Statement, type Target } from './ast.ts'
import { splitName, toExpression, toExpressionNode } from './expressions.ts'
import { type JinjaNode, jinjaNode } from './jinja_nodes.ts'
import { Problem } from './problem.ts'
import { FILTERED, WITH } from './statement_tokens.ts'
import type { Token } from './tokens.ts'

/** Tokens to our own tree: @huggingface/jinja's parser, its nodes narrowed one at a time. Throws Problem only. */
export function parseTokens(tokens: readonly Token[]): Block {
  let furthest = 0
  const watched = tokens.map((token, i) => ({
    ...token,
    // The parser's errors name no place; the last token it looked at is where it gave up.
    get type() {
      furthest = Math.max(furthest, i)
      return token.type
    },
  }))
  const program = attempt(
    () => jinjaNode(parse(watched)),
    () => syntaxProblem(tokens, furthest),
  )
  if (program.type !== 'Program') throw new Problem('this is no template')
  return toBlock(program.body, 0)
}

/** The parser throws plain errors (also a TypeError past the last token): all mean a syntax error. */
function attempt<T>(read: () => T, problem: () => Problem): T {
  try {
    return read()
  } catch {
    throw problem()
  }
}

function syntaxProblem(tokens: readonly Token[], furthest: number): Problem {
  const token = tokens[furthest]
  const open = furthest === tokens.length - 1 ? unclosedStatement(tokens) : undefined
  if (open) return new Problem(`"{% ${open.text} %}" has no "{% end${open.text} %}"`, undefined, open.offset)
  if (!token) return new Problem('an expression is missing')
  if (token.type.startsWith('Close'))
    return new Problem(`unexpected "${token.text}": something is missing before it`, undefined, token.offset)
  return new Problem(`unexpected "${token.text}"`, undefined, token.offset)
}

function unclosedStatement(tokens: readonly Token[]): Token | undefined {
  const open: Token[] = []
  for (const [i, token] of tokens.entries()) {
    if (tokens[i - 1]?.type !== 'OpenStatement') continue
    if (ENDED.includes(token.text)) open.push(token)
    // Of `{% set x = 1 %}` there is no end.
    if (token.text === 'set' && !hasEquals(tokens, i)) open.push(token)
    if (token.text.startsWith('end')) open.pop()
  }
  return open.at(-1)
}

const ENDED = ['if', 'for', 'macro', 'call', 'filter', 'with']

function hasEquals(tokens: readonly Token[], from: number): boolean {
  for (let i = from; i < tokens.length && tokens[i]?.type !== 'CloseStatement'; i++) {
    if (tokens[i]?.type === 'Equals' && tokens[i]?.depth === 0) return true
  }
  return false
}

const toBlock = (nodes: readonly unknown[], depth: number): Block =>
  nodes.map(each => toStatement(jinjaNode(each), depth + 1))

function toStatement(found: JinjaNode, depth: number): Statement {
  switch (found.type) {
    case 'StringLiteral':
      return { kind: 'text', text: found.value }
    case 'If': {
      const [body, otherwise] = [toBlock(found.body, depth), toBlock(found.alternate, depth)]
      return { kind: 'if', condition: toExpression(found.test, 0, depth), body, otherwise }
    }
    case 'For':
      return toLoop(found, depth)
    case 'Set':
      return toSet(found, depth)
    case 'Macro':
      return {
        kind: 'macro',
        name: nameOf(found.name),
        parameters: toParameters(found.args, depth),
        body: toBlock(found.body, depth),
      }
    case 'CallStatement':
      return toCallBlock(found, depth)
    default:
      return { kind: 'output', expression: toExpressionNode(found, 0, depth) }
  }
}

type Of<Type extends JinjaNode['type']> = Extract<JinjaNode, { type: Type }>

function toLoop(found: Of<'For'>, depth: number): Statement {
  const selected = jinjaNode(found.iterable)
  const [iterable, condition] =
    selected.type === 'SelectExpression' ? [selected.lhs, selected.test] : [selected]
  const variables = jinjaNode(found.loopvar)
  const first = variables.type === 'TupleLiteral' ? jinjaNode(variables.value[0]) : variables
  return {
    kind: 'for',
    target: toTarget(variables),
    iterable: toExpression(iterable, 0, depth),
    condition: condition === undefined ? undefined : toExpression(condition, 0, depth),
    recursive: first.type === 'Identifier' && first.value.endsWith('@recursive'),
    body: toBlock(found.body, depth),
    otherwise: toBlock(found.defaultBlock, depth),
  }
}

function toSet(found: Of<'Set'>, depth: number): Statement {
  if (found.value !== null) {
    return {
      kind: 'set',
      target: toTarget(jinjaNode(found.assignee)),
      value: toExpression(found.value, 0, depth),
    }
  }
  const { innermost, filters } = splitFilters(jinjaNode(found.assignee))
  const target = toTarget(innermost)
  return {
    kind: 'capture',
    target: target.kind === 'name' && target.name === FILTERED ? undefined : target,
    filters: filters && toExpressionNode(filters, target.offset, depth),
    body: toBlock(found.body, depth),
  }
}

/** `set x | upper | trim`: x, and the filters over what the block says. */
function splitFilters(found: JinjaNode): { readonly innermost: JinjaNode; readonly filters?: JinjaNode } {
  if (found.type !== 'FilterExpression') return { innermost: found }
  const { innermost, filters } = splitFilters(jinjaNode(found.operand))
  const offset = innermost.type === 'Identifier' ? splitName(innermost.value, 0).offset : 0
  const operand = filters ?? { type: 'Identifier', value: `${BODY}@${offset}` }
  return { innermost, filters: { ...found, operand } }
}

function toCallBlock(found: Of<'CallStatement'>, depth: number): Statement {
  const { name } = splitName(calleeOf(found.call), 0)
  const body = toBlock(found.body, depth)
  if (name !== WITH) {
    const parameters = toParameters(found.callerArgs ?? [], depth)
    return { kind: 'call block', call: toExpression(found.call, 0, depth), parameters, body }
  }
  const call = jinjaNode(found.call)
  const assignments = call.type === 'CallExpression' ? toParameters(call.args, depth) : []
  return {
    kind: 'with',
    assignments: assignments.flatMap(({ name, otherwise }) =>
      otherwise ? [{ name, value: otherwise }] : [],
    ),
    body,
  }
}

function calleeOf(candidate: unknown): string {
  const call = jinjaNode(candidate)
  const callee = call.type === 'CallExpression' ? jinjaNode(call.callee) : call
  return callee.type === 'Identifier' ? callee.value : ''
}

function toParameters(candidates: readonly unknown[], depth: number): readonly Parameter[] {
  return candidates.map(candidate => {
    const found = jinjaNode(candidate)
    if (found.type === 'KeywordArgumentExpression')
      return { name: nameOf(found.key), otherwise: toExpression(found.value, 0, depth) }
    return { name: nameOf(found), otherwise: undefined }
  })
}

function nameOf(candidate: unknown): string {
  const target = toTarget(jinjaNode(candidate))
  if (target.kind !== 'name') throw new Problem('a name is needed here', undefined, target.offset)
  return target.name
}

function toTarget(found: JinjaNode): Target {
  if (found.type === 'TupleLiteral') {
    const items = found.value.map(each => toTarget(jinjaNode(each)))
    return { kind: 'tuple', items, offset: items[0]?.offset ?? 0 }
  }
  if (found.type === 'MemberExpression' && !found.computed) {
    const [object, property] = [toTarget(jinjaNode(found.object)), toTarget(jinjaNode(found.property))]
    if (object.kind === 'name' && property.kind === 'name')
      return { kind: 'member', object: object.name, name: property.name, offset: object.offset }
  }
  if (found.type === 'Identifier') return { kind: 'name', ...splitName(found.value, 0) }
  throw new Problem('a variable name is needed here')
}
