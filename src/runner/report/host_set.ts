/**
 * Hosts as an inventory names them: `lab[01:40],gpu3`. Expanding it gives back the same names, each once: both ends
 * of a range are included and zero padding is kept (see inventory/host_ranges.ts).
 */
export const hostSet = (hosts: readonly string[]): string =>
  piecesOf(hosts)
    .map(({ text }) => text)
    .join(',')

/** The same in at most `room` columns where that can be: `lab[01:40] and 12 more`. */
export function shortHostSet(hosts: readonly string[], room: number): string {
  const pieces = piecesOf(hosts)
  const whole = pieces.map(({ text }) => text).join(',')
  if (whole.length <= room) return whole
  const all = pieces.reduce((sum, { count }) => sum + count, 0)
  for (let kept = pieces.length - 1; kept > 1; kept--) {
    const text = andMore(pieces.slice(0, kept), all)
    if (text.length <= room) return text
  }
  return pieces.length === 1 ? whole : andMore(pieces.slice(0, 1), all)
}

interface Piece {
  readonly text: string
  /** Of the hosts it stands for. */
  readonly count: number
}

function andMore(kept: readonly Piece[], all: number): string {
  const named = kept.reduce((sum, { count }) => sum + count, 0)
  return `${kept.map(({ text }) => text).join(',')} and ${all - named} more`
}

function piecesOf(hosts: readonly string[]): readonly Piece[] {
  const names = [...new Set(hosts)]
  const sizes = new Map<string, number>()
  for (const { series } of names.flatMap(membersOf)) sizes.set(series, (sizes.get(series) ?? 0) + 1)
  const chosen = names.map(name => ({ name, member: largest(membersOf(name), sizes) }))
  const series = Map.groupBy(chosen, ({ name, member }) =>
    member === undefined ? `=${name}` : member.series,
  )
  return [...series.values()].flatMap(each => {
    const members = each.flatMap(({ member }) => member ?? [])
    return members.length === 0 ? each.map(({ name }) => ({ text: name, count: 1 })) : rangesOf(members)
  })
}

/** A name seen as a number between a prefix and a suffix. */
interface Member {
  readonly series: string
  readonly prefix: string
  readonly digits: string
  readonly suffix: string
}

/** Beyond this a number is not exact any more. */
const LONGEST_NUMBER = 15

/** One for each number in the name; none where brackets or commas would be read as part of the notation. */
const membersOf = (name: string): readonly Member[] =>
  /[[\],]/.test(name)
    ? []
    : [...name.matchAll(/\d+/g)].flatMap(({ 0: digits, index }) => {
        if (digits.length > LONGEST_NUMBER) return []
        const [prefix, suffix] = [name.slice(0, index), name.slice(index + digits.length)]
        return [{ series: JSON.stringify([prefix, suffix]), prefix, digits, suffix }]
      })

/** The number that most names share; of equals the last one. */
const largest = (members: readonly Member[], sizes: ReadonlyMap<string, number>): Member | undefined =>
  members.reduce<Member | undefined>(
    (best, member) =>
      best === undefined || (sizes.get(member.series) ?? 0) >= (sizes.get(best.series) ?? 0) ? member : best,
    undefined,
  )

function rangesOf(members: readonly Member[]): readonly Piece[] {
  const padded = new Set(members.flatMap(({ digits }) => (/^0\d/.test(digits) ? [digits.length] : [])))
  const byWidth = Map.groupBy(members, ({ digits }) => (padded.has(digits.length) ? digits.length : 0))
  return [...byWidth.values()].flatMap(sameWidth =>
    runsOf(sameWidth.toSorted((a, b) => Number(a.digits) - Number(b.digits))).map(pieceOf),
  )
}

function runsOf(sorted: readonly Member[]): readonly (readonly Member[])[] {
  const runs: Member[][] = []
  for (const member of sorted) {
    const run = runs.at(-1)
    if (run !== undefined && Number(run.at(-1)?.digits) + 1 === Number(member.digits)) run.push(member)
    else runs.push([member])
  }
  return runs
}

function pieceOf(run: readonly Member[]): Piece {
  const [first, last] = [run[0], run.at(-1)]
  if (first === undefined || last === undefined) return { text: '', count: 0 }
  const number = first === last ? first.digits : `[${first.digits}:${last.digits}]`
  return { text: `${first.prefix}${number}${first.suffix}`, count: run.length }
}
