import { asDict, asInteger, asList, asString, checkedCharacters } from './coerce.ts'
import { identity } from './compare.ts'
import { capitalize, replaceText, splitLines, splitText, stripEnds } from './filters/text.ts'
import { formatBraces } from './format.ts'
import { Problem } from './problem.ts'
import { toText } from './python_text.ts'
import type { Args } from './signature.ts'
import {
  type Dict,
  describe,
  Float,
  type Item,
  isDict,
  isFloat,
  isList,
  itemsOf,
  keyText,
  ownItem,
  tuple,
} from './values.ts'

interface Method {
  readonly takes: string
  call(object: Item, args: Args): Item
}

/** Python's methods of strings, lists and dictionaries that change nothing; nothing of JavaScript's is reachable. */
export const METHODS: Readonly<Record<string, Method>> = {
  split: string('sep? maxsplit?', splitText),
  rsplit: string('sep? maxsplit?', splitFromEnd),
  splitlines: string('keepends?', (value, { keepends = false }) => splitLines(value, keepends === true)),
  partition: string('sep', (value, { sep }) => partition(value, asString(sep), value.indexOf(asString(sep)))),
  rpartition: string('sep', (value, { sep }) => partitionLast(value, asString(sep))),
  startswith: string('prefix start? end?', (value, { prefix, start, end }) =>
    affixes(prefix).some(each => within(value, start, end).startsWith(each)),
  ),
  endswith: string('suffix start? end?', (value, { suffix, start, end }) =>
    affixes(suffix).some(each => within(value, start, end).endsWith(each)),
  ),
  removeprefix: string('prefix', (value, { prefix }) =>
    value.startsWith(asString(prefix)) ? value.slice(asString(prefix).length) : value,
  ),
  removesuffix: string('suffix', (value, { suffix }) =>
    suffix !== '' && value.endsWith(asString(suffix)) ? value.slice(0, -asString(suffix).length) : value,
  ),
  lower: string('', value => value.toLowerCase()),
  upper: string('', value => value.toUpperCase()),
  casefold: string('', value => value.toLowerCase().replaceAll('ß', 'ss')),
  title: string('', value => value.replace(/\p{L}+/gu, capitalize)),
  capitalize: string('', capitalize),
  swapcase: string('', value =>
    [...value].map(each => (each === each.toUpperCase() ? each.toLowerCase() : each.toUpperCase())).join(''),
  ),
  strip: string('chars?', (value, { chars }) => stripEnds(value, chars)),
  lstrip: string('chars?', (value, { chars }) => stripEnds(value, chars, 'start')),
  rstrip: string('chars?', (value, { chars }) => stripEnds(value, chars, 'end')),
  replace: string('old new count?', replaceText),
  join: string('iterable', (value, { iterable }) => itemsOf(iterable).map(asString).join(value)),
  format: string('* **', (value, args) => formatBraces(value, asList(args['*']), asDict(args['**']))),
  find: string('sub start? end?', (value, args) => positionIn(value, args, 'first')),
  rfind: string('sub start? end?', (value, args) => positionIn(value, args, 'last')),
  rindex: string('sub start? end?', (value, args) => found(positionIn(value, args, 'last'), args.sub)),
  zfill: string('width', (value, { width }) => zeroFilled(value, asInteger(width))),
  ljust: string('width fillchar?', (value, args) => padded(value, args, 0)),
  rjust: string('width fillchar?', (value, args) => padded(value, args, 1)),
  center: string('width fillchar?', (value, args) => padded(value, args, 0.5)),
  expandtabs: string('tabsize?', (value, { tabsize = 8 }) => expandTabs(value, asInteger(tabsize))),
  isdigit: string('', value => /^\p{Nd}+$/u.test(value)),
  isdecimal: string('', value => /^\p{Nd}+$/u.test(value)),
  isnumeric: string('', value => /^\p{N}+$/u.test(value)),
  isalpha: string('', value => /^\p{L}+$/u.test(value)),
  isalnum: string('', value => /^[\p{L}\p{N}]+$/u.test(value)),
  isspace: string('', value => /^\s+$/.test(value)),
  isidentifier: string('', value => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(value)),
  islower: string('', value => value === value.toLowerCase() && value !== value.toUpperCase()),
  isupper: string('', value => value === value.toUpperCase() && value !== value.toLowerCase()),
  istitle: string('', value => /\p{L}/u.test(value) && value === value.replace(/\p{L}+/gu, capitalize)),
  isascii: string('', value => /^[\x00-\x7f]*$/.test(value)),

  index: {
    takes: 'sub start? end?',
    call: (object, args) =>
      isList(object)
        ? found(placeIn(object, args.sub), args.sub)
        : found(positionIn(asString(object), args, 'first'), args.sub),
  },
  count: {
    takes: 'sub start? end?',
    call: (object, args) =>
      isList(object)
        ? object.filter(each => identity(each) === identity(args.sub ?? null)).length
        : occurrences(within(asString(object), args.start, args.end), asString(args.sub)),
  },
  copy: { takes: '', call: object => (isList(object) ? [...object] : asDict(object)) },

  items: dict('', object => Object.entries(object).map(([key, value]) => tuple(key, value))),
  keys: dict('', object => Object.keys(object)),
  values: dict('', object => Object.values(object)),
  get: dict(
    'key default?',
    (object, { key = null, default: fallback = null }) => ownItem(object, keyText(key)) ?? fallback,
  ),

  is_integer: {
    takes: '',
    call: object => {
      if (!isFloat(object)) throw new Problem(`${describe(object)} has no "is_integer"`)
      return object instanceof Float
    },
  },
  bit_length: {
    takes: '',
    call: object => Math.abs(asInteger(object)).toString(2).replace(/^0$/, '').length,
  },
}

