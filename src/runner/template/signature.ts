import type { Dict, Item, List } from './values.ts'

/** Arguments by parameter name. */
export type Args = Dict

/**
 * A filter, test, method or function that expressions can name.
 * `takes` lists its parameters as arguments.ts reads them: `pattern count? attribute= *`.
 */
export interface Filter {
  readonly takes: string
  apply(operand: Item, args: Args, calls: Calls): Item
}

export interface Test {
  readonly takes: string
  holds(operand: Item, args: Args, calls: Calls): boolean
}

/** For filters that are given the name of another one: `map('string')`, `select('match', '^10de')`. */
export interface Calls {
  filter(name: string, operand: Item, positional: List, named: Dict): Item
  test(name: string, operand: Item, positional: List, named: Dict): boolean
}
