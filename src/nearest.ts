import { closest, distance } from 'fastest-levenshtein'

/** `did you mean "…"?` when a known name is near enough to be a slip of the fingers. */
export function didYouMean(wrong: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const best = closest(wrong, known)
  const allowed = Math.min(Math.max(2, Math.floor(best.length / 3)), wrong.length - 1)
  return distance(wrong, best) <= allowed ? `did you mean "${best}"?` : undefined
}

/**
 * As didYouMean, where a name nobody knows may well be right: only for one or two wrong letters of a long name, and not
 * where the digits differ, as in the names of a series.
 */
export const looksLikeSlip = (name: string, known: readonly string[]): string | undefined =>
  didYouMean(
    name,
    known.filter(each => isSlip(name, each)),
  )

function isSlip(name: string, known: string): boolean {
  const length = Math.min(name.length, known.length)
  const allowed = length < 5 ? 0 : length < 8 ? 1 : 2
  return distance(name, known) <= allowed && digitsOf(name) === digitsOf(known)
}

const digitsOf = (name: string): string => name.replace(/\D/g, '')
