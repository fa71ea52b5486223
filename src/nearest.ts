import { closest, distance } from 'fastest-levenshtein'

/** `did you mean "…"?` when a known name is near enough to be a slip of the fingers. */
export function didYouMean(wrong: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const best = closest(wrong, known)
  const allowed = Math.min(Math.max(2, Math.floor(best.length / 3)), wrong.length - 1)
  return distance(wrong, best) <= allowed ? `did you mean "${best}"?` : undefined
}
