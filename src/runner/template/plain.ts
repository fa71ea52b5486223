import { types } from 'node:util'
import { Problem } from './problem.ts'
import type { Value } from './template.ts'
import {
  Float,
  type Item,
  isDict,
  isList,
  isOmitted,
  Missing,
  present,
  TemplateObject,
  Tuple,
} from './values.ts'

/** What leaves an expression: plain data, where floats are numbers and tuples lists. Throws Problem for what is missing. */
export function toPlain(item: Item): Value {
  return plain(item, { left: MAX_VALUES })
}

/** A list that holds itself twice, often, is as large as all its copies. */
const MAX_VALUES = 1_000_000

interface Budget {
  left: number
}

function plain(item: Item, budget: Budget): Value {
  if (isPlain(item, budget)) return item
  const value = present(item)
  if (value instanceof Float) return value.whole
  if (isList(value)) return value.map(each => plain(each, budget))
  if (isDict(value))
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, budget)]))
  throw new Problem(
    `${value instanceof TemplateObject ? value.label : 'this'} is no value`,
    'it lives inside its template only',
  )
}

/** A host's variables are worked out when they are read, and results of which not all is known cannot be walked. */
function isPlain(item: Item, budget: Budget): item is Value {
  budget.left -= 1
  if (budget.left < 0) throw new Problem(`the value is too large (more than ${MAX_VALUES} values)`)
  if (item instanceof Float || item instanceof Missing || item instanceof TemplateObject) return false
  if (item instanceof Tuple) return false
  if (isList(item)) return item.every(each => isPlain(each, budget))
  if (!isDict(item) || types.isProxy(item) || isOmitted(item)) return true
  const fields = Object.values(Object.getOwnPropertyDescriptors(item))
  return fields.every(({ get, value }) => get !== undefined || isPlain(value, budget))
}
