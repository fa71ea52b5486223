import { didYouMean } from '../../nearest.ts'
import { Problem } from './problem.ts'
import type { Token } from './tokens.ts'

/**
 * Statements that @huggingface/jinja 0.5.11 cannot parse, in the words of those that it can; parse.ts reads them back:
 * `{% with a = 1 %}` is a call block, `{% filter upper | trim %}` a set block with filters, and of
 * `{% for x in xs recursive %}` the last word hangs on the name of the loop variable. The statements that
 * playbooks and their templates do without are refused by name.
 */
export function rewriteStatements(tokens: readonly Token[]): readonly Token[] {
  const rewritten: Token[] = []
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at]
    if (!token) break
    const word = token.type === 'OpenStatement' ? tokens[at + 1] : undefined
    if (!word) {
      rewritten.push(token)
      at += 1
      continue
    }
    const end = closeAfter(tokens, at)
    rewritten.push(token, ...rewriteStatement(word, tokens.slice(at + 2, end)))
    at = end
  }
  return rewritten
}

/** The callee of the call block that a `{% with %}` becomes, and the target of a `{% filter %}`'s set block. */
export const WITH = '{with}'
export const FILTERED = '{filter}'

function rewriteStatement(word: Token, rest: readonly Token[]): readonly Token[] {
  const named = (value: string): Token => ({ ...word, value })
  switch (word.value) {
    case 'with':
      return [named('call'), named(`${WITH}@${word.offset}`), bracket(word, '('), ...rest, bracket(word, ')')]
    case 'endwith':
      return [named('endcall'), ...rest]
    case 'filter':
      return [
        named('set'),
        named(`${FILTERED}@${word.offset}`),
        { ...word, type: 'Pipe', value: '|' },
        ...rest,
      ]
    case 'endfilter':
      return [named('endset'), ...rest]
    case 'for':
      return [word, ...markRecursive(rest)]
    case 'call':
      return [word, ...markMacro(rest)]
    default:
      if (!KNOWN.includes(word.value)) throw refusal(word)
      return [word, ...rest]
  }
}

function closeAfter(tokens: readonly Token[], at: number): number {
  let end = at
  while (end < tokens.length && tokens[end]?.type !== 'CloseStatement') end += 1
  return end
}

const bracket = (at: Token, text: '(' | ')'): Token => ({
  ...at,
  type: text === '(' ? 'OpenParen' : 'CloseParen',
  value: text,
})

function markRecursive(rest: readonly Token[]): readonly Token[] {
  const last = rest.at(-1)
  const before = rest.at(-2)
  const isMark = last?.text === 'recursive' && last.type === 'Identifier' && before?.text !== 'in'
  if (!isMark || before?.type === 'Dot') return rest
  const variable = rest.findIndex(token => token.type === 'Identifier')
  return rest
    .slice(0, -1)
    .map((token, i) => (i === variable ? { ...token, value: `${token.value}@recursive` } : token))
}

/** The name behind the bracket that closes the block's own parameters. */
function markMacro(rest: readonly Token[]): readonly Token[] {
  if (rest[0]?.type !== 'OpenParen') return rest
  const depth = rest[0].depth
  const close = rest.findIndex(token => token.type === 'CloseParen' && token.depth === depth + 1)
  return rest.map((token, i) => (i === close + 1 ? { ...token, mayFollow: true } : token))
}

const KNOWN = [
  'if',
  'elif',
  'else',
  'endif',
  'endfor',
  'set',
  'endset',
  'macro',
  'endmacro',
  'call',
  'endcall',
]
const ALL = [...KNOWN, 'for', 'with', 'endwith', 'filter', 'endfilter', 'raw', 'endraw']

const REFUSED: Readonly<Record<string, string>> = {
  include: 'a template stands alone here: write its text where it belongs',
  import: 'write the macro into the template that uses it',
  from: 'write the macro into the template that uses it',
  extends: 'a template stands alone here: write the whole text',
  block: 'a template stands alone here: write the text without the block',
  do: 'use {% set x = … %}',
  break: 'filter the items: {% for x in xs if … %}',
  continue: 'filter the items: {% for x in xs if … %}',
  autoescape: 'nothing is escaped here: use | escape where it is needed',
  trans: 'write the text itself',
}

function refusal(word: Token): Problem {
  const hint = Object.hasOwn(REFUSED, word.text) ? REFUSED[word.text] : undefined
  return hint === undefined
    ? new Problem(`there is no statement "${word.text}"`, didYouMean(word.text, ALL), word.offset)
    : new Problem(`{% ${word.text} %} is not available`, hint, word.offset)
}
