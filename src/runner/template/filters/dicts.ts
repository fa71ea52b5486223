import { asDict, asList } from '../coerce.ts'
import { Problem } from '../problem.ts'
import type { Filter } from '../signature.ts'
import type { Value } from '../template.ts'
import { type Dict, isDict, isTruthy, itemsOf, keyText, ownItem, present, toText } from '../values.ts'

export const DICT_FILTERS: Readonly<Record<string, Filter>> = {
  dict2items: {
    takes: 'key_name? value_name?',
    apply: (operand, args) => toItems(asDict(present(operand)), args),
  },
  items2dict: { takes: 'key_name? value_name?', apply: (operand, args) => fromItems(present(operand), args) },
  items: {
    takes: '',
    apply: operand => Object.entries(asDict(present(operand))).map(([key, value]) => [key, value]),
  },
  combine: { takes: '* recursive=', apply: (operand, args) => combine(asDict(present(operand)), args) },
}

function toItems(dict: Dict, { key_name = 'key', value_name = 'value' }: Dict): Value {
  return Object.entries(dict).map(([key, value]) =>
    Object.fromEntries([
      [toText(key_name), key],
      [toText(value_name), value],
    ]),
  )
}

function fromItems(value: Value, { key_name = 'key', value_name = 'value' }: Dict): Value {
  const field = (item: Value, name: Value): Value => {
    const found = ownItem(asDict(item), name)
    if (found === undefined) throw new Problem(`an item has no "${toText(name)}"`)
    return found
  }
  return Object.fromEntries(
    itemsOf(value).map(item => [keyText(field(item, key_name)), field(item, value_name)]),
  )
}

function combine(dict: Dict, args: Dict): Dict {
  const others = asList(args['*']).flatMap(other => (Array.isArray(other) ? other : [other]))
  const merge = isTruthy(args.recursive ?? false) ? mergeDeep : mergeFlat
  return others.map(asDict).reduce(merge, dict)
}

const mergeFlat = (under: Dict, over: Dict): Dict =>
  Object.fromEntries([...Object.entries(under), ...Object.entries(over)])

function mergeDeep(under: Dict, over: Dict): Dict {
  const entries = Object.entries(over).map(([key, value]): [string, Value] => {
    const below = ownItem(under, key)
    return [key, isDict(below) && isDict(value) ? mergeDeep(below, value) : value]
  })
  return mergeFlat(under, Object.fromEntries(entries))
}