/** Methods that would change a variable: the next task would see another value, or not. */
export const CHANGING_METHODS: Readonly<Record<string, string>> = {
  append: 'build a new list: xs + [x]',
  extend: 'build a new list: xs + ys',
  insert: 'build a new list: [x] + xs',
  remove: 'build a new list: xs | difference([x])',
  pop: 'build a new list: xs[:-1]',
  sort: 'use xs | sort',
  reverse: 'use xs | reverse',
  clear: 'use [] or {}',
  update: 'build a new dictionary: a | combine(b)',
  setdefault: 'build a new dictionary: {key: value} | combine(a)',
  popitem: 'build a new dictionary from a | dict2items',
}

function string(takes: string, call: (value: string, args: Args) => Item): Method {
  return { takes, call: (object, args) => call(asString(object), args) }
}

function dict(takes: string, call: (object: Dict, args: Args) => Item): Method {
  return {
    takes,
    call: (object, args) => {
      if (isDict(object)) return call(object, args)
      throw new Problem(`a dictionary is needed here, this is ${describe(object)}`)
    },
  }
}

const affixes = (affix: Item | undefined): readonly string[] =>
  isList(affix) ? affix.map(asString) : [asString(affix)]

const within = (value: string, start: Item | undefined, end: Item | undefined): string =>
  value.slice(
    start === undefined || start === null ? 0 : asInteger(start),
    end === undefined || end === null ? undefined : asInteger(end),
  )

function positionIn(value: string, { sub, start, end }: Args, which: 'first' | 'last'): number {
  const part = within(value, start, end)
  const at = which === 'first' ? part.indexOf(asString(sub)) : part.lastIndexOf(asString(sub))
  const from = start === undefined || start === null ? 0 : asInteger(start)
  return at < 0 ? -1 : at + (from < 0 ? Math.max(0, value.length + from) : from)
}

const placeIn = (list: readonly Item[], wanted: Item | undefined): number =>
  list.findIndex(each => identity(each) === identity(wanted ?? null))

function found(at: number, wanted: Item | undefined): number {
  if (at < 0) throw new Problem(`${toText(wanted ?? null)} is not there`, '.find() answers -1 for a text')
  return at
}

const occurrences = (value: string, sub: string): number =>
  sub === '' ? value.length + 1 : value.split(sub).length - 1

function splitFromEnd(value: string, { sep, maxsplit = -1 }: Args): readonly string[] {
  const limit = asInteger(maxsplit)
  const onSpace = sep === undefined || sep === null
  const pieces = splitText(onSpace ? value.trimEnd() : value, { sep: sep ?? null })
  if (limit < 0 || pieces.length <= limit + 1) return pieces
  const tail = pieces.slice(pieces.length - limit)
  if (!onSpace) return [pieces.slice(0, pieces.length - limit).join(asString(sep)), ...tail]
  const ends = tail
    .toReversed()
    .reduce((rest, piece) => rest.slice(0, rest.lastIndexOf(piece)).trimEnd(), value.trimEnd())
  return [ends, ...tail]
}

function partition(value: string, separator: string, at: number): Item {
  if (separator === '') throw new Problem('the separator is empty')
  if (at < 0) return tuple(value, '', '')
  return tuple(value.slice(0, at), separator, value.slice(at + separator.length))
}

function partitionLast(value: string, separator: string): Item {
  const at = value.lastIndexOf(separator)
  return at < 0 && separator !== '' ? tuple('', '', value) : partition(value, separator, at)
}

function zeroFilled(value: string, width: number): string {
  const [, sign = '', digits = ''] = /^([-+]?)([\s\S]*)$/.exec(value) ?? []
  return sign + '0'.repeat(Math.max(0, checkedCharacters(width) - value.length)) + digits
}

/** `share` of the blanks stands on the left. */
function padded(value: string, { width, fillchar = ' ' }: Args, share: number): string {
  const fill = asString(fillchar)
  if ([...fill].length !== 1) throw new Problem('the fill character must be one character')
  const missing = Math.max(0, checkedCharacters(asInteger(width)) - [...value].length)
  // str.center puts the odd one on the left where the width is odd (Objects/unicodeobject.c, unicode_center).
  const left = share === 0.5 ? Math.floor(missing / 2) + (missing & asInteger(width) & 1) : missing * share
  return fill.repeat(left) + value + fill.repeat(missing - left)
}

function expandTabs(value: string, size: number): string {
  let column = 0
  return [...value]
    .map(each => {
      const blanks = size > 0 ? size - (column % size) : 0
      column = each === '\n' ? 0 : column + (each === '\t' ? blanks : 1)
      return each === '\t' ? ' '.repeat(checkedCharacters(blanks)) : each
    })
    .join('')
}
