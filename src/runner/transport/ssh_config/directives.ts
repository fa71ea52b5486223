import { formatPosition, type Position, UserError } from '../../../errors.ts'

/** The lines of an ssh_config file that say something, as readconf.c of OpenSSH takes them apart. */
export const readDirectives = (file: string, text: string): readonly Directive[] =>
  text.split('\n').flatMap((content, index) => readDirective(content, { file, line: index + 1 }) ?? [])

export interface Directive {
  /** In lower case: ssh_config(5) tells keywords apart without regard to case. */
  readonly keyword: string
  /** Without their quotes; undefined: a quote is not closed. */
  readonly words: readonly string[] | undefined
  /** All behind the keyword as it is written: what commands are made of. */
  readonly rest: string
  readonly at: Position
}

/** One `Keyword value` or `Keyword=value`, also that of -o. */
export function readDirective(
  content: string,
  at: Pick<Position, 'file' | 'line'> & { readonly column?: number },
): Directive | undefined {
  const [, blank = '', keyword, rest = ''] = /^(\s*)([^\s=#]+)(?:\s*=\s*|\s+|$)(.*)$/s.exec(content) ?? []
  if (keyword === undefined) return undefined
  const trimmed = rest.trimEnd()
  return {
    keyword: keyword.toLowerCase(),
    words: splitWords(trimmed, { comments: true }),
    rest: trimmed,
    at: { column: blank.length + 1, ...at },
  }
}

/**
 * Words at blanks; quotes of both kinds hold one together, and a backslash takes the meaning of a quote, a blank or
 * a backslash only (OpenSSH's misc.c, argv_split). undefined where a quote is not closed.
 */
export function splitWords(text: string, { comments = false } = {}): readonly string[] | undefined {
  const words: string[] = []
  let [word, quote]: [string | undefined, string] = [undefined, '']
  for (let index = 0; index < text.length; index++) {
    const [here = '', next = ''] = [text[index], text[index + 1]]
    const isBlank = quote === '' && /\s/.test(here)
    if (isBlank) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (comments && word === undefined && here === '#') break
    else if (here === '\\' && isEscaped(next, quote)) {
      word = (word ?? '') + next
      index++
    } else if (quote === '' && /["']/.test(here)) {
      quote = here
      word ??= ''
    } else if (here === quote) quote = ''
    else word = (word ?? '') + here
  }
  if (quote !== '') return undefined
  return word === undefined ? words : [...words, word]
}

const isEscaped = (letter: string, quote: string): boolean =>
  ['"', "'", '\\'].includes(letter) || (quote === '' && letter === ' ')

/** Throws UserError where they cannot be told apart. */
export function wordsOf({ words, at }: Directive): readonly string[] {
  if (words === undefined) throw mistake(at, 'a quote is not closed')
  return words
}

export const mistake = (at: Position, why: string): UserError =>
  new UserError({ where: formatPosition(at), why })
