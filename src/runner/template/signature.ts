import type { Dict, List, Result } from './values.ts'

/**
 * A filter, test, method or function that expressions can name.
 * `takes` lists its parameters as arguments.ts reads them: `pattern count? attribute= *`.
 */
export interface Filter {
  readonly takes: string
  apply(operand: Result, args: Dict, named: Named): Result
}

export interface Test {
  readonly takes: string
  holds(operand: Result, args: Dict): boolean
}

/** For filters that are given the name of another one: `map('string')`, `select('match', '^10de')`. */
export interface Named {
  filter(name: string, operand: Result, args: List): Result
  test(name: string, operand: Result, args: List): boolean
}
