import { asList, asString, atPath } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Args, Calls, Filter } from '../signature.ts'
import { type Item, isDict, isTruthy, itemsOf, type List, Missing, present } from '../values.ts'

/** Filters that apply another filter or a test to each item. */
export const SELECTION_FILTERS: Readonly<Record<string, Filter>> = {
  map: {
    takes: '* attribute= default= **',
    apply: (operand, args, calls) => map(itemsOf(operand), args, calls),
  },
  select: selection(false, true),
  reject: selection(false, false),
  selectattr: selection(true, true),
  rejectattr: selection(true, false),
}

function map(items: List, args: Args, calls: Calls): List {
  const { attribute, default: fallback } = args
  const [filter, ...rest] = asList(args['*'])
  const named = isDict(args['**']) ? args['**'] : {}
  if (filter === undefined && attribute !== undefined) {
    return items.map(item => {
      const found = atPath(item, attribute)
      return found instanceof Missing && fallback !== undefined ? fallback : found
    })
  }
  if (filter === undefined)
    throw new Problem('map needs a filter or an attribute', "map('int') or map(attribute='id')")
  const given = {
    ...named,
    ...(attribute === undefined ? {} : { attribute }),
    ...(fallback === undefined ? {} : { default: fallback }),
  }
  return items.map(item => calls.filter(asString(filter), item, rest, given))
}

/** Without a test: what is true in Python's sense. */
function selection(byAttribute: boolean, wanted: boolean): Filter {
  const holds = (item: Item, args: Args, calls: Calls): boolean => {
    const [test, ...rest] = asList(args['*'])
    const subject = byAttribute ? atPath(item, args.attribute ?? null) : item
    if (test === undefined) return isTruthy(present(subject))
    return calls.test(asString(test), subject, rest, isDict(args['**']) ? args['**'] : {})
  }
  return {
    takes: byAttribute ? 'attribute * **' : '* **',
    apply: (operand, args, calls) => itemsOf(operand).filter(item => holds(item, args, calls) === wanted),
  }
}
