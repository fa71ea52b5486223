/**
 * The order of versions by the UAPI specification 10, which systemd-boot sorts its menu with and
 * `systemd-analyze compare-versions` shows (systemd, src/fundamental/string-util-fundamental.c strverscmp_improved()).
 * Negative: `a` is older. Total: any texts have an order.
 */
export function compareVersions(a: string, b: string): number {
  let [left, right] = [a, b]
  for (;;) {
    left = left.replace(/^[^0-9A-Za-z~^.-]+/, '')
    right = right.replace(/^[^0-9A-Za-z~^.-]+/, '')
    const tilde = separated('~', left, right)
    if (tilde === undefined) return left.startsWith('~') ? -1 : 1
    ;[left, right] = tilde
    // A longer one is newer, unless ~ begins the rest.
    if (left === '' || right === '') return Number(left !== '') - Number(right !== '')
    for (const separator of ['-', '^', '.']) {
      const rest = separated(separator, left, right)
      if (rest === undefined) return left.startsWith(separator) ? -1 : 1
      ;[left, right] = rest
    }
    const segments = /^\d/.test(left) || /^\d/.test(right) ? /^\d*/ : /^[A-Za-z]*/
    const [x = '', y = ''] = [segments.exec(left)?.[0], segments.exec(right)?.[0]]
    const order = compareSegments(x, y)
    if (order !== 0) return order
    left = left.slice(x.length)
    right = right.slice(y.length)
  }
}

/** Both without the separator that both begin with; undefined where only one has it: that one is older. */
function separated(separator: string, a: string, b: string): [string, string] | undefined {
  if (a.startsWith(separator) !== b.startsWith(separator)) return undefined
  return a.startsWith(separator) ? [a.slice(1), b.slice(1)] : [a, b]
}

/** Numbers are newer than letters; `strncmp` over the shorter one, then the longer is newer. */
function compareSegments(a: string, b: string): number {
  if (!/\d/.test(a + b)) return a === b ? 0 : a < b ? -1 : 1
  if (a === '' || b === '') return a === '' ? -1 : 1
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (x.length !== y.length) return x.length - y.length
  return x === y ? 0 : x < y ? -1 : 1
}
