import { asInteger, asString, checkedCharacters } from '../coerce.ts'
import { plainNumber } from '../compare.ts'
import { Problem } from '../problem.ts'
import { floatText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import {
  Float,
  type Item,
  isDict,
  isFloat,
  isList,
  isNumeric,
  isTruthy,
  present,
  TemplateObject,
  toFloat,
} from '../values.ts'

const OPTIONS =
  'indent? sort_keys? separators= ensure_ascii= skipkeys= allow_nan= vault_to_text= preprocess_unsafe='

export const JSON_FILTERS: Readonly<Record<string, Filter>> = {
  to_json: { takes: OPTIONS.replaceAll('?', '='), apply: (operand, args) => toJson(operand, layoutOf(args)) },
  to_nice_json: {
    takes: OPTIONS,
    apply: (operand, args) => toJson(operand, layoutOf({ indent: 4, sort_keys: true, ...args })),
  },
  tojson: {
    takes: 'indent?',
    apply: (operand, args) => toHtmlJson(operand, layoutOf({ sort_keys: true, ...args })),
  },
  from_json: { takes: '', apply: operand => parseJson(asString(operand)) },
}

interface Layout {
  /** Undefined: everything on one line. */
  readonly indent: string | undefined
  readonly sortKeys: boolean
  readonly between: string
  readonly colon: string
  readonly ascii: boolean
}

/** As Python's json.dumps takes them. */
function layoutOf({
  indent = null,
  sort_keys = false,
  separators = null,
  ensure_ascii = true,
}: Args): Layout {
  const [between, colon] = isList(separators) ? separators.map(asString) : []
  return {
    indent:
      indent === null
        ? undefined
        : typeof indent === 'string'
          ? indent
          : ' '.repeat(Math.min(100, Math.max(0, asInteger(indent)))),
    sortKeys: isTruthy(sort_keys),
    between: between ?? (indent === null ? ', ' : ','),
    colon: colon ?? ': ',
    ascii: isTruthy(ensure_ascii),
  }
}

const COMPACT = layoutOf({})

/** As Python's json.dumps spaces it: `{"a": [1, 2]}`; beyond ASCII as \u escapes. */
export function toJson(item: Item, layout: Layout = COMPACT, margin = '\n'): string {
  const value = present(item)
  const inner = layout.indent === undefined ? '' : margin + layout.indent
  const outer = layout.indent === undefined ? '' : margin
  const wrap = (open: string, close: string, parts: readonly string[]): string =>
    parts.length === 0
      ? open + close
      : bounded(open + inner + parts.join(layout.between + inner) + outer + close)
  if (isList(value))
    return wrap(
      '[',
      ']',
      value.map(each => toJson(each, layout, inner)),
    )
  if (typeof value === 'boolean' || value === null) return String(value)
  if (isNumeric(value)) return isFloat(value) ? floatText(plainNumber(value)) : String(value)
  if (typeof value === 'string') return jsonString(value, layout.ascii)
  if (value instanceof TemplateObject || value instanceof Float || !isDict(value))
    throw new Problem('this is no value for JSON')
  const entries = Object.entries(value)
  const ordered = layout.sortKeys ? entries.sort(([a], [b]) => (a < b ? -1 : 1)) : entries
  return wrap(
    '{',
    '}',
    ordered.map(([key, each]) => jsonString(key, layout.ascii) + layout.colon + toJson(each, layout, inner)),
  )
}

function bounded(text: string): string {
  checkedCharacters(text.length)
  return text
}

const jsonString = (text: string, ascii: boolean): string => {
  // JSON.stringify escapes lone surrogates only; Python leaves DEL as it is.
  const json = JSON.stringify(text)
  return ascii ? json.replace(/[\x80-\uffff]/g, escapeUnicode) : json
}
const escapeUnicode = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Jinja2's own: safe inside HTML (jinja2/utils.py, htmlsafe_json_dumps). */
function toHtmlJson(item: Item, layout: Layout): string {
  return toJson(item, layout).replace(/[<>&']/g, escapeUnicode)
}

export function parseJson(text: string): Item {
  let value: Value
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('this is no JSON')
  }
  // A number written 1.0 is a float; JSON.parse has one kind of numbers.
  return /\d(?:\.\d|[eE])/.test(text) ? withFloats(text) : value
}

function withFloats(text: string): Item {
  const revive = (_key: string, value: Item, context?: { readonly source?: string }): Item =>
    typeof value === 'number' && /[.eE]/.test(context?.source ?? '') ? toFloat(value) : value
  return JSON.parse(text, revive)
}
