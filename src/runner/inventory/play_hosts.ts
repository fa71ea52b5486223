import type { PlaySource } from '../playbook/playbook.ts'
import type { Problems } from '../playbook/problems.ts'
import { readTextFile } from '../yaml/files.ts'
import type { Inventory } from './inventory_tree.ts'
import { type Fleet, selectHosts } from './patterns.ts'

/** The hosts of each play, after --limit, in the order of its pattern. */
export function choosePlayHosts(
  plays: readonly PlaySource[],
  inventory: Inventory,
  { inventories, limit }: { inventories: readonly string[]; limit: string | undefined },
  problems: Problems,
): ReadonlyMap<PlaySource, readonly string[]> {
  const before = problems.count
  const fleet = fleetOf(inventory)
  const limited = limit === undefined ? undefined : limitedHosts(limit, fleet, problems)
  const chosen = new Map<PlaySource, readonly string[]>()
  for (const play of plays) {
    const { hosts, mistakes } =
      play.hosts.pattern === '' ? { hosts: [], mistakes: [] } : selectHosts(play.hosts.pattern, fleet)
    for (const { why, hint } of mistakes) problems.add(play.hosts.at, why, hint)
    chosen.set(
      play,
      hosts.filter(host => limited?.has(host) ?? true),
    )
  }
  const [first] = plays
  // A run of nothing at all would look like success.
  const isIdle = [...chosen.values()].every(hosts => hosts.length === 0)
  const isExplained = problems.count > before || plays.some(play => play.hosts.pattern === '')
  if (first && isIdle && !isExplained) noteIdle(first, fleet, inventories, limited !== undefined, problems)
  return chosen
}

/** What patterns choose from. */
export const fleetOf = (inventory: Inventory): Fleet => ({
  hosts: [...inventory.hosts.keys()],
  groups: new Map([...inventory.groups].map(([name, group]) => [name, group.hosts])),
})

function noteIdle(
  play: PlaySource,
  fleet: Fleet,
  inventories: readonly string[],
  isLimited: boolean,
  problems: Problems,
): undefined {
  const [inventory] = inventories
  if (fleet.hosts.length === 0 && inventory !== undefined)
    return problems.add(inventory, 'names no host', NO_HOST_HINT)
  if (isLimited) return problems.add('--limit', 'leaves no host of any play')
  problems.add(play.hosts.at, 'no play has a host: nothing answers to the whole of the pattern')
}

export const NO_HOST_HINT = 'write each below hosts: of a group, as "NAME:"'

/** What --limit names; empty, and its mistakes noted, where it names nothing. */
export function limitedHosts(limit: string, fleet: Fleet, problems: Problems): ReadonlySet<string> {
  const before = problems.count
  const pieces = limit.includes('@') ? limit.split(',').map(piece => piece.trim()) : [limit]
  const patterns = pieces.flatMap(piece =>
    piece.startsWith('@') ? linesOf(piece.slice(1), problems) : [piece],
  )
  if (problems.count > before) return new Set()
  const { hosts, mistakes } = selectHosts(patterns, fleet)
  for (const { why, hint } of mistakes) problems.add('--limit', why, hint)
  return new Set(hosts)
}

/** One pattern a line, as in the file that `--limit @file` names. */
function linesOf(path: string, problems: Problems): readonly string[] {
  const lines = (readTextFile(path, problems, '--limit') ?? '').split('\n').map(line => line.trim())
  return lines.filter(line => line !== '' && !line.startsWith('#'))
}
