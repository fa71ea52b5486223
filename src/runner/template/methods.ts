import { asDict, asInteger, asString, checkedItems } from './coerce.ts'
import { replaceText, splitText, stripEnds } from './filters/text.ts'
import { Problem } from './problem.ts'
import type { Value } from './template.ts'
import { type Dict, isList, keyText, ownItem } from './values.ts'

interface Callable<Args extends unknown[]> {
  readonly takes: string
  call(...args: Args): Value
}

/** Python's methods of strings and dictionaries that playbooks call; nothing of JavaScript's is reachable. */
export const METHODS: Readonly<Record<string, Callable<[object: Value, args: Dict]>>> = {
  split: string('separator? maxsplit?', splitText),
  startswith: string('prefix', (value, { prefix }) => affixes(prefix).some(each => value.startsWith(each))),
  endswith: string('suffix', (value, { suffix }) => affixes(suffix).some(each => value.endsWith(each))),
  lower: string('', value => value.toLowerCase()),
  upper: string('', value => value.toUpperCase()),
  strip: string('chars?', (value, { chars }) => stripEnds(value, chars)),
  lstrip: string('chars?', (value, { chars }) => stripEnds(value, chars, 'start')),
  rstrip: string('chars?', (value, { chars }) => stripEnds(value, chars, 'end')),
  replace: string('old new count?', replaceText),
  splitlines: string('', value =>
    value
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
      .slice(0, value === '' ? 0 : undefined),
  ),
  items: dict('', object => Object.entries(object).map(([key, value]) => [key, value])),
  keys: dict('', object => Object.keys(object)),
  values: dict('', object => Object.values(object)),
  get: dict(
    'key default?',
    (object, { key = null, default: fallback = null }) => ownItem(object, keyText(key)) ?? fallback,
  ),
}

export const FUNCTIONS: Readonly<Record<string, Callable<[args: Dict]>>> = {
  range: { takes: 'start stop? step?', call: ({ start, stop, step }) => range(start, stop, step) },
}

function string(takes: string, call: (value: string, args: Dict) => Value): Callable<[Value, Dict]> {
  return { takes, call: (object, args) => call(asString(object), args) }
}

function dict(takes: string, call: (object: Dict, args: Dict) => Value): Callable<[Value, Dict]> {
  return { takes, call: (object, args) => call(asDict(object), args) }
}

const affixes = (affix: Value | undefined): readonly string[] =>
  isList(affix) ? affix.map(asString) : [asString(affix)]

function range(first: Value | undefined, second: Value | undefined, third: Value | undefined): Value {
  const [start, stop] = second === undefined ? [0, asInteger(first)] : [asInteger(first), asInteger(second)]
  const step = asInteger(third ?? 1)
  if (step === 0) throw new Problem('range() needs a step other than 0')
  const length = checkedItems(Math.max(0, Math.ceil((stop - start) / step)))
  return Array.from({ length }, (_, i) => start + i * step)
}
