/** A plain string in place of a task's arguments: `make -j 4 chdir=/src creates="/opt/x y"`. */
export interface FreeForm {
  /** What is left of the string, blanks and newlines as they are written. */
  readonly text: string
  readonly options: readonly FreeFormOption[]
}

export interface FreeFormOption {
  readonly name: string
  /** Without the quotes around it. */
  readonly value: string
  /** Of the name in the string. */
  readonly offset: number
}

/**
 * Takes NAME=VALUE words out of a string before its templates are rendered, so that no value can become an option
 * (lib/ansible/parsing/splitter.py). `names`: those that count; undefined: any.
 */
export function readFreeForm(source: string, names?: readonly string[]): FreeForm {
  const options: FreeFormOption[] = []
  let text = ''
  let kept = 0
  for (const { start, end } of wordsIn(source)) {
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(source.slice(start, end)) ?? []
    if (name === undefined || names?.includes(name) === false) continue
    options.push({ name, value: unquoted(value), offset: start })
    text += source.slice(kept, start)
    kept = end
  }
  text += source.slice(kept)
  return { text: options.length > 0 ? text.trim() : text, options }
}

/** Words between blanks; quotes and templates keep theirs together. An open one goes to the end. */
function wordsIn(source: string): { start: number; end: number }[] {
  const words: { start: number; end: number }[] = []
  let start: number | undefined
  let quote = ''
  let template = ''
  for (let at = 0; at < source.length; at++) {
    const character = source.charAt(at)
    const two = source.slice(at, at + 2)
    const isInside = quote !== '' || template !== ''
    if (!isInside && /\s/.test(character)) {
      if (start !== undefined) words.push({ start, end: at })
      start = undefined
      continue
    }
    start ??= at
    if (template !== '') {
      if (two === template) {
        template = ''
        at++
      }
    } else if (TEMPLATE_ENDS.has(two)) {
      template = TEMPLATE_ENDS.get(two) ?? ''
      at++
    } else if (character === '\\') at++
    else if (character === quote) quote = ''
    else if (quote === '' && (character === '"' || character === "'")) quote = character
  }
  return start === undefined ? words : [...words, { start, end: source.length }]
}

const TEMPLATE_ENDS: ReadonlyMap<string, string> = new Map([
  ['{{', '}}'],
  ['{%', '%}'],
  ['{#', '#}'],
])

/** Of quotes around the whole only. */
function unquoted(value: string): string {
  const quote = value.charAt(0)
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)
  return isQuoted && value.charAt(value.length - 2) !== '\\' ? value.slice(1, -1) : value
}
