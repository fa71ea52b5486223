import type { Problems } from '../../playbook/problems.ts'
import type { Layer } from '../../playbook/variables.ts'
import type { MapNode, Node } from '../../yaml/yaml_node.ts'
import type { Inventory } from '../inventory_tree.ts'
import { hostLayers, VariableFolders } from '../variable_folders.ts'

/** An inventory as ansible-inventory shows it: every value as it is written, templates not rendered. */
export interface ShownInventory {
  readonly inventory: Inventory
  /** Those that --limit leaves. */
  readonly hosts: ReadonlySet<string>
  /** All that a host has, of its groups and files too, by name. */
  hostVariables(host: string): ReadonlyMap<string, Node>
  groupVariables(group: string): ReadonlyMap<string, Node>
}

export interface ShownFrom {
  readonly inventories: readonly string[]
  /** Where group_vars and host_vars of the plays are. */
  readonly playbookFolder: string | undefined
  readonly extraVars: readonly Layer[]
}

export function shownInventory(
  inventory: Inventory,
  hosts: ReadonlySet<string>,
  { inventories, playbookFolder, extraVars }: ShownFrom,
  problems: Problems,
): ShownInventory {
  const place = playbookFolder === undefined ? undefined : { folder: playbookFolder }
  const folders = new VariableFolders(inventories, place, problems)
  folders.checkNames(inventory)
  const layersOf = hostLayers(inventory, folders)
  return {
    inventory,
    hosts,
    hostVariables(name) {
      const host = inventory.hosts.get(name)
      return merged([...(host ? layersOf(host) : []), ...extraVars])
    },
    groupVariables(name) {
      const group = inventory.groups.get(name)
      const variables = merged([...(group ? [group.vars] : []), ...folders.groupLayers([name])])
      if (group === undefined || group.priority === 1) return variables
      return new Map([...variables, ['ansible_group_priority', numberNode(group.priority)]])
    },
  }
}

const merged = (layers: readonly Layer[]): ReadonlyMap<string, Node> =>
  new Map(layers.flatMap(layer => [...layer].map(([name, { node }]): [string, Node] => [name, node])))

const NOWHERE = { file: 'inventory', line: 1, column: 1 }

/** For what the program itself says among the values of files. */
export const mapNode = (entries: Iterable<readonly [string, Node]>): MapNode => ({
  kind: 'map',
  at: NOWHERE,
  entries: [...entries].map(([key, value]) => ({ key, keyAt: NOWHERE, value })),
})

export const listNode = (texts: readonly string[]): Node => ({
  kind: 'list',
  at: NOWHERE,
  items: texts.map(text => ({ kind: 'scalar', at: NOWHERE, textAt: NOWHERE, value: text, source: text })),
})

const numberNode = (value: number): Node => ({
  kind: 'scalar',
  at: NOWHERE,
  textAt: NOWHERE,
  value,
  source: String(value),
})

/** As Python sorts strings: by code point. */
export const byKey = <T>(entries: Iterable<readonly [string, T]>): readonly (readonly [string, T])[] =>
  [...entries].sort(([a], [b]) => compareCodePoints(a, b))

function compareCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  const index = left.findIndex((sign, at) => sign !== right[at])
  if (index === -1) return left.length - right.length
  return (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? -1)
}
