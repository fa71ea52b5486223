/** sshd's MaxSessions is 10 by default, and a closed channel counts until both sides have said so. */
export const CHANNELS = 4

/** At most so many at a time, in the order they came. */
export function limited(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = places
  return async work => {
    if (free > 0) free--
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}
