/**
 * OpenSSH's patterns, as known_hosts and ssh_config have them: `*` is any run of characters, `?` any one. Greedy with
 * one step back, so that no pattern takes long.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, star, starredTo] = [0, -1, 0]
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === '*') {
      star = at++
      starredTo = index
    } else if (pattern[at] === '?' || pattern[at] === name[index]) {
      at++
      index++
    } else if (star !== -1) {
      at = star + 1
      index = ++starredTo
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}

/** One of them matches, and none that begins with `!`. */
export const matchesAny = (patterns: readonly string[], name: string): boolean =>
  !patterns.some(pattern => pattern.startsWith('!') && matchesPattern(pattern.slice(1), name)) &&
  patterns.some(pattern => !pattern.startsWith('!') && matchesPattern(pattern, name))
