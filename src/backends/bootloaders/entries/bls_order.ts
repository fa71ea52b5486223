/**
 * How GRUB's blscfg sorts the ids of entries, newest last: name, version and release of the id, each by the rules of RPM
 * (grub2, grub-core/commands/blscfg.c bls_cmp(); rpm, rpmvercmp()). Total: any texts have an order.
 */
export function compareBlsIds(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  const orders = left.map((part, i) => compareRpmVersions(part, right[i] ?? ''))
  return orders.find(order => order !== 0) ?? 0
}

/** NAME-VERSION-RELEASE; of fewer parts the first is the name. */
function partsOf(id: string): readonly string[] {
  const [, name, version, release] = /^(?:(?:([\s\S]*)-)?([^-]*)-)?([^-]*)$/.exec(id) ?? []
  const parts = [name, version, release].filter(part => part !== undefined)
  return [parts[0] ?? '', parts[1] ?? '', parts[2] ?? '']
}

function compareRpmVersions(a: string, b: string): number {
  if (a === b) return 0
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    left = left.replace(/^[^0-9A-Za-z~+]+/, '')
    right = right.replace(/^[^0-9A-Za-z~+]+/, '')
    if (left[0] === '~' || right[0] === '~') {
      if (left[0] !== right[0]) return left[0] === '~' ? -1 : 1
      ;[left, right] = [left.slice(1), right.slice(1)]
      continue
    }
    if (left[0] === '+' || right[0] === '+') {
      if (left === '' || right === '') return left === '' ? -1 : 1
      if (left[0] !== right[0]) return left[0] === '+' ? -1 : 1
      ;[left, right] = [left.slice(1), right.slice(1)]
      continue
    }
    if (left === '' || right === '') break
    const isNumber = /^\d/.test(left)
    const segment = isNumber ? /^\d*/ : /^[A-Za-z]*/
    const [x = '', y = ''] = [segment.exec(left)?.[0], segment.exec(right)?.[0]]
    if (y === '') return isNumber ? 1 : -1
    const order = compareSegments(x, y, isNumber)
    if (order !== 0) return order
    ;[left, right] = [left.slice(x.length), right.slice(y.length)]
  }
  return Number(left !== '') - Number(right !== '')
}

function compareSegments(a: string, b: string, areNumbers: boolean): number {
  const [x, y] = areNumbers ? [a.replace(/^0+/, ''), b.replace(/^0+/, '')] : [a, b]
  if (areNumbers && x.length !== y.length) return x.length - y.length
  return x === y ? 0 : x < y ? -1 : 1
}
