import type { Position } from '../../errors.ts'
import { type Entry, type Node, textNode } from '../yaml/yaml_node.ts'

/**
 * A value of an INI inventory: what Python would read as a literal is that, everything else is the text as it stands
 * (ansible/ansible, plugins/inventory/ini.py, _parse_value: ast.literal_eval). So `1,2` is a list, `True` a boolean,
 * and `true`, `0644` and `02:00.0` are strings.
 */
export function literalNode(text: string, at: Position): Node {
  const reader = new LiteralReader(text, at)
  const node = reader.whole()
  return node ?? textNode(text, at)
}

/** Deeper than any inventory, and far from the end of the stack. */
const MAX_DEPTH = 50

/** Each method answers undefined for what is no literal. */
class LiteralReader {
  readonly #text: string
  readonly #at: Position
  #offset = 0
  #depth = 0

  constructor(text: string, at: Position) {
    this.#text = text
    this.#at = at
  }

  /** Behind it may stand a comment; commas outside brackets make a tuple. */
  whole(): Node | undefined {
    const first = this.#value()
    if (first === undefined) return undefined
    if (this.#isAtEnd()) return first
    const items = this.#take(',') ? this.#items([first], '') : undefined
    return items && this.#isAtEnd() ? { kind: 'list', at: this.#at, items } : undefined
  }

  #isAtEnd(): boolean {
    return this.#match(/[ \t]*(?:#.*)?$/y) !== undefined
  }

  #value(): Node | undefined {
    if (++this.#depth > MAX_DEPTH) return undefined
    const node = this.#word() ?? this.#number() ?? this.#strings() ?? this.#brackets()
    this.#depth--
    return node
  }

  #word(): Node | undefined {
    const word = this.#match(/[ \t]*(True|False|None)\b/y)
    return word === undefined ? undefined : this.#scalar(WORDS[word] ?? null, word)
  }

  #number(): Node | undefined {
    const text = this.#match(NUMBER)
    if (text === undefined) return undefined
    const value = numberOf(text)
    return value === undefined ? undefined : this.#scalar(value, text)
  }

  /** Strings that follow each other are one. */
  #strings(): Node | undefined {
    let all: string | undefined
    for (let part = this.#string(); part !== undefined; part = this.#string()) all = (all ?? '') + part
    return all === undefined ? undefined : this.#scalar(all, all)
  }

  #string(): string | undefined {
    const whole = this.#match(STRING)
    if (whole === undefined) return undefined
    const [, prefix = '', quote = '', body = ''] = whole.match(/^([a-zA-Z]?)('''|"""|'|")([\s\S]*)\2$/) ?? []
    return quote !== '' && prefix.toLowerCase() === 'r' ? body : unescaped(body)
  }

  #brackets(): Node | undefined {
    if (this.#take('[')) return this.#list(']')
    if (this.#take('{')) return this.#dictionary()
    if (!this.#take('(')) return undefined
    if (this.#take(')')) return { kind: 'list', at: this.#at, items: [] }
    const first = this.#value()
    if (first === undefined || this.#take(')')) return first
    const items = this.#take(',') ? this.#items([first], ')') : undefined
    return items && { kind: 'list', at: this.#at, items }
  }

  #list(end: string): Node | undefined {
    const items = this.#items([], end)
    return items && { kind: 'list', at: this.#at, items }
  }

  /** Up to `end`, which '' is for the end of the text; a last comma is none too many. */
  #items(before: readonly Node[], end: string): readonly Node[] | undefined {
    const items = [...before]
    for (;;) {
      if (end === '' ? this.#isAtEnd() : this.#take(end)) return items
      const item = this.#value()
      if (item === undefined) return undefined
      items.push(item)
      if (!this.#take(',')) return (end === '' ? this.#isAtEnd() : this.#take(end)) ? items : undefined
    }
  }

  #dictionary(): Node | undefined {
    const entries = new Map<string, Entry>()
    for (;;) {
      if (this.#take('}')) return { kind: 'map', at: this.#at, entries: [...entries.values()] }
      const key = this.#value()
      const value = this.#take(':') ? this.#value() : undefined
      if (key?.kind !== 'scalar' || value === undefined) return undefined
      entries.set(key.source, { key: key.source, keyAt: this.#at, value })
      if (!this.#take(',') && this.#text.slice(this.#offset).trimStart()[0] !== '}') return undefined
    }
  }

  #scalar(value: null | boolean | number | string, source: string): Node {
    return { kind: 'scalar', at: this.#at, textAt: this.#at, value, source }
  }

  #take(sign: string): boolean {
    return this.#match(new RegExp(`[ \\t]*(\\${sign})`, 'y')) !== undefined
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)
    if (!found) return undefined
    this.#offset += found[0].length
    return found[1] ?? ''
  }
}

const WORDS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null }

/** No digit, letter or point may follow. */
const NUMBER =
  /[ \t]*([-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?))(?![\w.])/y

/** A leading zero makes Python refuse a whole number, unless it is zero; a number that a double cannot hold stays text. */
function numberOf(text: string): number | undefined {
  if (/__|_$|_[.eE]|[.xXoObB]_/.test(text) || /^[-+]?0[0-9_]*[1-9]/.test(text.replace(/[.eE].*/, '')))
    return /^[-+]?[0-9]+[.eE]/.test(text) && !text.includes('_') ? Number(text) : undefined
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '')
  const number = (text.startsWith('-') ? -1 : 1) * Number(digits)
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number
}

const STRING =
  /[ \t]*([uUbBrR]?(?:'''[\s\S]*?'''|"""[\s\S]*?"""|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"))/y

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\n': '' },
}

const unescaped = (body: string): string =>
  body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{1,3})|([\s\S]))/g,
    (whole: string, x?: string, u?: string, octal?: string, sign = '') => {
      const code = x ?? u
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      return ESCAPES[sign] ?? (/['"\\]/.test(sign) ? sign : whole)
    },
  )
