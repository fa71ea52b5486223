import { checkedCharacters } from '../coerce.ts'
import { plainNumber } from '../compare.ts'
import { Problem } from '../problem.ts'
import { floatText } from '../python_text.ts'
import { type Dict, type Item, isDict, isFloat, isList, isNumeric, type List, present } from '../values.ts'
import { scalarStyle } from './yaml_scalar.ts'

export interface YamlLayout {
  readonly indent: number
  readonly width: number
  readonly sortKeys: boolean
  /** Undefined: what holds only scalars stands on one line. */
  readonly flow: boolean | undefined
}

/** As PyYAML lays a document out over libyaml, which Ansible uses where it is there (emitter.c). */
export function toYaml(item: Item, layout: YamlLayout): string {
  const emitter = new Emitter(layout)
  emitter.node(item, undefined, {})
  return emitter.end()
}

interface Context {
  /** It is the value of a key: a list's dashes then stand under the key. */
  readonly isValue?: boolean
}

class Emitter {
  readonly #layout: YamlLayout
  #text = ''
  #column = 0
  /** Only blanks and dashes stand before on this line. */
  #isIndention = true
  #isWhitespace = true
  #flowLevel = 0

  constructor(layout: YamlLayout) {
    this.#layout = layout
  }

  end(): string {
    return `${this.#text}\n`
  }

  /** `indent` undefined: nothing stands around it. */
  node(item: Item, indent: number | undefined, context: Context): void {
    const value = present(item)
    if (isList(value)) this.#list(value, indent, context)
    else if (isDict(value)) this.#dict(value, indent)
    else this.#scalar(scalarText(value), typeof value === 'string', this.#step(indent), false)
  }

