import { dirname, isAbsolute, join } from 'node:path'
import type { Module } from '../modules/define.ts'
import { bareInventory, readInventories } from './inventory/inventory.ts'
import type { Inventory, InventoryHost } from './inventory/inventory_tree.ts'
import { choosePlayHosts } from './inventory/play_hosts.ts'
import { type ConnectionDefaults, targetOf } from './inventory/target.ts'
import { hostLayers, VariableFolders } from './inventory/variable_folders.ts'
import { type Binding, bindTask, taskIdentity } from './playbook/bind_task.ts'
import { checkTasks, type TaskCheck } from './playbook/check_task.ts'
import { readExtraVars } from './playbook/extra_vars.ts'
import { handlerName } from './playbook/handlers.ts'
import type { BecomeOptions } from './playbook/identity.ts'
import { type PlaySource, readPlaybook } from './playbook/playbook.ts'
import { Problems } from './playbook/problems.ts'
import { type PlaySight, Scopes } from './playbook/scopes.ts'
import type { TaskSource } from './playbook/tasks.ts'
import { templated } from './playbook/templated.ts'
import { checkUnread } from './playbook/unread_variables.ts'
import { type Layer, lookUp, readVariables } from './playbook/variables.ts'
import type { Play, Run, Task } from './run_types.ts'
import type { Scope, Template } from './template/template.ts'
import type { Target } from './transport/transport.ts'
import { readYamlFile } from './yaml/files.ts'
import { textNode } from './yaml/yaml_node.ts'

export interface LoadOptions extends BecomeOptions, ConnectionDefaults {
  readonly playbook: string
  /** Files, in the order of their -i. */
  readonly inventories: readonly string[]
  /** Whose hosts there are where no inventory is named. */
  readonly snapshots?: { readonly folder: string; readonly hosts: readonly string[] } | undefined
  readonly limit: string | undefined
  /** Texts of -e: `name=value …`, `{…}` in JSON or YAML, `@file`. */
  readonly extraVars: readonly string[]
  /** --check: what ansible_check_mode says. */
  readonly check?: boolean
  readonly modules: ReadonlyMap<string, Module>
}

/**
 * Reads a playbook and its inventories, joins them and checks all that can be known before the first connection.
 * Throws UserError, or UserErrors: every mistake that was found, each with its place.
 */
export async function loadRun(options: LoadOptions): Promise<Run> {
  const problems = new Problems()
  const { snapshots } = options
  const inventory =
    options.inventories.length === 0 && snapshots !== undefined
      ? bareInventory(snapshots.hosts, snapshots.folder, problems)
      : readInventories(options.inventories, problems)
  const extraVars = readExtraVars(options.extraVars, problems)
  const inventoryMistakes = problems.count
  const plays = readPlaybook(options.playbook, options.modules, problems)
  // With a broken inventory every name of the playbook would seem to be wrong.
  if (inventoryMistakes > 0) problems.throwIfAny()
  const playbookMistakes = problems.count
  const joined = joinPlays(plays, inventory, extraVars, options, problems)
  if (problems.count > playbookMistakes) problems.throwIfAny()
  checkTasks(joined.flatMap(checksOf), problems)
  checkUnread(new Set(joined.flatMap(layersOf)), joined.flatMap(templatesOf), problems)
  problems.throwIfAny()
  return {
    playbook: options.playbook,
    plays: joined.map(bindPlay),
    targets: joined[0]?.base.targets ?? new Map(),
  }
}

/** A play, its hosts, and what its tasks need to be bound to them. */
interface JoinedPlay {
  readonly play: PlaySource
  readonly base: Binding
}

function joinPlays(
  plays: readonly PlaySource[],
  inventory: Inventory,
  extraVars: readonly Layer[],
  options: LoadOptions,
  problems: Problems,
): readonly JoinedPlay[] {
  const chosen = choosePlayHosts(plays, inventory, options, problems)
  const names = new Set([...chosen.values()].flat())
  const hosts = new Map([...inventory.hosts, ...implicitHosts(names, inventory)])
  const folders = new VariableFolders(options.inventories, options.playbook, problems)
  folders.checkNames(inventory)
  const scopes = new Scopes(inventory, hosts, {
    playbook: options.playbook,
    isCheck: options.check ?? false,
    extraVars,
    hostLayers: hostLayers(inventory, folders),
  })
  const targets = targetsOf(names, scopes, options, problems)
  return plays.map(play => {
    const sight = {
      hosts: chosen.get(play) ?? [],
      layers: [play.vars, ...readVarsFiles(play, options.playbook, problems)],
    }
    return { play, base: { scopes, sight, become: play.become, targets, options } }
  })
}

