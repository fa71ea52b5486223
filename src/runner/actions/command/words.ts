/**
 * A command line taken apart at its blanks, as Python's shlex.split() does: quotes keep words together, a backslash the
 * next character. A string is what is wrong.
 */
export function splitWords(line: string): readonly string[] | string {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (BLANK.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (character === '\\') {
      at++
      if (at === line.length) return 'ends in a backslash'
      word = (word ?? '') + line.charAt(at)
    } else if (character === "'" || character === '"') {
      const quoted = readQuoted(line, at)
      if (quoted === undefined) return `the quote ${character} is not closed`
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else word = (word ?? '') + character
  }
  return word === undefined ? words : [...words, word]
}

const BLANK = /[ \t\r\n]/

/** Within double quotes a backslash only escapes them and itself. `end`: of the closing quote. */
function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line.charAt(start)
  let text = ''
  for (let at = start + 1; at < line.length; at++) {
    const character = line.charAt(at)
    if (character === quote) return { text, end: at }
    const next = line.charAt(at + 1)
    const isEscape = quote === '"' && character === '\\' && (next === '"' || next === '\\')
    text += isEscape ? next : character
    if (isEscape) at++
  }
  return undefined
}
