export interface Place {
  /** Where the text begins. */
  readonly column: number
  /** Of the lines that follow. */
  readonly indent: number
  /** A key stands on one line. */
  readonly isKey: boolean
}

/**
 * A string in YAML 1.1 as PyYAML writes it by way of libyaml: plain, or in single quotes, or, where a character needs an
 * escape, in double ones; folded behind column 80 (yaml/libyaml, src/emitter.c, yaml_emitter_analyze_scalar).
 */
export function yamlText(text: string, place: Place): string {
  const signs = signsOf(text)
  if (signs.mayBePlain && !RESOLVED.test(text)) return folded(text, place, text => text)
  const isOneLine = !text.includes('\n')
  if (signs.mayBeSingle && (isOneLine || !place.isKey))
    return `'${folded(text.replaceAll("'", "''"), { ...place, column: place.column + 1 }, quotedBreaks)}'`
  return doubleQuoted(text, place)
}

/** What a reader of YAML 1.1 takes for a number, a truth, a date or nothing. */
const RESOLVED = new RegExp(
  `^(?:${[
    'yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF',
    String.raw`[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?`,
    String.raw`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)`,
    '[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+',
    '[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+|<<|=|~|null|Null|NULL|',
    '[0-9]{4}-[0-9]{2}-[0-9]{2}',
    String.raw`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?`,
  ].join('|')})$`,
)

function signsOf(text: string): { readonly mayBePlain: boolean; readonly mayBeSingle: boolean } {
  const hasIndicator =
    /^(?:---|\.\.\.)|^[#,[\]{}&*!|>'"%@`]|^[?:-](?:[\s\u0085\u2028\u2029]|$)|:(?:[\s\u0085\u2028\u2029]|$)|[\s\u0085\u2028\u2029]#/u.test(
      text,
    )
  const isSpecial = / [\n\u0085\u2028\u2029]|[^\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufffd]|\ufeff/u.test(
    text,
  )
  const hasOddBreak = /[\n\u0085\u2028\u2029] /.test(text)
  const hasEdge = /^[ \n]|[ \n]$/.test(text)
  return {
    mayBePlain: !hasIndicator && !isSpecial && !hasEdge && !/[\n\u0085\u2028\u2029]/.test(text),
    mayBeSingle: !isSpecial && !hasOddBreak,
  }
}

/** A line feed within quotes is an empty line. */
const quotedBreaks = (breaks: string, indent: string): string => `\n${breaks}${indent}`

/** A new line takes the place of a single space where the text has passed column 80. */
function folded(
  text: string,
  { column, indent, isKey }: Place,
  breaks: (text: string, indent: string) => string,
): string {
  let at = column
  let out = ''
  const pieces = text.match(/ +|\n+|[^ \n]+/g) ?? []
  for (const [index, piece] of pieces.entries()) {
    const isEdge = index === 0 || index === pieces.length - 1
    if (piece.startsWith('\n')) {
      out += breaks(piece, ' '.repeat(indent))
      at = indent
    } else if (piece === ' ' && at > WIDTH && !isKey && !isEdge) {
      out += `\n${' '.repeat(indent)}`
      at = indent
    } else {
      out += piece
      at += [...piece].length
    }
  }
  return out
}

const WIDTH = 80

const ESCAPES: Readonly<Record<string, string>> = {
  ...{
    '\0': '0',
    '\x07': 'a',
    '\b': 'b',
    '\t': 't',
    '\n': 'n',
    '\v': 'v',
    '\f': 'f',
    '\r': 'r',
    '\x1b': 'e',
  },
  ...{ '"': '"', '\\': '\\', '\x85': 'N', '\u2028': 'L', '\u2029': 'P' },
}

/** A line that would begin with a space begins with a backslash. */
function doubleQuoted(text: string, { column, indent, isKey }: Place): string {
  const signs = [...text]
  let out = '"'
  let at = column + 1
  for (const [index, sign] of signs.entries()) {
    const isInside = index > 0 && index < signs.length - 1
    const isLone = sign === ' ' && signs[index - 1] !== ' '
    if (isLone && isInside && at > WIDTH && !isKey) {
      const start = signs[index + 1] === ' ' ? '\\' : ''
      out += `\n${' '.repeat(indent)}${start}`
      at = indent + start.length
      continue
    }
    const written = escapeOf(sign) ?? sign
    out += written
    at += written.length
  }
  return `${out}"`
}

function escapeOf(sign: string): string | undefined {
  const short = ESCAPES[sign]
  if (short !== undefined) return `\\${short}`
  const code = sign.codePointAt(0) ?? 0
  const isPlain = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xfffd && code !== 0xfeff)
  if (isPlain) return undefined
  const hex = code.toString(16).toUpperCase()
  if (code > 0xffff) return `\\U${hex.padStart(8, '0')}`
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}
