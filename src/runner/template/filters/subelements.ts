import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import { type Item, isDict, isList, type List, ownItem, present, tuple } from '../values.ts'

/** Each item with each member of a list inside it, as pairs. `path` is dotted, or a list of steps. */
export function subelements(items: Item | undefined, path: Item | undefined, skipsMissing: boolean): List {
  const value = present(items)
  const elements = isDict(value) ? Object.values(value) : value
  if (!isList(elements))
    throw new Problem('subelements needs a list of dictionaries, or a dictionary of them')
  const steps = isList(path) ? path : toText(path ?? '').split('.')
  return elements.flatMap(element =>
    innerList(element, steps, skipsMissing).map(inner => tuple(element, inner)),
  )
}

function innerList(element: Item, steps: List, skipsMissing: boolean): List {
  let found: Item = element
  for (const step of steps) {
    const next = isDict(found) ? ownItem(found, step) : undefined
    if (next === undefined && skipsMissing && isDict(found)) return []
    if (next === undefined)
      throw new Problem(
        `an item has no "${toText(step)}"`,
        'leave those out: subelements(…, skip_missing=true)',
      )
    found = next
  }
  if (!isList(found)) throw new Problem(`"${steps.map(toText).join('.')}" of an item is no list`)
  return found
}
