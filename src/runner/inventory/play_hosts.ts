import type { PlaySource } from '../playbook/playbook.ts'
import type { Problems } from '../playbook/problems.ts'
import { readTextFile } from '../yaml/files.ts'
import type { Inventory } from './inventory_tree.ts'
import { type Fleet, selectHosts } from './patterns.ts'

/** The hosts of each play, after --limit, in inventory order. */
export function choosePlayHosts(
  plays: readonly PlaySource[],
  inventory: Inventory,
  limit: string | undefined,
  problems: Problems,
): ReadonlyMap<PlaySource, readonly string[]> {
  const fleet: Fleet = {
    hosts: [...inventory.hosts.keys()],
    groups: new Map([...inventory.groups].map(([name, group]) => [name, group.hosts])),
  }
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
  // A run of nothing at all would look like success.
  const isIdle = plays.length > 0 && [...chosen.values()].every(hosts => hosts.length === 0)
  if (isIdle && limited && limited.size > 0) problems.add('--limit', 'leaves no host of any play')
  return chosen
}

function limitedHosts(limit: string, fleet: Fleet, problems: Problems): ReadonlySet<string> {
  const before = problems.count
  const pattern = limit
    .split(',')
    .flatMap(piece => (piece.trim().startsWith('@') ? linesOf(piece.trim().slice(1), problems) : [piece]))
  if (problems.count > before) return new Set()
  const { hosts, mistakes } = selectHosts(pattern.join(','), fleet)
  for (const { why, hint } of mistakes) problems.add('--limit', why, hint)
  return new Set(hosts)
}

/** One pattern a line, as in the file that `--limit @file` names. */
function linesOf(path: string, problems: Problems): readonly string[] {
  const lines = (readTextFile(path, problems, '--limit') ?? '').split('\n').map(line => line.trim())
  return lines.filter(line => line !== '' && !line.startsWith('#'))
}
