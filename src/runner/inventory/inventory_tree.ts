import type { Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import type { Layer, Variable } from '../playbook/variables.ts'
import type { Node } from '../yaml/yaml_node.ts'

/** Groups and hosts as one file after the other names them. */
export interface RawGroup {
  readonly name: string
  /** Those that are named in it itself. */
  readonly hosts: Set<string>
  /** Names, and where each was given. */
  readonly children: Map<string, Position>
  readonly vars: Map<string, Variable>
}

export interface RawHost {
  readonly name: string
  /** Where it is named first. */
  readonly at: Position
  readonly folder: string | undefined
  readonly file: string
  /** Behind its name. */
  readonly port: number | undefined
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
  /** Its own first, then those of its children, level by level. */
  readonly hosts: readonly string[]
  /** Those that are named in it itself. */
  readonly ownHosts: readonly string[]
  readonly children: readonly string[]
  readonly priority: number
  readonly vars: Layer
}

export interface InventoryHost {
  readonly name: string
  /** Every group it is in, also through children; where variables clash, a later group wins. `all` comes first. */
  readonly groups: readonly string[]
  readonly vars: Layer
  /** Of the inventory file that names it first; undefined for the implicit localhost. */
  readonly folder: string | undefined
  readonly file?: string | undefined
}

/** Joins what the files say: every group is below `all`, and a host in no other group is `ungrouped`. */
export function joinInventory(
  named: ReadonlyMap<string, RawGroup>,
  hosts: ReadonlyMap<string, RawHost>,
  problems: Problems,
): Inventory {
  if (noteCircles(named, problems)) return { groups: new Map(), hosts: new Map() }
  const groups = reconciled(named, hosts)
  const parents = parentsOf(groups)
  const order = precedenceOf(groups, parents)
  return {
    groups: new Map([...groups].map(([name, group]) => [name, groupOf(group, groups)])),
    hosts: new Map(
      [...hosts].map(([name, host]) => {
        const members = groupsOf(name, groups, parents)
        return [
          name,
          hostOf(
            host,
            order.filter(group => members.has(group)),
          ),
        ]
      }),
    ),
  }
}

type RawGroups = ReadonlyMap<string, RawGroup>
type Parents = ReadonlyMap<string, readonly string[]>

function noteCircles(groups: RawGroups, problems: Problems): boolean {
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

/** Groups without a parent go below `all`, hosts without a group into `ungrouped` (inventory/data.py, reconcile_inventory). */
function reconciled(named: RawGroups, hosts: ReadonlyMap<string, RawHost>): RawGroups {
  const parents = parentsOf(named)
  const orphans = [...named.keys()].filter(name => name !== 'all' && !parents.has(name))
  const grouped = new Set(
    [...named.values()]
      .filter(({ name }) => name !== 'all' && name !== 'ungrouped')
      .flatMap(group => [...group.hosts]),
  )
  const first = named.get('ungrouped')?.hosts ?? new Set()
  const alone = [...first, ...hosts.keys()].filter(name => !grouped.has(name))
  const groups = new Map(named)
  for (const group of named.values()) {
    if (group.name === 'ungrouped') groups.set('ungrouped', { ...group, hosts: new Set(alone) })
    if (group.name !== 'all') continue
    const children = new Map(group.children)
    for (const orphan of orphans) children.set(orphan, { file: 'inventory', line: 1, column: 1 })
    groups.set('all', { ...group, children })
  }
  return groups
}

function parentsOf(groups: RawGroups): Parents {
  const parents = new Map<string, string[]>()
  for (const group of groups.values()) {
    for (const child of group.children.keys()) parents.set(child, [...(parents.get(child) ?? []), group.name])
  }
  return parents
}

function groupsOf(host: string, groups: RawGroups, parents: Parents): ReadonlySet<string> {
  const found = new Set(['all'])
  const enter = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const parent of parents.get(name) ?? []) enter(parent)
  }
  for (const group of groups.values()) if (group.hosts.has(host)) enter(group.name)
  return found
}

/** Parents before children; within one depth by ansible_group_priority, then by name (inventory/helpers.py, sort_groups). */
function precedenceOf(groups: RawGroups, parents: Parents): readonly string[] {
  const depths = new Map<string, number>()
  const depthOf = (name: string): number => {
    const known = depths.get(name)
    if (known !== undefined) return known
    const depth = name === 'all' ? 0 : 1 + Math.max(0, ...(parents.get(name) ?? []).map(depthOf))
    depths.set(name, depth)
    return depth
  }
  const priority = (name: string): number => priorityOf(groups.get(name))
  return [...groups.keys()].sort(
    (a, b) => depthOf(a) - depthOf(b) || priority(a) - priority(b) || (a < b ? -1 : 1),
  )
}

function priorityOf(group: RawGroup | undefined): number {
  const node = group?.vars.get('ansible_group_priority')?.node
  return node?.kind === 'scalar' && node.value !== null && Number.isInteger(Number(node.value))
    ? Number(node.value)
    : 1
}

function groupOf(group: RawGroup, groups: RawGroups): Group {
  const vars = new Map(group.vars)
  // Ansible takes it for itself: it is no variable of the hosts.
  vars.delete('ansible_group_priority')
  return {
    name: group.name,
    hosts: hostsBelow(group, groups),
    ownHosts: [...group.hosts],
    children: [...group.children.keys()],
    priority: priorityOf(group),
    vars,
  }
}

/** Breadth first, as Ansible walks the children (inventory/group.py, _walk_relationship). */
function hostsBelow(top: RawGroup, groups: RawGroups): readonly string[] {
  const seen = new Set([top.name])
  const hosts = new Set<string>()
  for (let level = [top]; level.length > 0; ) {
    for (const group of level) for (const host of group.hosts) hosts.add(host)
    const next = level.flatMap(group => [...group.children.keys()]).filter(name => !seen.has(name))
    for (const name of next) seen.add(name)
    level = [...new Set(next)].flatMap(name => groups.get(name) ?? [])
  }
  return [...hosts]
}

function hostOf({ name, at, port, folder, file, vars }: RawHost, groups: readonly string[]): InventoryHost {
  const own = new Map(vars)
  if (port !== undefined && !own.has('ansible_port')) own.set('ansible_port', numberAt(port, at))
  return { name, groups, folder, file, vars: own }
}

function numberAt(value: number, at: Position): Variable {
  const node: Node = { kind: 'scalar', at, textAt: at, value, source: String(value) }
  return { at, keyAt: at, node, templates: [], templateOf: () => undefined, render: () => value }
}
