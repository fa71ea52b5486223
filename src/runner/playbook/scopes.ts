import { dirname, resolve } from 'node:path'
import type { Inventory, InventoryHost } from '../inventory/inventory_tree.ts'
import type { Scope, Value } from '../template/template.ts'
import { type Layer, lazily, type MagicName, scopeOf } from './variables.ts'

export interface ScopeOptions {
  readonly playbook: string
  readonly isCheck: boolean
  /** From -e: over everything else. */
  readonly extraVars: readonly Layer[]
  /** What the inventory and its folders say of a host. */
  readonly hostLayers: (host: InventoryHost) => readonly Layer[]
}

/** What stands over the host's own variables for one task: those of its play, its play's files, and the task. */
export interface PlaySight {
  readonly hosts: readonly string[]
  readonly layers: readonly Layer[]
}

/** The variables of every host, as the tasks of a run see them. */
export class Scopes {
  readonly #hosts: ReadonlyMap<string, InventoryHost>
  readonly #inventory: Inventory
  readonly #options: ScopeOptions
  readonly #hostLayers = new Map<string, readonly Layer[]>()

  /** `hosts`: those of the inventory, and the implicit localhost where a play names it. */
  constructor(inventory: Inventory, hosts: ReadonlyMap<string, InventoryHost>, options: ScopeOptions) {
    this.#inventory = inventory
    this.#hosts = hosts
    this.#options = options
  }

  /** Lowest precedence first. */
  layers(host: string, sight: PlaySight): readonly Layer[] {
    return [...this.#layersOf(host), ...sight.layers, ...this.#options.extraVars]
  }

  /** `facts` undefined: nothing was observed yet, and ansible_facts is not defined. */
  scope(host: string, sight: PlaySight, facts: Scope | undefined): Scope {
    const found: Magic = facts === undefined ? {} : { ansible_facts: () => facts }
    return scopeOf(this.layers(host, sight), {
      ...this.#magic(host, sight),
      hostvars: () => this.#hostvars(),
      ...found,
    })
  }

  #magic(host: string, sight: PlaySight): Magic {
    const { folder, groups = [] } = this.#hosts.get(host) ?? {}
    return {
      inventory_hostname: () => host,
      inventory_hostname_short: () => host.replace(/\..*$/, ''),
      inventory_dir: () => folder ?? null,
      groups: () =>
        Object.fromEntries([...this.#inventory.groups.values()].map(group => [group.name, group.hosts])),
      group_names: () => groups.filter(group => group !== 'all').toSorted(),
      playbook_dir: () => resolve(dirname(this.#options.playbook)),
      ansible_play_hosts: () => sight.hosts,
      ansible_check_mode: () => this.#options.isCheck,
    }
  }

  /** Variables of the inventory only: what the plays set is the reader's own. */
  #hostvars(): Value {
    const alone: PlaySight = { hosts: [], layers: [] }
    const makers = [...this.#hosts.keys()].map((host): [string, () => Value] => {
      return [host, () => scopeOf(this.layers(host, alone), this.#magic(host, alone))]
    })
    return lazily(new Map(makers))
  }

  #layersOf(host: string): readonly Layer[] {
    const known = this.#hostLayers.get(host)
    if (known) return known
    const found = this.#hosts.get(host)
    const layers = found ? this.#options.hostLayers(found) : []
    this.#hostLayers.set(host, layers)
    return layers
  }
}

type Magic = Readonly<Partial<Record<MagicName, () => Value>>>
