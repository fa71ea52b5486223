import type { Position } from '../../errors.ts'

/** Values an expression can see: plain YAML/JSON values, never class instances or functions. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }
export type Scope = Readonly<Record<string, Value>>

/** A text with `{{ }}` in it, parsed once, rendered per host. */
export interface Template {
  readonly source: string
  readonly at: Position
  /** Root names it reads (`vfio_devices`, `inventory_hostname`), without loop variables and other locals.
   *  `optional` ones stand under `default(...)` or `is defined` and may be undefined. */
  readonly names: readonly { readonly name: string; readonly optional: boolean }[]
  /** A text that is exactly one expression keeps its type; else a string. Throws UserError at `at`. */
  render(scope: Scope): Value
}
