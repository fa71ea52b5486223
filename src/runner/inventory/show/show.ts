import { UserError } from '../../../errors.ts'
import { didYouMean } from '../../../nearest.ts'
import { readExtraVars } from '../../playbook/extra_vars.ts'
import { Problems } from '../../playbook/problems.ts'
import type { VaultSecrets } from '../../yaml/vault.ts'
import { readInventories } from '../inventory.ts'
import { selectHosts } from '../patterns.ts'
import { fleetOf, limitedHosts } from '../play_hosts.ts'
import { graphOf } from './graph.ts'
import { toJson } from './json.ts'
import { listTree, nestedTree } from './list.ts'
import { mapNode, type ShownInventory, shownInventory } from './shown_inventory.ts'
import { toYaml } from './yaml.ts'

export interface ShowOptions {
  readonly inventories: readonly string[]
  readonly limit: string | undefined
  readonly extraVars: readonly string[]
  /** Where group_vars and host_vars of the plays are. */
  readonly playbookFolder: string | undefined
  readonly vault: VaultSecrets | undefined
}

export type Wanted =
  | { readonly kind: 'list'; readonly form: 'json' | 'yaml' }
  | { readonly kind: 'host'; readonly name: string; readonly form: 'json' | 'yaml' }
  | { readonly kind: 'graph'; readonly group: string; readonly withVariables: boolean }

/** What ansible-inventory prints for the same inventories. Throws UserError, or UserErrors: every mistake found. */
export function showInventory(wanted: Wanted, options: ShowOptions): string {
  const problems = new Problems(options)
  const inventory = readInventories(options.inventories, problems)
  const extraVars = readExtraVars(options.extraVars, problems)
  problems.throwIfAny()
  const fleet = fleetOf(inventory)
  const limited = options.limit === undefined ? undefined : limitedHosts(options.limit, fleet, problems)
  const hosts = (fleet.groups.get('all') ?? []).filter(host => limited?.has(host) ?? true)
  const shown = shownInventory(inventory, new Set(hosts), { ...options, extraVars }, problems)
  const text = problems.count === 0 ? textOf(wanted, shown) : ''
  problems.throwIfAny()
  return text.endsWith('\n') ? text : `${text}\n`
}

function textOf(wanted: Wanted, shown: ShownInventory): string {
  if (wanted.kind === 'graph') return graphOf(groupNamed(wanted.group, shown), shown, wanted.withVariables)
  if (wanted.kind === 'host')
    return FORMS[wanted.form](mapNode(shown.hostVariables(hostNamed(wanted.name, shown))))
  return wanted.form === 'json' ? toJson(listTree(shown)) : toYaml(nestedTree(shown))
}

const FORMS = { json: toJson, yaml: toYaml }

function groupNamed(name: string, { inventory }: ShownInventory): string {
  if (inventory.groups.has(name)) return name
  throw new UserError({
    where: '--graph',
    why: `there is no group "${name}"`,
    hint: didYouMean(name, [...inventory.groups.keys()]),
  })
}

function hostNamed(pattern: string, { inventory }: ShownInventory): string {
  const { hosts, mistakes } = selectHosts(pattern, fleetOf(inventory))
  const [host, ...others] = hosts.filter(name => inventory.hosts.has(name))
  const [mistake = { why: `there is no host "${pattern}"` }] = mistakes
  if (host === undefined) throw new UserError({ where: '--host', ...mistake })
  if (others.length === 0) return host
  throw new UserError({ where: '--host', why: `"${pattern}" is more than one host`, hint: 'use --list' })
}
