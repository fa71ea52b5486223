import { didYouMean } from '../../nearest.ts'
import { Problem } from './problem.ts'

/**
 * Puts call arguments, parsed or evaluated, under the parameters' names. `takes` lists those: `pattern` is
 * required, `multiline?` is not, `attribute=` can only be named, `*` takes the list of what is left.
 */
export function bindArguments<T>(
  callee: string,
  takes: string,
  given: Given<T>,
  toList: (rest: readonly T[]) => T,
): Bound<T> {
  const parameters = takes === '' ? [] : takes.split(' ')
  const bound = [...bindPositional(callee, parameters, given.positional, toList)]
  const known = parameters.filter(parameter => parameter !== '*').map(bare)
  for (const { name, value } of given.named) {
    if (!known.includes(name))
      throw new Problem(`${callee} has no argument "${name}"`, didYouMean(name, known))
    if (bound.some(([taken]) => taken === name)) throw new Problem(`${callee} is given "${name}" twice`)
    bound.push([name, value])
  }
  const missing = parameters.find(
    parameter => /^\w+$/.test(parameter) && !bound.some(([name]) => name === parameter),
  )
  if (missing !== undefined) throw new Problem(`${callee} needs its argument "${missing}"`)
  return Object.fromEntries(bound)
}

export interface Given<T> {
  readonly positional: readonly T[]
  readonly named: readonly { readonly name: string; readonly value: T }[]
}
export type Bound<T> = Readonly<Record<string, T>>

function bindPositional<T>(
  callee: string,
  parameters: readonly string[],
  given: readonly T[],
  toList: (rest: readonly T[]) => T,
): readonly [string, T][] {
  const names = parameters.filter(parameter => !parameter.endsWith('=') && parameter !== '*').map(bare)
  const bound = given.slice(0, names.length).map((value, i): [string, T] => [names[i] ?? '', value])
  const rest = given.slice(names.length)
  if (parameters.includes('*')) return [...bound, ['*', toList(rest)]]
  if (rest.length > 0) throw new Problem(`${callee} takes ${count(names.length)}`)
  return bound
}

const bare = (parameter: string): string => parameter.replace(/[?=]$/, '')
const count = (most: number): string =>
  most === 0 ? 'no argument' : `at most ${most} ${most === 1 ? 'argument' : 'arguments'}`
