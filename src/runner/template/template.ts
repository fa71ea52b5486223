import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Block } from './ast.ts'
import { type Lexeme, lexExpression, lexTemplate } from './lex.ts'
import type { Lookups } from './lookups.ts'
import { type Name, namesIn } from './names.ts'
import { parseTokens } from './parse.ts'
import { Problem } from './problem.ts'
import { renderBlock, renderExpression, renderFile } from './render.ts'
import { readHeader } from './template_header.ts'
import { toTokens } from './tokens.ts'
import { isTruthy as isTruthyItem } from './values.ts'

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

/** What templates may read beside their variables. */
export interface TemplateOptions {
  /** Lookups that read something outside, by name: `env`. Without them they are refused. */
  readonly lookups?: Lookups
}

/** `at` is where the text's first character stands. Throws UserError at the syntax error, or at a filter nobody knows. */
export function parseTemplate(source: string, at: Position, options: TemplateOptions = {}): Template {
  const layout = { trimBlocks: true, lstripBlocks: false, plainBackslashes: true }
  const form = { lex: (text: string) => lexTemplate(text, layout), render: renderBlock }
  return toTemplate(source, at, options, withLastNewlines(form))
}

/** A bare expression, as `when:` has it; render answers its value. Throws as parseTemplate does. */
export function parseExpression(source: string, at: Position, options: TemplateOptions = {}): Template {
  return toTemplate(source, at, options, { lex: lexCondition, render: renderExpression })
}

/**
 * The text of a template file; render answers a string, and a last newline stays. The file may start with
 * `#jinja2: trim_blocks: False, lstrip_blocks: True`, which is no part of it.
 */
export function parseTemplateFile(source: string, at: Position, options: TemplateOptions = {}): Template {
  const { header, layout } = asUserError(source, at, () => readHeader(source))
  const start = header === '' ? at : { ...at, line: at.line + 1, column: 1 }
  const form = { lex: (text: string) => lexTemplate(text, layout), render: renderFile }
  return toTemplate(source.slice(header.length), start, options, withLastNewlines(form))
}

/** Whether a text needs parseTemplate at all. */
export const hasTemplate = (text: string): boolean => /\{[{%]/.test(text)

export { isOmitted, OMIT } from './values.ts'
export const isTruthy: (value: Value) => boolean = isTruthyItem

function lexCondition(source: string): readonly Lexeme[] {
  if (/^\s*\{\{/.test(source))
    throw new Problem('a condition is an expression already', 'write it without {{ }}')
  return lexExpression(source)
}

interface Form {
  lex(source: string): readonly Lexeme[]
  render(block: Block, scope: Scope, lookups: Lookups, source: string): Value
}

function toTemplate(source: string, at: Position, options: TemplateOptions, form: Form): Template {
  const { block, names } = asUserError(source, at, () => {
    const block = parseTokens(toTokens(form.lex(source)))
    return { block, names: namesIn(block) }
  })
  const { lookups = {} } = options
  return {
    source,
    at,
    names,
    render: scope => asUserError(source, at, () => form.render(block, scope, lookups, source)),
  }
}

/** Jinja2 drops the newline that ends a text; Ansible puts as many newlines to a result as the text had (do_template). */
function withLastNewlines(form: Form): Form {
  return {
    lex: source => form.lex(source.replace(/\n$/, '')),
    render(block, scope, lookups, source) {
      const value = form.render(block, scope, lookups, source)
      const wanted = newlinesEnding(source)
      if (wanted === 0 || (typeof value !== 'string' && value !== null)) return value
      const text = value ?? ''
      return text + '\n'.repeat(Math.max(0, wanted - newlinesEnding(text)))
    },
  }
}

const newlinesEnding = (text: string): number => text.length - text.replace(/\n+$/, '').length

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
