/** A value and how we came by it. `unknown` says why, so that a report can. */
export type Known<T> =
  | { readonly is: 'observed' | 'predicted'; readonly value: T }
  | { readonly is: 'unknown'; readonly why: string }

export const observed = <T>(value: T): Known<T> => ({ is: 'observed', value })
export const predicted = <T>(value: T): Known<T> => ({ is: 'predicted', value })
export const unknown = (why: string): { is: 'unknown'; why: string } => ({ is: 'unknown', why })

/** What was so before is expected to be so again. */
export const foreseen = <T>(known: Known<T>): Known<T> =>
  known.is === 'unknown' ? known : predicted(known.value)

export const ifKnown = <T>(known: Known<T>): T | undefined =>
  known.is === 'unknown' ? undefined : known.value