  #step(indent: number | undefined, isFlow = true): number {
    if (indent === undefined) return isFlow ? this.#layout.indent : 0
    return indent + this.#layout.indent
  }

  #isFlow(children: List): boolean {
    if (this.#flowLevel > 0 || children.length === 0) return true
    return this.#layout.flow ?? children.every(child => !isList(child) && !isDict(child))
  }

  #list(list: List, indent: number | undefined, { isValue = false }: Context): void {
    if (this.#isFlow(list)) {
      const inner = this.#step(indent)
      this.#inFlow('[', ']', list, inner, each => this.node(each, inner, {}))
      return
    }
    const inner = isValue && !this.#isIndention ? (indent ?? 0) : this.#step(indent, false)
    for (const each of list) {
      this.#writeIndent(inner)
      this.#indicator('-', true, true)
      this.node(each, inner, {})
    }
  }

  #dict(dict: Dict, indent: number | undefined): void {
    const keys = Object.keys(dict)
    if (this.#layout.sortKeys) keys.sort()
    if (this.#isFlow(Object.values(dict))) {
      const inner = this.#step(indent)
      this.#inFlow('{', '}', keys, inner, key => this.#pair(String(key), dict, inner))
      return
    }
    const inner = this.#step(indent, false)
    for (const key of keys) {
      this.#writeIndent(inner)
      this.#pair(key, dict, inner)
    }
  }

  #pair(key: string, dict: Dict, indent: number): void {
    const value = dict[key] ?? null
    if (key.length < 128 && !key.includes('\n')) {
      this.#scalar(key, true, this.#step(indent), true)
      this.#indicator(':', false)
    } else {
      this.#indicator('?', true, true)
      this.#scalar(key, true, this.#step(indent), false)
      if (this.#flowLevel === 0) this.#writeIndent(indent)
      this.#indicator(':', true, true)
    }
    this.node(value, indent, { isValue: true })
  }

  #inFlow(open: string, close: string, items: List, indent: number, write: (item: Item) => void): void {
    this.#indicator(open, true, false, true)
    this.#flowLevel += 1
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#indicator(',', false)
      if (this.#column > this.#layout.width) this.#writeIndent(indent)
      write(item)
    }
    this.#flowLevel -= 1
    this.#indicator(close, false)
  }

  #scalar(text: string, isText: boolean, indent: number, isKey: boolean): void {
    const style = scalarStyle(text, isText, this.#flowLevel > 0, isKey)
    if (!this.#isWhitespace) this.#write(' ')
    if (style === 'plain') this.#folded(text, indent, !isKey)
    if (style === 'single') this.#single(text, indent, !isKey)
    if (style === 'double') this.#double(text, indent, !isKey)
    this.#isWhitespace = false
    this.#isIndention = false
  }

  /** Breaks at the first single blank behind the width. */
  #folded(text: string, indent: number, splits: boolean): void {
    for (const part of text.match(/ +|[^ ]+/g) ?? []) {
      if (part === ' ' && splits && this.#column > this.#layout.width) this.#writeIndent(indent)
      else this.#write(part)
    }
  }

  #single(text: string, indent: number, splits: boolean): void {
    this.#write("'")
    const parts = text.match(/ +|[\n\x85\u2028\u2029]+|[^ \n\x85\u2028\u2029]+/g) ?? []
    for (const [i, part] of parts.entries()) {
      const isInside = i > 0 && i < parts.length - 1
      if (/^[\n\x85\u2028\u2029]/.test(part)) {
        if (part.startsWith('\n')) this.#lineBreak('\n')
        for (const each of part) this.#lineBreak(each)
        this.#writeIndent(indent)
      } else if (part === ' ' && splits && isInside && this.#column > this.#layout.width) {
        this.#writeIndent(indent)
      } else {
        this.#write(part.replaceAll("'", "''"))
      }
    }
    this.#write("'")
  }

  #double(text: string, indent: number, splits: boolean): void {
    this.#write('"')
    const characters = [...text]
    for (const [i, character] of characters.entries()) {
      const isInside = i > 0 && i < characters.length - 1
      if (character === ' ' && isInside && splits && this.#column > this.#layout.width) {
        this.#write('\\')
        this.#writeIndent(indent)
        if (characters[i + 1] === ' ') this.#write('\\')
        continue
      }
      this.#write(doubleQuoted(character))
    }
    this.#write('"')
  }

  #indicator(text: string, needsBlank: boolean, isIndention = false, isWhitespace = false): void {
    this.#write(needsBlank && !this.#isWhitespace ? ` ${text}` : text)
    this.#isWhitespace = isWhitespace
    this.#isIndention = this.#isIndention && isIndention
  }

  #writeIndent(indent: number): void {
    const isBehind = this.#column > indent || (this.#column === indent && !this.#isWhitespace)
    if (!this.#isIndention || isBehind) this.#lineBreak('\n')
    if (this.#column < indent) this.#write(' '.repeat(indent - this.#column))
    this.#isWhitespace = true
  }

  #lineBreak(text: string): void {
    this.#text += text
    this.#column = 0
    this.#isWhitespace = true
    this.#isIndention = true
  }

  #write(text: string): void {
    this.#text += text
    this.#column += [...text].length
    checkedCharacters(this.#text.length)
  }
}

function scalarText(value: Item): string {
  if (value === null) return 'null'
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  if (!isNumeric(value)) throw new Problem('this is no value for YAML')
  if (!isFloat(value)) return String(value)
  const text = floatText(plainNumber(value))
  return text.includes('.') ? text : text.replace('e', '.0e')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0', '\x07': 'a', '\x08': 'b', '\x09': 't', '\x0a': 'n', '\x0b': 'v', '\x0c': 'f', '\x0d': 'r', '\x1b': 'e',
  '"': '"', '\\': '\\', '\x85': 'N', '\xa0': '_', '\u2028': 'L', '\u2029': 'P',
} // biome-ignore format: yaml/emitter.py, ESCAPE_REPLACEMENTS

function doubleQuoted(character: string): string {
  const named = ESCAPES[character]
  if (named !== undefined) return `\\${named}`
  const code = character.codePointAt(0) ?? 0
  if (/^[\x20-\x7e\xa1-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/u.test(character)) return character
  const digits = code.toString(16).toUpperCase()
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`
}
