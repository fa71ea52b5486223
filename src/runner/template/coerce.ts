import { plainNumber } from './compare.ts'
import { checkedCharacters, checkedItems } from './limits.ts'
import { Problem } from './problem.ts'
import { toText } from './python_text.ts'
import {
  type Dict,
  describe,
  type Item,
  isDict,
  isList,
  isNumeric,
  type List,
  Missing,
  ownItem,
  present,
} from './values.ts'

/** Arguments and operands as a filter needs them: the wrong kind is a Problem that says what is needed. */
export function asNumber(item: Item | undefined): number {
  const value = item === undefined ? undefined : present(item)
  if (isNumeric(value)) return plainNumber(value)
  throw new Problem(
    `a number is needed here, this is ${describe(value)}`,
    typeof value === 'string' ? 'convert it: | int or | float' : undefined,
  )
}

export function asInteger(item: Item | undefined): number {
  const number = asNumber(item)
  if (Number.isSafeInteger(number)) return number
  throw new Problem(`a whole number is needed here, this is ${number}`)
}

export function asString(item: Item | undefined): string {
  const value = item === undefined ? undefined : present(item)
  if (typeof value === 'string') return value
  throw new Problem(`a string is needed here, this is ${describe(value)}`)
}

export function asDict(item: Item | undefined): Dict {
  const value = item === undefined ? undefined : present(item)
  if (isDict(value)) return value
  throw new Problem(`a dictionary is needed here, this is ${describe(value)}`)
}

export function asList(item: Item | undefined): List {
  const value = item === undefined ? undefined : present(item)
  if (isList(value)) return value
  throw new Problem(`a list is needed here, this is ${describe(value)}`)
}

/** A number that JavaScript still holds exactly, where it is whole. */
export function checkedNumber(number: number): number {
  const fits = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number))
  if (fits) return number
  throw new Problem('the number is too large')
}

export function checkedFinite(number: number): number {
  if (Number.isFinite(number)) return number
  throw new Problem(Number.isNaN(number) ? 'this is no number' : 'the number is too large')
}

export function checkedResult(result: Item): Item {
  if (typeof result === 'string') checkedCharacters(result.length)
  if (Array.isArray(result)) checkedItems(result.length)
  return result
}

export { checkedCharacters, checkedItems }

/** `attribute='pci.id'`, `attribute=0`: a path into each item; missing where it ends early. */
export function atPath(item: Item, path: Item | undefined): Item {
  if (path === undefined || path === null) return item
  const steps: List = typeof path === 'number' ? [path] : toText(path).split('.').map(asStep)
  let found = item
  for (const step of steps) {
    if (found instanceof Missing) return found
    const key = isDict(found) && typeof step === 'number' ? String(step) : step
    found =
      ownItem(found, key) ??
      new Missing(
        `an item has no "${toText(path)}"`,
        `leave those out: selectattr('${toText(path)}', 'defined')`,
      )
  }
  return found
}

const asStep = (step: string): Item => (/^\d+$/.test(step) ? Number(step) : step)
