import { asInteger, checkedItems } from './coerce.ts'
import { type LookupSources, lookUpNow } from './lookups.ts'
import { Cycler, joiner, Namespace } from './objects.ts'
import { Problem } from './problem.ts'
import type { Args } from './signature.ts'
import { type Dict, dictOf, type Item, isDict, isList, itemsOf, keyText, present } from './values.ts'

interface Called {
  readonly takes: string
  call(args: Args, sources: LookupSources): Item
}

/** Functions that an expression can call: Jinja2's globals and Ansible's lookups. */
export const FUNCTIONS: Readonly<Record<string, Called>> = {
  range: { takes: 'start stop? step?', call: ({ start, stop, step }) => range(start, stop, step) },
  dict: { takes: 'from? **', call: args => toDict(args.from, args['**']) },
  namespace: {
    takes: 'from? **',
    call: args => new Namespace(Object.entries(toDict(args.from, args['**']))),
  },
  cycler: { takes: '*', call: args => new Cycler(itemsOf(args['*'])) },
  joiner: { takes: 'sep?', call: ({ sep = ', ' }) => joiner(sep) },
  lookup: { takes: 'name * wantlist= **', call: (args, sources) => lookUpNow(args, sources, false) },
  query: { takes: 'name * **', call: (args, sources) => lookUpNow(args, sources, true) },
  q: { takes: 'name * **', call: (args, sources) => lookUpNow(args, sources, true) },
  undef: { takes: 'hint?', call: ({ hint }) => refuseUndefined(hint) },
}

/** Functions that are refused, and what to do instead. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  now: 'a run should come out the same at any time: give the time with -e',
  lipsum: 'write the text itself',
}

function range(first: Item | undefined, second: Item | undefined, third: Item | undefined): Item {
  const [start, stop] = second === undefined ? [0, asInteger(first)] : [asInteger(first), asInteger(second)]
  const step = asInteger(third ?? 1)
  if (step === 0) throw new Problem('range() needs a step other than 0')
  const length = checkedItems(Math.max(0, Math.ceil((stop - start) / step)))
  return Array.from({ length }, (_, i) => start + i * step)
}

function toDict(from: Item | undefined, named: Item | undefined): Dict {
  const base = from === undefined ? {} : present(from)
  const entries = isDict(base)
    ? Object.entries(base)
    : itemsOf(base).map((pair): [string, Item] => {
        const [key, value] = isList(pair) ? pair : []
        if (key === undefined || value === undefined)
          throw new Problem('dict() needs pairs: dict([[key, value]])')
        return [keyText(key), value]
      })
  return dictOf([...entries, ...(isDict(named) ? Object.entries(named) : [])])
}

function refuseUndefined(hint: Item | undefined): never {
  throw new Problem(typeof hint === 'string' ? hint : 'a mandatory variable has not been set')
}
