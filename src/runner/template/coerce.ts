import { Problem } from './problem.ts'
import type { Value } from './template.ts'
import { type Dict, describe, isDict, isList, type List, ownItem, type Result, toText } from './values.ts'

/** Arguments and operands as a filter needs them: the wrong kind is a Problem that says what is needed. */
export function asNumber(value: Value | undefined): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  throw new Problem(
    `a number is needed here, this is ${describe(value)}`,
    typeof value === 'string' ? 'convert it: | int or | float' : undefined,
  )
}

export function asInteger(value: Value | undefined): number {
  const number = asNumber(value)
  if (Number.isSafeInteger(number)) return number
  throw new Problem(`a whole number is needed here, this is ${number}`)
}

export function asString(value: Value | undefined): string {
  if (typeof value === 'string') return value
  throw new Problem(`a string is needed here, this is ${describe(value)}`)
}

export function asDict(value: Value | undefined): Dict {
  if (isDict(value)) return value
  throw new Problem(`a dictionary is needed here, this is ${describe(value)}`)
}

export function asList(value: Value | undefined): List {
  if (isList(value)) return value
  throw new Problem(`a list is needed here, this is ${describe(value)}`)
}

/** A number that JavaScript still holds exactly, where it is whole. */
export function checkedNumber(number: number): number {
  const fits = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  if (fits) return number
  throw new Problem('the number is too large')
}

const MAX_ITEMS = 100_000
const MAX_CHARACTERS = 10_000_000

/** What one step may build: far above any playbook, far below what hurts. */
export function checkedItems(count: number): number {
  if (count <= MAX_ITEMS) return count
  throw new Problem(`the list is too long (more than ${MAX_ITEMS} items)`)
}

export function checkedCharacters(count: number): number {
  if (count <= MAX_CHARACTERS) return count
  throw new Problem(`the text is too long (more than ${MAX_CHARACTERS} characters)`)
}

export function checkedResult(result: Result): Result {
  if (typeof result === 'string') checkedCharacters(result.length)
  if (Array.isArray(result)) checkedItems(result.length)
  return result
}

/** `attribute='pci.id'`, `attribute=0`: a path into each item; undefined where it ends early. */
export function atPath(item: Value, path: Value | undefined): Value | undefined {
  if (path === undefined || path === null) return item
  if (typeof path === 'number') return ownItem(item, path)
  let found: Value | undefined = item
  for (const step of toText(path).split('.')) {
    if (found === undefined) return undefined
    found = ownItem(found, /^\d+$/.test(step) && !isDict(found) ? Number(step) : step)
  }
  return found
}

/** Python's regular expressions where they are spelled differently: `(?P<name>`, `(?i)` in front, `\A`, `\Z`. */
export function toRegExp(pattern: Value | undefined, flags: string, args: Dict): RegExp {
  const text = asString(pattern)
  const inline = /^\(\?(?<flags>[ims]+)\)/.exec(text)
  const all = new Set([...flags, ...(inline?.groups?.flags ?? '')])
  if (args.ignorecase) all.add('i')
  if (args.multiline) all.add('m')
  const body = text
    .slice(inline?.[0].length ?? 0)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\.|$/gs, sequence => ANCHORS[sequence] ?? sequence)
  try {
    return new RegExp(body, [...all].join(''))
  } catch (error) {
    throw new Problem(`"${text}" is no regular expression: ${error instanceof Error ? error.message : ''}`)
  }
}

const ANCHORS: Readonly<Record<string, string>> = { '\\A': '(?<![\\s\\S])', '\\Z': '(?![\\s\\S])' }