/** A play may name localhost though the inventory does not: the machine the run is on, without a connection. */
function implicitHosts(names: ReadonlySet<string>, inventory: Inventory): readonly [string, InventoryHost][] {
  const at = { file: 'localhost', line: 1, column: 1 }
  const local = { ...templated(textNode('local', at), new Problems()), keyAt: at }
  const vars = new Map([['ansible_connection', local]])
  return [...names]
    .filter(name => !inventory.hosts.has(name))
    .map(name => [name, { name, groups: ['all'], vars, folder: undefined }])
}

function targetsOf(
  names: ReadonlySet<string>,
  scopes: Scopes,
  options: LoadOptions,
  problems: Problems,
): ReadonlyMap<string, Target> {
  const sight: PlaySight = { hosts: [], layers: [] }
  const targets = new Map<string, Target>()
  for (const name of names) {
    const layers = scopes.layers(name, sight)
    const origin = (variable: string) => lookUp(layers, variable)
    const target = problems.attempt(() =>
      targetOf(name, scopes.scope(name, sight, undefined), origin, options),
    )
    if (target) targets.set(name, target)
  }
  return targets
}

/** Paths are relative to the playbook. */
function readVarsFiles(play: PlaySource, playbook: string, problems: Problems): readonly Layer[] {
  return play.varsFiles.flatMap(({ path, at }) => {
    const tree = readYamlFile(isAbsolute(path) ? path : join(dirname(playbook), path), problems, at)
    return tree ? [readVariables(tree, 'a file of variables', 'play', problems)] : []
  })
}

function checksOf({ play, base }: JoinedPlay): readonly TaskCheck[] {
  return tasksOf(play).map(task => {
    const binding = bindingOf(task, base)
    const { scopes, sight } = binding
    const placeOn = (host: string) => ({
      host,
      layers: scopes.layers(host, sight),
      scope: scopes.scope(host, sight, undefined),
      becomes: [task.become, play.become],
      identity: (scope: Scope) => taskIdentity(task, binding, scope),
    })
    return { task, places: () => sight.hosts.map(placeOn) }
  })
}

const tasksOf = (play: PlaySource): readonly TaskSource[] => [
  ...play.steps.flatMap(step => (step.kind === 'task' ? [step.task] : [])),
  ...play.handlers,
]

/** All that set variables for the hosts of a play. */
const layersOf = ({ play, base: { scopes, sight } }: JoinedPlay): readonly Layer[] => [
  ...sight.hosts.flatMap(host => scopes.layers(host, sight)),
  ...tasksOf(play).map(task => task.vars),
]

/** All that read variables, but for the variables themselves. */
const templatesOf = ({ play }: JoinedPlay): readonly Template[] =>
  tasksOf(play).flatMap(task => [
    ...[task.name, task.become.become, task.become.user, play.become.become, play.become.user].flatMap(
      word => word?.templates ?? [],
    ),
    ...task.arguments.templates,
    ...task.conditions.flatMap(condition => condition.template ?? []),
  ])

function bindPlay({ play, base }: JoinedPlay): Play {
  const bind = (task: TaskSource): Task => bindTask(task, bindingOf(task, base))
  return {
    name: play.name,
    at: play.at,
    hosts: base.sight.hosts,
    steps: play.steps.map(step => (step.kind === 'task' ? { kind: 'task', task: bind(step.task) } : step)),
    // A notification names a handler as it is written.
    handlers: play.handlers.map(handler => ({ ...bind(handler), name: handlerName(handler) })),
  }
}

/** A task's own variables stand over its play's. */
const bindingOf = (task: TaskSource, base: Binding): Binding => ({
  ...base,
  sight: { ...base.sight, layers: [...base.sight.layers, task.vars] },
})
