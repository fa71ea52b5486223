import { asMap, readKeys } from '../playbook/shape.ts'
import { readVariables } from '../playbook/variables.ts'
import { type Entry, isNothing, type Node } from '../yaml/yaml_node.ts'
import type { InventoryBuilder, Origin } from './inventory_builder.ts'

/** An inventory as Ansible's YAML form has it: groups, each with hosts, vars and children. */
export function readYamlInventory(tree: Node, origin: Origin, builder: InventoryBuilder): undefined {
  if (isNothing(tree)) return
  const map = asMap(tree, 'an inventory', builder.problems)
  const plugin = map?.entries.find(({ key }) => key === 'plugin')
  if (plugin) return builder.problems.add(plugin.keyAt, NO_PLUGINS, PLUGINS_HINT)
  for (const entry of map?.entries ?? []) {
    if (GROUP_WORDS.known.includes(entry.key))
      builder.problems.add(
        entry.keyAt,
        `${entry.key} belongs to a group, and at the top of an inventory stand groups`,
        'put it under all:',
      )
    else readGroup(entry, { origin, builder })
  }
}

const NO_PLUGINS = 'inventory plugins are not supported'
const PLUGINS_HINT = 'let ansible-inventory --list write it: an executable that prints JSON is an inventory'

const GROUP_WORDS = { of: 'a group', known: ['hosts', 'vars', 'children'] }

interface Reading {
  readonly origin: Origin
  readonly builder: InventoryBuilder
}

/** The words in the order they are written: the hosts that come first in the file come first in the inventory. */
function readGroup(entry: Entry, reading: Reading): void {
  const { key: name, value: node } = entry
  const { problems } = reading.builder
  if (!reading.builder.addGroup(name, entry.keyAt)) return
  const map = isNothing(node) ? undefined : asMap(node, `the group "${name}"`, problems)
  for (const word of map ? readKeys(map, GROUP_WORDS, problems).values() : [])
    PARTS[word.key]?.(word, name, reading)
}

const PARTS: Readonly<Record<string, (entry: Entry, group: string, reading: Reading) => void>> = {
  vars: ({ value }, group, { builder }) =>
    builder.setGroupVariables(group, readVariables(value, 'vars', 'inventory', builder.problems)),
  hosts: (entry, group, reading) => {
    for (const host of entriesBelow(entry, 'write each host as "NAME:"', reading))
      readHost(host, group, reading)
  },
  children: (entry, group, reading) => {
    for (const child of entriesBelow(entry, 'write each child as "NAME:"', reading)) {
      readGroup(child, reading)
      reading.builder.addChild(group, child.key, child.keyAt)
    }
  },
}

function entriesBelow({ key, value }: Entry, hint: string, { builder }: Reading): readonly Entry[] {
  if (isNothing(value)) return []
  if (value.kind === 'map') return value.entries
  // Ansible takes a lone name for a mapping of it.
  if (value.kind === 'scalar' && typeof value.value === 'string')
    return [{ key: value.value, keyAt: value.at, value: { ...value, value: null, source: '' } }]
  builder.problems.add(value.at, `${key} must be a mapping`, hint)
  return []
}

function readHost(entry: Entry, group: string, { origin, builder }: Reading): void {
  const variables = readVariables(entry.value, `the host "${entry.key}"`, 'inventory', builder.problems)
  builder.setHostVariables(builder.addHosts(entry.key, group, entry.keyAt, origin), variables)
}
