import { parse } from '@huggingface/jinja'
import type { Block, Statement } from './ast.ts'
import { splitName, toExpression, toExpressionNode } from './expressions.ts'
import { type JinjaNode, jinjaNode } from './jinja_nodes.ts'
import { Problem } from './problem.ts'
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
    if (['if', 'for'].includes(token.value)) open.push(token)
    if (['endif', 'endfor'].includes(token.value)) open.pop()
  }
  return open.at(-1)
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
    case 'For': {
      const selected = jinjaNode(found.iterable)
      const [iterable, condition] =
        selected.type === 'SelectExpression' ? [selected.lhs, selected.test] : [selected]
      return {
        kind: 'for',
        variables: variableNames(found.loopvar),
        iterable: toExpression(iterable, 0, depth),
        condition: condition === undefined ? undefined : toExpression(condition, 0, depth),
        body: toBlock(found.body, depth),
        otherwise: toBlock(found.defaultBlock, depth),
      }
    }
    case 'Set': {
      const value = found.value === null ? toBlock(found.body, depth) : toExpression(found.value, 0, depth)
      return { kind: 'set', variables: variableNames(found.assignee), value }
    }
    default:
      return { kind: 'output', expression: toExpressionNode(found, 0, depth) }
  }
}

function variableNames(candidate: unknown): readonly string[] {
  const found = jinjaNode(candidate)
  if (found.type === 'TupleLiteral') return found.value.flatMap(variableNames)
  if (found.type === 'Identifier') return [splitName(found.value, 0).name]
  throw new Problem('a variable name is needed here')
}
