import { bareInventory, readInventories } from './inventory/inventory.ts'
import type { Inventory, InventoryHost } from './inventory/inventory_tree.ts'
import { fleetOf, limitedHosts, NO_HOST_HINT } from './inventory/play_hosts.ts'
import { type ConnectionDefaults, targetOf } from './inventory/target.ts'
import { hostLayers, VariableFolders } from './inventory/variable_folders.ts'
import { type BecomeOptions, identityOf } from './playbook/identity.ts'
import { Problems } from './playbook/problems.ts'
import { NO_PLAY, Scopes } from './playbook/scopes.ts'
import { lookUp } from './playbook/variables.ts'
import type { Identity, Target } from './transport/transport.ts'
import type { VaultSecrets } from './yaml/vault.ts'

export interface FleetOptions extends BecomeOptions, ConnectionDefaults {
  /** Files, in the order of their -i. */
  readonly inventories: readonly string[]
  /** Whose hosts there are where no inventory is named. */
  readonly snapshots: { readonly folder: string; readonly hosts: readonly string[] } | undefined
  readonly limit: string | undefined
  /** What opens values and files that ansible-vault has closed. */
  readonly vault?: VaultSecrets | undefined
}

/** A host, how to reach it, and who to look at it as. */
export interface FleetHost {
  readonly name: string
  readonly target: Target
  readonly identity: Identity
}

/** The hosts of inventories without any playbook, after --limit. Throws UserError, or UserErrors: every mistake found. */
export function loadFleet(options: FleetOptions): readonly FleetHost[] {
  const problems = new Problems(options)
  const { inventories, snapshots } = options
  const inventory =
    inventories.length === 0 && snapshots !== undefined
      ? bareInventory(snapshots.hosts, snapshots.folder, problems)
      : readInventories(inventories, problems)
  problems.throwIfAny()
  const names = chosenHosts(inventory, options, problems)
  const scopes = scopesOf(inventory, options, problems)
  const hosts = names.flatMap(name => problems.attempt(() => fleetHost(name, scopes, options)) ?? [])
  problems.throwIfAny()
  return hosts
}

function chosenHosts(
  inventory: Inventory,
  { inventories, limit }: FleetOptions,
  problems: Problems,
): readonly string[] {
  const fleet = fleetOf(inventory)
  if (fleet.hosts.length === 0) problems.add(inventories[0] ?? '-i', 'names no host', NO_HOST_HINT)
  if (limit === undefined) return fleet.groups.get('all') ?? []
  const limited = limitedHosts(limit, fleet, problems)
  const left = (fleet.groups.get('all') ?? []).filter(host => limited.has(host))
  if (left.length === 0 && problems.count === 0) problems.add('--limit', 'leaves no host')
  return left
}

function scopesOf(inventory: Inventory, { inventories }: FleetOptions, problems: Problems): Scopes {
  const folders = new VariableFolders(inventories, undefined, problems)
  folders.checkNames(inventory)
  const hosts = new Map<string, InventoryHost>(inventory.hosts)
  return new Scopes(inventory, hosts, {
    // What ansible has for playbook_dir where there is no playbook: the current folder.
    playbook: '',
    isCheck: true,
    extraVars: [],
    hostLayers: hostLayers(inventory, folders),
  })
}

function fleetHost(name: string, scopes: Scopes, options: FleetOptions): FleetHost {
  const layers = scopes.layers(name, NO_PLAY)
  const origin = (variable: string) => lookUp(layers, variable)
  const scope = scopes.scope(name, NO_PLAY)
  const target = targetOf(name, scope, origin, options)
  const at = { file: name, line: 1, column: 1 }
  return { name, target, identity: identityOf({ at, becomes: [], origin }, scope, target, options) }
}
