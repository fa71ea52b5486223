export interface Word {
  readonly text: string
  /** Of its first character in the line. */
  readonly offset: number
}

type Words =
  | { readonly words: readonly Word[]; readonly why?: undefined }
  | { readonly words: readonly Word[]; readonly why: string }

/**
 * The words of a host's line, as Python's shlex.split(line, comments=True) has them: quotes of both kinds, a backslash
 * keeps what follows it, and `#` ends the line, also within a word.
 */
export function splitHostLine(line: string): Words {
  const words: Word[] = []
  let word: Word | undefined
  for (const { index, groups = {} } of line.matchAll(PIECE)) {
    const { gap, single, double, escaped, plain, stray, comment } = groups
    if (comment !== undefined) break
    if (stray !== undefined) return { words, why: `${stray} at column ${index + 1} has no pair` }
    if (gap === undefined) {
      const text = single ?? double?.replace(/\\(["\\])/g, '$1') ?? escaped ?? plain ?? ''
      word = { text: (word?.text ?? '') + text, offset: word?.offset ?? index }
      continue
    }
    if (word) words.push(word)
    word = undefined
  }
  return { words: word ? [...words, word] : words }
}

const PIECE =
  /(?<gap>\s+)|(?<comment>#)|'(?<single>[^']*)'|"(?<double>(?:\\[\s\S]|[^"\\])*)"|\\(?<escaped>[\s\S])|(?<plain>[^\s'"\\#]+)|(?<stray>[\s\S])/g
