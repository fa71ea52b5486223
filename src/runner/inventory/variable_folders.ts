import { dirname, join, resolve } from 'node:path'
import { looksLikeSlip } from '../../nearest.ts'
import type { Problems } from '../playbook/problems.ts'
import { type Layer, readVariables } from '../playbook/variables.ts'
import { isDirectory, namesWithVariables, readYamlFile, variableFiles } from '../yaml/files.ts'
import { isHostList } from './inventory.ts'
import type { Inventory, InventoryHost } from './inventory_tree.ts'

/**
 * The variables a host has before any play, lowest precedence first: groups in the inventory, group_vars/all,
 * group_vars/GROUP, the host in the inventory, host_vars/HOST. The playbook's folders win over the inventory's
 * (ansible/ansible, lib/ansible/vars/manager.py, get_vars).
 */
export function hostLayers(
  inventory: Inventory,
  folders: VariableFolders,
): (host: InventoryHost) => readonly Layer[] {
  return host => {
    const others = host.groups.filter(group => group !== 'all')
    return [
      ...host.groups.flatMap(group => inventory.groups.get(group)?.vars ?? []),
      ...folders.groupLayers(['all']),
      ...folders.groupLayers(others),
      host.vars,
      ...folders.hostLayers(host.name),
    ]
  }
}

/** group_vars and host_vars beside the inventories and beside the playbook; each file is read once. */
export class VariableFolders {
  readonly #folders: readonly string[]
  readonly #problems: Problems
  readonly #layers = new Map<string, readonly Layer[]>()

  /** `playbook`: its file, or the folder of plays that are not read. */
  constructor(
    inventories: readonly string[],
    playbook: string | { readonly folder: string } | undefined,
    problems: Problems,
  ) {
    const byPlace = new Map<string, string>()
    const files = inventories.filter(path => !isHostList(path))
    const plays = typeof playbook === 'string' ? dirname(playbook) : playbook?.folder
    // A folder of inventories holds the variables of its hosts itself.
    const folders = files.map(path => (isDirectory(path) ? path : dirname(path)))
    for (const folder of plays === undefined ? folders : [...folders, plays]) {
      const place = resolve(folder)
      byPlace.delete(place)
      byPlace.set(place, folder)
    }
    this.#folders = [...byPlace.values()]
    this.#problems = problems
  }

  groupLayers(groups: readonly string[]): readonly Layer[] {
    return this.#folders.flatMap(folder =>
      groups.flatMap(group => this.#read(join(folder, 'group_vars'), group)),
    )
  }

  hostLayers(host: string): readonly Layer[] {
    return this.#folders.flatMap(folder => this.#read(join(folder, 'host_vars'), host))
  }

  /** A file for a group or a host that is not there is never read; where its name is nearly right, that is a mistake. */
  checkNames(inventory: Inventory): void {
    const kinds = [
      { kind: 'group', names: [...inventory.groups.keys()] },
      { kind: 'host', names: [...inventory.hosts.keys()] },
    ]
    for (const folder of this.#folders)
      for (const { kind, names } of kinds)
        for (const { name, path } of namesWithVariables(join(folder, `${kind}_vars`), this.#problems)) {
          const hint = names.includes(name) ? undefined : looksLikeSlip(name, names)
          if (hint) this.#problems.add(path, `there is no ${kind} "${name}"`, hint)
        }
  }

  #read(folder: string, name: string): readonly Layer[] {
    const path = join(folder, name)
    const known = this.#layers.get(path)
    if (known) return known
    const layers = variableFiles(folder, name, this.#problems).flatMap(file => {
      const tree = readYamlFile(file, this.#problems)
      return tree ? [readVariables(tree, 'a file of variables', 'inventory', this.#problems)] : []
    })
    this.#layers.set(path, layers)
    return layers
  }
}
