import { dirname, resolve } from 'node:path'
import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Inventory, InventoryHost } from '../inventory/inventory_tree.ts'
import { choosePlayHosts } from '../inventory/play_hosts.ts'
import { targetOf } from '../inventory/target.ts'
import { hostLayers, VariableFolders } from '../inventory/variable_folders.ts'
import type { LoadOptions } from '../load.ts'
import type { Scope } from '../template/template.ts'
import type { Target } from '../transport/transport.ts'
import type { Binding } from './bind_task.ts'
import { titleOf } from './bind_task.ts'
import { writtenName } from './handlers.ts'
import type { PlaySource } from './playbook.ts'
import type { Problems } from './problems.ts'
import { NO_PLAY, type PlaySight, Scopes } from './scopes.ts'
import { ordered } from './serial.ts'
import { type Layer, literalVariable, lookUp, scopeOf } from './variables.ts'
import { VarsFiles } from './vars_files.ts'

/** A play, its hosts, and what its tasks need to be bound to them. */
export interface JoinedPlay {
  readonly play: PlaySource
  readonly base: Binding
}

/** `answers`: to the vars_prompt of each play. */
export function joinPlays(
  plays: readonly PlaySource[],
  inventory: Inventory,
  extraVars: readonly Layer[],
  answers: ReadonlyMap<PlaySource['prompts'], Layer>,
  options: LoadOptions,
  problems: Problems,
): readonly JoinedPlay[] {
  const named = plays.map(play =>
    withHosts(
      withName(play, extraVars),
      [play.vars, answers.get(play.prompts) ?? new Map(), ...extraVars],
      problems,
    ),
  )
  const chosen = choosePlayHosts(named, inventory, options, problems)
  const names = new Set([...chosen.values()].flat())
  const hosts = new Map([...inventory.hosts, ...implicitHosts(names, inventory)])
  const folders = new VariableFolders(options.inventories, options.playbook, problems)
  folders.checkNames(inventory)
  const scopes = new Scopes(inventory, hosts, {
    playbook: options.playbook,
    isCheck: options.check ?? false,
    isDiff: options.diff,
    tags: options.tags,
    skipTags: options.skipTags,
    extraVars,
    hostLayers: hostLayers(inventory, folders),
  })
  const targets = targetsOf(named, chosen, scopes, options, problems)
  const files = new VarsFiles(dirname(options.playbook), problems)
  return named.map(play => {
    files.checkLiteral(play)
    const own = [play.vars, answers.get(play.prompts) ?? new Map()]
    const sight = sightOf(play, chosen.get(play) ?? [], own, files, scopes)
    const handlers = play.handlers.flatMap(handler => [
      writtenName(handler),
      titleOf(handler, { scopes, sight }),
      ...handler.listen,
    ])
    return { play, base: { scopes, sight, targets, options, problems, handlers } }
  })
}

/** Its name may be a template of its own variables; as it is written where it needs more. */
function withName(play: PlaySource, extraVars: readonly Layer[]): PlaySource {
  if (play.title === undefined || play.title.templates.length === 0) return play
  try {
    return { ...play, name: String(play.title.render(scopeOf([play.vars, ...extraVars], {}))) }
  } catch (error) {
    if (error instanceof UserError) return play
    throw error
  }
}

/** What `hosts` names, where it is a template. */
function withHosts(play: PlaySource, layers: readonly Layer[], problems: Problems): PlaySource {
  const { patterns, at } = play.hosts
  if (patterns === undefined) return play
  const scope = scopeOf(layers, {})
  const values = patterns.map(pattern => problems.attempt(() => patternOf(pattern.render(scope), at)))
  const pattern = values.map(value => value ?? '').join(',')
  return {
    ...play,
    name: play.name === play.hosts.pattern ? pattern : play.name,
    hosts: { ...play.hosts, pattern },
  }
}

function patternOf(value: unknown, at: Position): string {
  const texts = Array.isArray(value) ? value : [value]
  if (texts.every(text => typeof text === 'string' && text.trim() !== '')) return texts.join(',')
  throw new UserError({ where: formatPosition(at), why: 'hosts must come to a string, or a list of them' })
}

function sightOf(
  play: PlaySource,
  named: readonly string[],
  own: readonly Layer[],
  files: VarsFiles,
  scopes: Scopes,
): PlaySight {
  const known = new Map<string, readonly Layer[]>()
  const hosts = ordered(named, play.order)
  const folder = resolve(dirname(play.at.file))
  const before: PlaySight = { name: play.name, folder, hosts, named, layers: () => own }
  const layers = (host: string): readonly Layer[] => {
    const found = known.get(host)
    if (found) return found
    const scopeWith = (read: readonly Layer[]): Scope =>
      scopes.scope(host, { ...before, layers: () => [...own, ...read] })
    const all = [...own, ...files.layers(play, scopeWith)]
    known.set(host, all)
    return all
  }
  return { ...before, layers }
}

/** A play may name localhost though the inventory does not: the machine the run is on, without a connection. */
function implicitHosts(names: ReadonlySet<string>, inventory: Inventory): readonly [string, InventoryHost][] {
  const at = { file: 'localhost', line: 1, column: 1 }
  const vars = new Map([['ansible_connection', literalVariable('local', at)]])
  return [...names]
    .filter(name => !inventory.hosts.has(name))
    .map(name => [name, { name, groups: ['all'], vars, folder: undefined }])
}

/** remote_user, port and connection of a play stand under all variables; a host is reached in one way by all plays. */
function targetsOf(
  plays: readonly PlaySource[],
  chosen: ReadonlyMap<PlaySource, readonly string[]>,
  scopes: Scopes,
  options: LoadOptions,
  problems: Problems,
): ReadonlyMap<string, Target> {
  const words = new Map<string, Layer>()
  for (const play of plays)
    for (const host of chosen.get(play) ?? []) {
      const known = words.get(host)
      if (known === undefined) words.set(host, play.connection)
      else noteOtherWay(host, known, play, problems)
    }
  const targets = new Map<string, Target>()
  for (const [name, connection] of words) {
    const layers = [connection, ...scopes.layers(name, NO_PLAY)]
    const origin = (variable: string) => lookUp(layers, variable)
    const scope = scopes.scope(name, NO_PLAY)
    const reached = scopeWith(connection, scope)
    const target = problems.attempt(() => targetOf(name, reached, origin, options))
    if (target) targets.set(name, target)
  }
  return targets
}

/** Reading a scope as a whole would render every variable in it. */
function scopeWith(connection: Layer, scope: Scope): Scope {
  if (connection.size === 0) return scope
  const all = Object.create(null)
  Object.defineProperties(all, Object.getOwnPropertyDescriptors(scopeOf([connection], {})))
  Object.defineProperties(all, Object.getOwnPropertyDescriptors(scope))
  return all
}

function noteOtherWay(host: string, known: Layer, play: PlaySource, problems: Problems): void {
  const shown = (layer: Layer): string =>
    [...layer].map(([name, { node }]) => `${name}=${textOf(node)}`).join(' ')
  if (shown(known) === shown(play.connection)) return
  const [first] = [...play.connection.values(), ...known.values()]
  problems.add(
    first?.keyAt ?? play.at,
    `${host} is reached in one way throughout a run, and another play says remote_user, port or connection otherwise`,
    'say the same in both, or set ansible_user, ansible_port or ansible_connection in the inventory',
  )
}

const textOf = (node: { readonly kind: string; readonly source?: string }): string => node.source ?? node.kind
