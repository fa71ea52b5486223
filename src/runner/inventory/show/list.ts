import type { Node } from '../../yaml/yaml_node.ts'
import { listNode, mapNode, type ShownInventory } from './shown_inventory.ts'

/** What `--list` shows as JSON: each group once, and under _meta what each host has; an executable inventory prints the same. */
export function listTree(shown: ShownInventory): Node {
  const groups = new Map<string, Node>()
  const enter = (name: string): void => {
    const group = shown.inventory.groups.get(name)
    if (group === undefined || groups.has(name)) return
    const hosts = name === 'all' ? [] : group.ownHosts.filter(host => shown.hosts.has(host))
    const parts = [
      ...(hosts.length > 0 ? [['hosts', listNode(hosts)] as const] : []),
      ...(group.children.length > 0 ? [['children', listNode(group.children)] as const] : []),
    ]
    groups.set(name, mapNode(parts))
    for (const child of group.children) enter(child)
  }
  enter('all')
  const meta = mapNode([['hostvars', mapNode(hostsWithVariables(shown))]])
  return mapNode([...[...groups].filter(([, group]) => !isEmpty(group)), ['_meta', meta]])
}

const hostsWithVariables = (shown: ShownInventory): readonly (readonly [string, Node])[] =>
  [...shown.hosts]
    .map(host => [host, mapNode(shown.hostVariables(host))] as const)
    .filter(([, variables]) => !isEmpty(variables))

const isEmpty = (node: Node): boolean => node.kind === 'map' && node.entries.length === 0

/** What `--list --yaml` shows: groups within groups, and each host's variables where it stands first. */
export function nestedTree(shown: ShownInventory): Node {
  const seen = new Set<string>()
  const groupTree = (name: string): Node => {
    const group = shown.inventory.groups.get(name)
    const children = mapNode((group?.children ?? []).map(child => [child, groupTree(child)] as const))
    const own = name === 'all' ? [] : (group?.ownHosts ?? []).filter(host => shown.hosts.has(host))
    const hosts = mapNode(
      own.map(host => {
        const variables = seen.has(host) ? [] : shown.hostVariables(host)
        seen.add(host)
        return [host, mapNode(variables)] as const
      }),
    )
    const parts = [['children', children] as const, ['hosts', hosts] as const]
    return mapNode(parts.filter(([, part]) => !isEmpty(part)))
  }
  return mapNode([['all', groupTree('all')]])
}
