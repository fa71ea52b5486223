import { didYouMean } from '../../nearest.ts'
import type { Expression, Given, Named } from './ast.ts'
import { located, Problem } from './problem.ts'

/**
 * Puts call arguments, parsed or evaluated, under the parameters' names. `takes` lists those: `pattern` is
 * required, `multiline?` is not, `attribute=` can only be named, `*` takes the list of what is left and `**`
 * the dictionary of what else is named.
 */
export function bindArguments<T>(
  callee: string,
  takes: string,
  given: { readonly positional: readonly T[]; readonly named: readonly Named<T>[] },
  collect: Collect<T>,
): Bound<T> {
  const parameters = takes === '' ? [] : takes.split(' ')
  const bound = bindPositional(callee, parameters, given.positional, collect)
  const known = parameters.filter(parameter => !parameter.startsWith('*')).map(bare)
  const others: Named<T>[] = []
  for (const { name, value } of given.named) {
    if (bound.has(name)) throw new Problem(`${callee} is given "${name}" twice`)
    if (known.includes(name)) bound.set(name, value)
    else if (parameters.includes('**')) others.push({ name, value })
    else throw new Problem(`${callee} has no argument "${name}"`, didYouMean(name, known))
  }
  if (parameters.includes('**')) bound.set('**', collect.dict(others))
  const missing = parameters.find(parameter => /^\w+$/.test(parameter) && !bound.has(parameter))
  if (missing !== undefined) throw new Problem(`${callee} needs its argument "${missing}"`)
  return Object.fromEntries(bound)
}

export type Bound<T> = Readonly<Record<string, T>>

/** What holds the arguments that are left over. */
export interface Collect<T> {
  list(rest: readonly T[]): T
  dict(others: readonly Named<T>[]): T
}

function bindPositional<T>(
  callee: string,
  parameters: readonly string[],
  given: readonly T[],
  collect: Collect<T>,
): Map<string, T> {
  const names = parameters
    .filter(parameter => !parameter.endsWith('=') && !parameter.startsWith('*'))
    .map(bare)
  const bound = new Map(given.slice(0, names.length).map((value, i) => [names[i] ?? '', value]))
  const rest = given.slice(names.length)
  if (parameters.includes('*')) bound.set('*', collect.list(rest))
  else if (rest.length > 0) throw new Problem(`${callee} takes ${count(names.length)}`)
  return bound
}

/** While a template is parsed: a call that cannot be right. What `*` and `**` bring is known later. */
export function checkArguments(callee: string, takes: string, given: Given, offset: number): void {
  if (given.rest !== undefined || given.keywords !== undefined) return
  try {
    bindArguments<Expression | undefined>(callee, takes, given, {
      list: () => undefined,
      dict: () => undefined,
    })
  } catch (error) {
    throw error instanceof Problem ? located(error, offset) : error
  }
}

/** The argument as it is written: at its place, or by its name. */
export const writtenArgument = (given: Given, place: number, name: string): Expression | undefined =>
  given.positional[place] ?? given.named.find(each => each.name === name)?.value

const bare = (parameter: string): string => parameter.replace(/[?=]$/, '')
const count = (most: number): string =>
  most === 0 ? 'no argument' : `at most ${most} ${most === 1 ? 'argument' : 'arguments'}`
