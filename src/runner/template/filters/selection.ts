import { asList, asString, atPath } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Filter, Named } from '../signature.ts'
import type { Value } from '../template.ts'
import { type Dict, isTruthy, itemsOf, type List, Missing, present, type Result, toText } from '../values.ts'

/** Filters that apply another filter or a test to each item. */
export const SELECTION_FILTERS: Readonly<Record<string, Filter>> = {
  map: {
    takes: '* attribute= default=',
    apply: (operand, args, named) => map(itemsOf(present(operand)), args, named),
  },
  select: selection(false, true),
  reject: selection(false, false),
  selectattr: selection(true, true),
  rejectattr: selection(true, false),
}

function map(items: List, args: Dict, named: Named): List {
  const { attribute, default: fallback } = args
  const [filter, ...rest] = asList(args['*'])
  if (attribute !== undefined) return items.map(item => present(atAttribute(item, attribute, fallback)))
  if (filter === undefined)
    throw new Problem('map needs a filter or an attribute', "map('int') or map(attribute='id')")
  return items.map(item => present(named.filter(asString(filter), item, rest)))
}

/** Without a test: what is true in Python's sense. */
function selection(byAttribute: boolean, wanted: boolean): Filter {
  const holds = (item: Value, args: Dict, named: Named): boolean => {
    const [test, ...rest] = asList(args['*'])
    const subject = byAttribute ? atAttribute(item, args.attribute ?? null, undefined) : item
    return test === undefined ? isTruthy(present(subject)) : named.test(asString(test), subject, rest)
  }
  return {
    takes: byAttribute ? 'attribute *' : '*',
    apply: (operand, args, named) =>
      itemsOf(present(operand)).filter(item => holds(item, args, named) === wanted),
  }
}

function atAttribute(item: Value, attribute: Value, fallback: Value | undefined): Result {
  const path = toText(attribute)
  return (
    atPath(item, attribute) ??
    fallback ??
    new Missing(`an item has no "${path}"`, `leave those out: selectattr('${path}', 'defined')`)
  )
}
