import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Block } from './ast.ts'
import { type Lexeme, lexExpression, lexTemplate } from './lex.ts'
import { type Name, namesIn } from './names.ts'
import { parseTokens } from './parse.ts'
import { Problem } from './problem.ts'
import { renderBlock, renderExpression } from './render.ts'
import { toTokens } from './tokens.ts'

/** Values an expression can see: plain YAML/JSON values, never class instances or functions. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }
export type Scope = Readonly<Record<string, Value>>

/** A text with `{{ }}` in it, parsed once, rendered per host. */
export interface Template {
  readonly source: string
  readonly at: Position
  /** Root names it reads (`vfio_devices`, `inventory_hostname`), without loop variables and other locals.
   *  `optional` ones stand under `default(...)` or `is defined` and may be undefined. */
  readonly names: readonly Name[]
  /** A text that is exactly one expression keeps its type; else a string. Throws UserError at the
   *  line and column of what is wrong. What it answers is data: `{{` in a value is not looked at again. */
  render(scope: Scope): Value
}

/** `at` is where the text's first character stands. Throws UserError at the syntax error, or at a filter nobody knows. */
export function parseTemplate(source: string, at: Position): Template {
  return toTemplate(source, at, lexTemplate, renderBlock)
}

/** A bare expression, as `when:` has it; render answers its value. Throws as parseTemplate does. */
export function parseExpression(source: string, at: Position): Template {
  return toTemplate(source, at, lexCondition, renderExpression)
}

/** Whether a text needs parseTemplate at all. */
export const hasTemplate = (text: string): boolean => /\{[{%]/.test(text)

export { isTruthy } from './values.ts'

function lexCondition(source: string): readonly Lexeme[] {
  if (/^\s*\{\{/.test(source))
    throw new Problem('a condition is an expression already', 'write it without {{ }}')
  return lexExpression(source)
}

function toTemplate(
  source: string,
  at: Position,
  lex: (source: string) => readonly Lexeme[],
  render: (block: Block, scope: Scope) => Value,
): Template {
  const block = asUserError(source, at, () => parseTokens(toTokens(lex(source))))
  return {
    source,
    at,
    names: namesIn(block),
    render: scope => asUserError(source, at, () => render(block, scope)),
  }
}

function asUserError<T>(source: string, at: Position, attempt: () => T): T {
  try {
    return attempt()
  } catch (error) {
    // A RangeError is V8's word for a value nested too deep or a string too long to build.
    const problem =
      error instanceof RangeError ? new Problem('the expression is too deep or its result too long') : error
    if (!(problem instanceof Problem)) throw error
    const where = formatPosition(positionOf(source, at, problem.offset ?? 0))
    throw new UserError({ where, why: problem.why, hint: problem.hint, cause: error })
  }
}

function positionOf(source: string, at: Position, offset: number): Position {
  const lines = source.slice(0, offset).split('\n')
  const last = lines.at(-1) ?? ''
  if (lines.length === 1) return { ...at, column: at.column + last.length }
  return { ...at, line: at.line + lines.length - 1, column: last.length + 1 }
}
