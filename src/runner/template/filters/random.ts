import { asInteger } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { RandomNumbers } from '../random_numbers.ts'
import type { Args, Filter } from '../signature.ts'
import { type Item, isFloat, isTruthy, itemsOf, present } from '../values.ts'

/** Only with a seed: a play must come out the same when it is planned and when it is run. */
export const RANDOM_FILTERS: Readonly<Record<string, Filter>> = {
  random: { takes: 'start? step? seed?', apply: (operand, args) => choose(present(operand), args) },
  shuffle: { takes: 'seed?', apply: (operand, args) => shuffled(itemsOf(operand), seeded(args, 'shuffle')) },
}

function seeded({ seed = null }: Args, name: string): RandomNumbers {
  if (seed === null || isFloat(seed))
    throw new Problem(
      `${name} needs a seed, a text or a whole number: what it says must be the same tomorrow`,
      `| ${name}(seed=inventory_hostname)`,
    )
  return new RandomNumbers(typeof seed === 'string' ? seed : asInteger(seed))
}

function choose(value: Item, args: Args): Item {
  const numbers = seeded(args, 'random')
  if (typeof value !== 'number') {
    const items = itemsOf(value)
    if (items.length === 0) throw new Problem('the list is empty: there is nothing to choose')
    return items[numbers.below(items.length)] ?? null
  }
  const [start, step] = [args.start, args.step].map(each =>
    each === undefined || !isTruthy(each) ? undefined : asInteger(each),
  )
  const [from, by] = [start ?? 0, step ?? 1]
  const count = Math.ceil((asInteger(value) - from) / by)
  if (count <= 0) throw new Problem(`there is no number from ${from} to ${value}`)
  return from + by * numbers.below(count)
}

/** Python's random.shuffle: Fisher and Yates, from the end. */
function shuffled(items: readonly Item[], numbers: RandomNumbers): Item {
  const shuffling = [...items]
  for (let i = shuffling.length - 1; i > 0; i--) {
    const j = numbers.below(i + 1)
    const [a = null, b = null] = [shuffling[i], shuffling[j]]
    shuffling[i] = b
    shuffling[j] = a
  }
  return shuffling
}
