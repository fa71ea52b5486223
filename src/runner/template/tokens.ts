import type { Lexeme } from './lex.ts'
import { Problem } from './problem.ts'
import { rewriteStatements } from './statement_tokens.ts'

/** What @huggingface/jinja's parser reads, with what it does not know of: the place. */
export interface Token {
  readonly type: string
  readonly value: string
  readonly text: string
  readonly offset: number
  readonly depth: number
  /** It may stand behind an operand: the macro of `{% call(x) rows(xs) %}`. */
  readonly mayFollow?: true
}

/**
 * The lexemes as @huggingface/jinja's `parse` takes them (0.5.11, src/parser.ts). What it lacks is put into
 * the tokens, where Jinja2 itself has it in the grammar:
 * - its nodes have no place: a name's offset travels in its text, `name@12`;
 * - a test takes no arguments: `x is match('a')` goes in as the filter `x | is match('a')`, which has the same
 *   precedence in Jinja2 (jinja2/parser.py, parse_filter_expr), and `x is divisibleby 3` gets its parentheses;
 * - `not in` is one comparison operator, so that a chain of comparisons can be told from its brackets;
 * - `[1 2]` is read as `[1, 2]`: refused here;
 * - the statements it does not know are put in the words of those that it does: statement_tokens.ts.
 */
export function toTokens(lexemes: readonly Lexeme[]): readonly Token[] {
  const tokens: Token[] = []
  const reader = { lexemes, at: 0, tokens, tuples: tuplesIn(lexemes) }
  while (reader.at < lexemes.length) readToken(reader)
  const rewritten = rewriteStatements(tokens)
  for (const [i, token] of rewritten.entries()) refuseNeighbours(rewritten[i - 1], token)
  return rewritten
}

/** `()` and `(1,)`, which the parser does not know, are calls of it. */
export const TUPLE = '()'

/** The opening brackets of such tuples. */
function tuplesIn(lexemes: readonly Lexeme[]): ReadonlySet<Lexeme> {
  const open: { readonly lexeme: Lexeme; readonly isGroup: boolean }[] = []
  const found = new Set<Lexeme>()
  for (const [i, lexeme] of lexemes.entries()) {
    if (lexeme.kind !== 'operator') continue
    const previous = lexemes[i - 1]
    if ('([{'.includes(lexeme.text))
      open.push({ lexeme, isGroup: lexeme.text === '(' && !endsOperand(previous) })
    if (!')]}'.includes(lexeme.text)) continue
    const opening = open.pop()
    const isTuple = previous?.kind === 'operator' && (previous.text === ',' || previous === opening?.lexeme)
    if (opening?.isGroup && isTuple) found.add(opening.lexeme)
  }
  return found
}

function endsOperand(lexeme: Lexeme | undefined): boolean {
  if (lexeme?.kind === 'word') return !KEYWORDS.includes(lexeme.text)
  if (lexeme?.kind === 'operator') return ')]}'.includes(lexeme.text)
  return lexeme?.kind === 'number' || lexeme?.kind === 'string'
}

interface Reader {
  readonly lexemes: readonly Lexeme[]
  readonly tokens: Token[]
  readonly tuples: ReadonlySet<Lexeme>
  at: number
}

function readToken(reader: Reader): void {
  const [previous, lexeme, next] = [-1, 0, 1].map(step => reader.lexemes[reader.at + step])
  if (!lexeme) return
  const isAttribute = previous?.text === '.' && previous.kind === 'operator'
  if (isWord(lexeme, 'is') && !isAttribute) {
    readTest(reader, lexeme)
  } else if (isWord(lexeme, 'not') && isWord(next, 'in') && !isAttribute) {
    reader.at += 2
    reader.tokens.push({ ...lexeme, text: 'not in', type: 'ComparisonBinaryOperator', value: 'not in' })
  } else {
    reader.at += 1
    if (reader.tuples.has(lexeme))
      reader.tokens.push({ ...lexeme, type: 'Identifier', value: `${TUPLE}@${lexeme.offset}` })
    reader.tokens.push(toToken(lexeme, isAttribute, previous?.kind === 'open' && previous.text === '{%'))
    if (lexeme.kind === 'operator' && lexeme.text === '|') skipCollection(reader)
  }
}

function readTest(reader: Reader, is: Lexeme): void {
  reader.at += 1
  const negated = isWord(reader.lexemes[reader.at], 'not')
  if (negated) reader.at += 1
  skipCollection(reader)
  const name = reader.lexemes[reader.at]
  if (name?.kind !== 'word')
    throw new Problem('the name of a test is missing after "is"', undefined, is.offset)
  reader.at += 1
  const test = `${negated ? 'is not' : 'is'} ${name.text}`
  reader.tokens.push({ ...is, type: 'Pipe', value: '|' })
  reader.tokens.push({ ...name, type: 'Identifier', value: `${test}@${name.offset}` })
  if (startsArgument(reader.lexemes[reader.at])) readBareArgument(reader, name)
}

