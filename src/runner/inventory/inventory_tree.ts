import type { Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import type { Layer, Variable } from '../playbook/variables.ts'

/** Groups and hosts as one file after the other names them. */
export interface RawGroup {
  readonly name: string
  readonly hosts: Set<string>
  /** Names, and where each was given. */
  readonly children: Map<string, Position>
  readonly vars: Map<string, Variable>
}

export interface RawHost {
  readonly name: string
  /** Where it is named first. */
  readonly at: Position
  readonly folder: string
  readonly vars: Map<string, Variable>
}

export interface Inventory {
  /** `all` and `ungrouped` included. */
  readonly groups: ReadonlyMap<string, Group>
  /** In the order of their first appearance. */
  readonly hosts: ReadonlyMap<string, InventoryHost>
}

export interface Group {
  readonly name: string
  /** With those of its children, in inventory order. */
  readonly hosts: readonly string[]
  readonly vars: Layer
}

export interface InventoryHost {
  readonly name: string
  /** Every group it is in, also through children; where variables clash, a later group wins. `all` comes first. */
  readonly groups: readonly string[]
  readonly vars: Layer
  /** Of the inventory file that names it first; undefined for the implicit localhost. */
  readonly folder: string | undefined
}

/** Joins what the files say: every group is below `all`, and a host in no other group is `ungrouped`. */
export function joinInventory(
  groups: ReadonlyMap<string, RawGroup>,
  hosts: ReadonlyMap<string, RawHost>,
  problems: Problems,
): Inventory {
  noteTwins(groups, hosts, problems)
  if (noteCircles(groups, problems)) return { groups: new Map(), hosts: new Map() }
  const parents = parentsOf(groups)
  const members = new Map<string, ReadonlySet<string>>()
  for (const host of hosts.keys()) members.set(host, groupsOf(host, groups, parents))
  const order = precedenceOf(groups, parents)
  return {
    groups: new Map(
      [...groups].map(([name, { vars }]) => [name, { name, vars, hosts: hostsIn(name, members) }]),
    ),
    hosts: new Map(
      [...hosts].map(([name, host]) => {
        const inGroups = order.filter(group => members.get(name)?.has(group))
        return [name, { ...host, groups: inGroups }]
      }),
    ),
  }
}

type Parents = ReadonlyMap<string, readonly string[]>

/** A pattern could mean either; Ansible warns and takes the group. */
function noteTwins(
  groups: ReadonlyMap<string, RawGroup>,
  hosts: ReadonlyMap<string, RawHost>,
  problems: Problems,
): void {
  for (const { name, at } of hosts.values())
    if (groups.has(name)) problems.add(at, `"${name}" is a host and a group`, 'rename one of them')
}

function noteCircles(groups: ReadonlyMap<string, RawGroup>, problems: Problems): boolean {
  const before = problems.count
  const done = new Set<string>()
  const walk = (name: string, chain: readonly string[]): void => {
    for (const [child, at] of groups.get(name)?.children ?? []) {
      if ([...chain, name].includes(child))
        problems.add(at, `the group "${child}" is its own child: ${[...chain, name, child].join(' → ')}`)
      else if (!done.has(child)) walk(child, [...chain, name])
    }
    done.add(name)
  }
  for (const name of groups.keys()) if (!done.has(name)) walk(name, [])
  return problems.count > before
}

function parentsOf(groups: ReadonlyMap<string, RawGroup>): Parents {
  const parents = new Map<string, string[]>()
  for (const group of groups.values()) {
    for (const child of group.children.keys()) parents.set(child, [...(parents.get(child) ?? []), group.name])
  }
  return parents
}

function groupsOf(
  host: string,
  groups: ReadonlyMap<string, RawGroup>,
  parents: Parents,
): ReadonlySet<string> {
  const found = new Set(['all'])
  const enter = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const parent of parents.get(name) ?? []) enter(parent)
  }
  for (const group of groups.values()) if (group.hosts.has(host)) enter(group.name)
  if (found.size === 1) found.add('ungrouped')
  else if (found.size > 2) found.delete('ungrouped')
  return found
}

/** Parents before children; within one depth by ansible_group_priority, then by name (Ansible's group sorting). */
function precedenceOf(groups: ReadonlyMap<string, RawGroup>, parents: Parents): readonly string[] {
  const depths = new Map<string, number>()
  const depthOf = (name: string): number => {
    const known = depths.get(name)
    if (known !== undefined) return known
    const depth = name === 'all' ? 0 : 1 + Math.max(0, ...(parents.get(name) ?? []).map(depthOf))
    depths.set(name, depth)
    return depth
  }
  const priority = (name: string): number => {
    const node = groups.get(name)?.vars.get('ansible_group_priority')?.node
    return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : 1
  }
  return [...groups.keys()].sort(
    (a, b) => depthOf(a) - depthOf(b) || priority(a) - priority(b) || (a < b ? -1 : 1),
  )
}

const hostsIn = (group: string, members: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] =>
  [...members].filter(([, groups]) => groups.has(group)).map(([host]) => host)
