import { dirname, resolve } from 'node:path'
import type { Problems } from '../playbook/problems.ts'
import { asMap, readKeys } from '../playbook/shape.ts'
import { readVariables } from '../playbook/variables.ts'
import { isDirectory, isExecutable, readTextFile } from '../yaml/files.ts'
import { parseYaml } from '../yaml/yaml.ts'
import { type Entry, isNothing, type Node } from '../yaml/yaml_node.ts'
import { expandHostRange } from './host_ranges.ts'
import { type Group, type Inventory, joinInventory, type RawGroup, type RawHost } from './inventory_tree.ts'

export type { Group, Inventory }

/** Reads inventory files, as Ansible's YAML inventory has them; a host or group in several places is one. */
export function readInventories(paths: readonly string[], problems: Problems): Inventory {
  const reading: Reading = { problems, groups: new Map(), hosts: new Map(), folder: '' }
  groupNamed('all', reading)
  groupNamed('ungrouped', reading)
  for (const path of paths) {
    const tree = readInventoryFile(path, problems)
    if (tree) readTop(tree, { ...reading, folder: resolve(dirname(path)) })
  }
  return joinInventory(reading.groups, reading.hosts, problems)
}

/** Hosts of which nothing is known but their names. */
export function bareInventory(names: readonly string[], file: string, problems: Problems): Inventory {
  const reading: Reading = { problems, groups: new Map(), hosts: new Map(), folder: resolve(file) }
  const all = groupNamed('all', reading)
  groupNamed('ungrouped', reading)
  for (const name of names) {
    const at = { file, line: 1, column: 1 }
    reading.hosts.set(name, { name, at, folder: reading.folder, vars: new Map() })
    all.hosts.add(name)
  }
  return joinInventory(reading.groups, reading.hosts, problems)
}

interface Reading {
  readonly problems: Problems
  readonly groups: Map<string, RawGroup>
  readonly hosts: Map<string, RawHost>
  /** Of the file being read. */
  readonly folder: string
}

function readInventoryFile(path: string, problems: Problems): Node | undefined {
  if (isDirectory(path))
    problems.add(path, 'a directory of inventories is not supported yet', 'name its files, each with -i')
  else if (/\.(ini|cfg)$/.test(path)) problems.add(path, NO_INI, YAML_HINT)
  else if (isExecutable(path) && !/\.(ya?ml|json)$/.test(path)) {
    problems.add(path, 'an executable inventory is not supported yet', 'write it as YAML')
  } else return parseInventory(path, problems)
  return undefined
}

const NO_INI = 'an inventory in INI form is not supported yet'
const YAML_HINT = 'inventories are YAML here: all: {children: {GROUP: {hosts: {NAME: }}}}'

function parseInventory(path: string, problems: Problems): Node | undefined {
  const text = readTextFile(path, problems)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  const index = lines.findIndex(line => !/^\s*([#;]|$)/.test(line))
  return INI_LINE.test(lines[index] ?? '')
    ? problems.add({ file: path, line: index + 1, column: 1 }, NO_INI, YAML_HINT)
    : parseYaml(text, path, problems)
}

/** `[group]`, `[group:vars]`, or a host with its variables: `lab ansible_host=10.0.0.1`. */
const INI_LINE = /^\[[\w.:-]+\]\s*([#;].*)?$|^[\w.-]+(\s+\w+=\S*)+\s*$/

function readTop(tree: Node, reading: Reading): void {
  if (isNothing(tree)) return
  const map = asMap(tree, 'an inventory', reading.problems)
  for (const entry of map?.entries ?? []) {
    if (GROUP_WORDS.known.includes(entry.key))
      reading.problems.add(
        entry.keyAt,
        `${entry.key} belongs to a group, and at the top of an inventory stand groups`,
        'put it under all:',
      )
    else readGroup(entry, reading)
  }
}

const GROUP_WORDS = { of: 'a group', known: ['hosts', 'vars', 'children'] }

function readGroup(entry: Entry, reading: Reading): undefined {
  const { key: name, value: node } = entry
  if (!isName(name)) return reading.problems.add(entry.keyAt, `"${name}" is no group name`, NAME_HINT)
  const group = groupNamed(name, reading)
  const map = isNothing(node) ? undefined : asMap(node, `the group "${name}"`, reading.problems)
  const keys = map ? readKeys(map, GROUP_WORDS, reading.problems) : new Map<string, Entry>()
  const vars = keys.get('vars')
  if (vars) {
    const read = readVariables(vars.value, 'vars', 'inventory', reading.problems)
    for (const [variable, value] of read) group.vars.set(variable, value)
  }
  for (const host of entriesBelow(keys.get('hosts'), 'write each host as "NAME:"', reading))
    readHost(host, group, reading)
  for (const child of entriesBelow(keys.get('children'), 'write each child as "NAME:"', reading)) {
    if (child.key === 'all') reading.problems.add(child.keyAt, 'the group "all" is above every other group')
    else group.children.set(child.key, child.keyAt)
    readGroup(child, reading)
  }
}

function entriesBelow(entry: Entry | undefined, hint: string, { problems }: Reading): readonly Entry[] {
  if (entry === undefined || isNothing(entry.value)) return []
  if (entry.value.kind === 'map') return entry.value.entries
  problems.add(entry.value.at, `${entry.key} must be a mapping`, hint)
  return []
}

function readHost(entry: Entry, group: RawGroup, reading: Reading): undefined {
  const names = expandHostRange(entry.key)
  if (names.why !== undefined) return reading.problems.add(entry.keyAt, names.why)
  const vars = readVariables(entry.value, `the host "${entry.key}"`, 'inventory', reading.problems)
  for (const name of names.hosts) {
    if (!isName(name)) reading.problems.add(entry.keyAt, `"${name}" is no host name`, NAME_HINT)
    const host = reading.hosts.get(name) ?? { name, at: entry.keyAt, folder: reading.folder, vars: new Map() }
    reading.hosts.set(name, host)
    group.hosts.add(name)
    for (const [variable, value] of vars) host.vars.set(variable, value)
  }
}

function groupNamed(name: string, { groups }: Reading): RawGroup {
  const group = groups.get(name) ?? { name, hosts: new Set(), children: new Map(), vars: new Map() }
  groups.set(name, group)
  return group
}

/** What has a meaning in patterns cannot be part of a name. */
const isName = (name: string): boolean => /^[^\s,!&~*?@[\]]+$/.test(name)
const NAME_HINT = 'names hold no spaces and none of , ! & ~ * ? @ [ ]'
