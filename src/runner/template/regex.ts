import { createContext, Script } from 'node:vm'
import { asString } from './coerce.ts'
import { Problem } from './problem.ts'
import { type Dict, type Item, isTruthy } from './values.ts'

/** Python's regular expressions (library/re), as JavaScript spells them. */
export function toRegExp(pattern: Item | undefined, flags: string, args: Dict): RegExp {
  const text = asString(pattern)
  const inline = /^\(\?(?<flags>[aiLmsux]+)\)/.exec(text)
  const given = inline?.groups?.flags ?? ''
  if (given.includes('x'))
    throw new Problem(
      'a regular expression with (?x) is not available',
      'write it without blanks and remarks',
    )
  const all = new Set([...flags, ...[...given].filter(flag => 'ims'.includes(flag))])
  if (isTruthy(args.ignorecase ?? false)) all.add('i')
  if (isTruthy(args.multiline ?? false)) all.add('m')
  const body = translate(text.slice(inline?.[0].length ?? 0), all.has('m'))
  try {
    return new RegExp(body, [...all].join(''))
  } catch (error) {
    throw new Problem(`"${text}" is no regular expression: ${error instanceof Error ? error.message : ''}`)
  }
}

/** One piece of a pattern after the other: an escape, a set, a group's head, or a character. */
const PIECE = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?P<|\(\?P=\w+\)|\(\?#[^)]*\)|\{,(?=\d+\})|\$|./gs

function translate(pattern: string, isMultiline: boolean): string {
  return pattern.replace(PIECE, piece => {
    if (piece.startsWith('[')) return translateSet(piece)
    if (piece.startsWith('(?P=')) return `\\k<${piece.slice(4, -1)}>`
    if (piece.startsWith('(?#')) return ''
    // Without the m flag Python's `$` also stands before the newline that ends the text.
    if (piece === '$') return isMultiline ? '$' : '(?=\\n?(?![\\s\\S]))'
    return PIECES[piece] ?? piece
  })
}

const PIECES: Readonly<Record<string, string>> = {
  '\\A': '(?<![\\s\\S])',
  '\\Z': '(?![\\s\\S])',
  '\\a': '\\x07',
  '(?P<': '(?<',
  '{,': '{0,',
}

/** A `]` that comes first is a character of the set. */
function translateSet(set: string): string {
  const [, head = '', first = '', rest = ''] = /^(\[\^?)(\]?)([\s\S]*)$/.exec(set) ?? []
  return head + (first === '' ? '' : '\\]') + rest
}

const SANDBOX = createContext({})
const CALL = new Script('run()')
const TIME_LIMIT = 1000

/**
 * The same, given up after a second: a pattern such as `(a+)+$` takes for ever on some texts. Only where the
 * pattern can go back and forth and the text is long enough for that to matter, as the limit has its price.
 */
export function withinTime<T>(pattern: RegExp, text: string, match: () => T): T {
  const repeats = pattern.source.match(/[*+}]/g)?.length ?? 0
  if (repeats < 2 || text.length < 20) return match()
  let result: (() => T) | undefined
  SANDBOX.run = () => {
    result = settled(match)
  }
  try {
    CALL.runInContext(SANDBOX, { timeout: TIME_LIMIT })
  } catch {
    throw new Problem(
      'the regular expression takes too long on this text',
      'avoid a repetition in a repetition',
    )
  }
  if (result === undefined) throw new Problem('the regular expression gave no answer')
  return result()
}

/** What was answered or thrown, to be told outside the time limit. */
function settled<T>(attempt: () => T): () => T {
  try {
    const value = attempt()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