/** `x is divisibleby 3`, `x is in groups['all']`: a name or literal and what hangs on it. */
function readBareArgument(reader: Reader, test: Lexeme): void {
  reader.tokens.push({ ...test, type: 'OpenParen', value: '(' })
  do {
    const lexeme = reader.lexemes[reader.at]
    if (!lexeme || lexeme.kind === 'close') break
    readToken(reader)
    if ('([{'.includes(lexeme.text) && lexeme.kind === 'operator') readThrough(reader, lexeme.depth)
  } while (hangsOn(reader.lexemes[reader.at - 1], reader.lexemes[reader.at]))
  reader.tokens.push({ ...test, type: 'CloseParen', value: ')' })
}

/** To the bracket that closes this depth. */
function readThrough(reader: Reader, depth: number): void {
  for (
    let lexeme = reader.lexemes[reader.at];
    lexeme && lexeme.kind !== 'close';
    lexeme = reader.lexemes[reader.at]
  ) {
    readToken(reader)
    if (lexeme.depth === depth + 1 && lexeme.kind === 'operator' && ')]}'.includes(lexeme.text)) return
  }
}

function hangsOn(previous: Lexeme | undefined, next: Lexeme | undefined): boolean {
  if (previous?.kind === 'operator' && previous.text === '.')
    return next?.kind === 'word' || next?.kind === 'number'
  return next?.kind === 'operator' && ['.', '[', '('].includes(next.text)
}

function startsArgument(lexeme: Lexeme | undefined): boolean {
  if (lexeme?.kind === 'word') return !KEYWORDS.includes(lexeme.text)
  return (
    lexeme?.kind === 'number' ||
    lexeme?.kind === 'string' ||
    (lexeme?.kind === 'operator' && '[{'.includes(lexeme.text))
  )
}

/** `x | ansible.builtin.combine(y)` is `x | combine(y)`. */
function skipCollection(reader: Reader): void {
  const texts = reader.lexemes.slice(reader.at, reader.at + 4).map(lexeme => lexeme.text)
  if (/^ansible\.(?:builtin|legacy)\.$/.test(texts.join(''))) reader.at += 4
}

const KEYWORDS = ['and', 'or', 'not', 'in', 'is', 'if', 'else']

const OPERATOR_TYPES: Readonly<Record<string, string>> = {
  '(': 'OpenParen',
  ')': 'CloseParen',
  '[': 'OpenSquareBracket',
  ']': 'CloseSquareBracket',
  '{': 'OpenCurlyBracket',
  '}': 'CloseCurlyBracket',
  ',': 'Comma',
  '.': 'Dot',
  ':': 'Colon',
  '|': 'Pipe',
  '=': 'Equals',
  '+': 'AdditiveBinaryOperator',
  '-': 'AdditiveBinaryOperator',
  '~': 'AdditiveBinaryOperator',
  '*': 'MultiplicativeBinaryOperator',
  '/': 'MultiplicativeBinaryOperator',
  '//': 'MultiplicativeBinaryOperator',
  '%': 'MultiplicativeBinaryOperator',
  '**': 'ExponentiationBinaryOperator',
}

function toToken(lexeme: Lexeme, attribute: boolean, opensStatement: boolean): Token {
  const { kind, text, offset } = lexeme
  const isKeyword = opensStatement || (KEYWORDS.includes(text) && !attribute)
  const types = {
    text: 'Text',
    open: text === '{{' ? 'OpenExpression' : 'OpenStatement',
    close: text === '}}' ? 'CloseExpression' : 'CloseStatement',
    number: 'NumericLiteral',
    string: 'StringLiteral',
    word: 'Identifier',
    operator: OPERATOR_TYPES[text] ?? 'ComparisonBinaryOperator',
  }
  const values = { number: numeral(text), word: isKeyword ? text : `${text}@${offset}` }
  return { ...lexeme, type: types[kind], value: kind === 'number' || kind === 'word' ? values[kind] : text }
}

/** The parser tells a float by its point. */
function numeral(text: string): string {
  const digits = text.replaceAll('_', '')
  return /^\d+e/i.test(digits) ? digits.replace(/e/i, '.0e') : digits
}

const OPERAND_ENDS = [
  'NumericLiteral',
  'StringLiteral',
  'CloseParen',
  'CloseSquareBracket',
  'CloseCurlyBracket',
]
const OPERAND_STARTS = ['NumericLiteral', 'StringLiteral', 'OpenCurlyBracket']

function refuseNeighbours(left: Token | undefined, right: Token): void {
  const ends = left && (OPERAND_ENDS.includes(left.type) || isName(left))
  const starts = OPERAND_STARTS.includes(right.type) || isName(right) || isKeyword(right, 'not')
  const joined = left?.type === 'StringLiteral' && right.type === 'StringLiteral'
  if (!ends || !starts || joined || right.mayFollow) return
  throw new Problem(
    `unexpected "${right.text}" after "${left.text}"`,
    'a comma or an operator may be missing',
    right.offset,
  )
}

const isName = (token: Token): boolean => token.type === 'Identifier' && token.value.includes('@')
const isKeyword = (token: Token, word: string): boolean => token.type === 'Identifier' && token.value === word
const isWord = (lexeme: Lexeme | undefined, word: string): boolean =>
  lexeme?.kind === 'word' && lexeme.text === word
