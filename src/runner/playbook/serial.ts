import { formatPosition, UserError } from '../../errors.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Order } from './play_words.ts'
import type { Templated } from './templated.ts'

/**
 * The hosts of a play as `serial` divides them: numbers, percentages of all of its hosts, or a list of them of which the
 * last repeats (ansible/ansible, lib/ansible/executor/playbook_executor.py, _get_serialized_batches). Throws UserError.
 */
export function batchesOf(
  hosts: readonly string[],
  serial: readonly Templated[],
  scope: Scope,
): readonly (readonly string[])[] {
  const sizes = serial.flatMap(word => sizesIn(word, scope, hosts.length))
  if (sizes.length === 0) return [hosts]
  const batches: (readonly string[])[] = []
  for (let first = 0; first < hosts.length; ) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? 0
    // 0 and what is below: all that are left.
    const end = size > 0 ? first + size : hosts.length
    batches.push(hosts.slice(first, end))
    first = end
  }
  return batches.length === 0 ? [hosts] : batches
}

/** A template may give the whole list. */
function sizesIn(word: Templated, scope: Scope, of: number): readonly number[] {
  const value = word.render(scope)
  return (Array.isArray(value) ? value : [value]).map((each: Value) => sizeOf(each, word, of))
}

function sizeOf(value: Value, { at }: Templated, of: number): number {
  const text = String(value).trim()
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (percent !== undefined) return Math.max(1, Math.floor((Number(percent) / 100) * of))
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new UserError({
    where: formatPosition(at),
    why: `serial must be a number of hosts, a percentage, or a list of them, not ${JSON.stringify(value)}`,
    hint: 'write it as 3, "30%" or [1, 5, "30%"]',
  })
}

/** `random`: 0 to below 1. */
export function ordered(
  hosts: readonly string[],
  order: Order,
  random: () => number = Math.random,
): readonly string[] {
  return ORDERINGS[order](hosts, random)
}

const byName = (hosts: readonly string[]): string[] => hosts.toSorted()

const ORDERINGS: Readonly<
  Record<Order, (hosts: readonly string[], random: () => number) => readonly string[]>
> = {
  inventory: hosts => hosts,
  reverse_inventory: hosts => hosts.toReversed(),
  sorted: byName,
  reverse_sorted: hosts => byName(hosts).reverse(),
  shuffle,
}

/** Fisher and Yates. */
function shuffle(hosts: readonly string[], random: () => number): readonly string[] {
  const left = [...hosts]
  return hosts.flatMap(() => left.splice(Math.floor(random() * left.length), 1))
}
