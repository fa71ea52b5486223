import { dirname, resolve } from 'node:path'
import { FACTS_ON_DEMAND } from '../facts_on_demand.ts'
import type { Inventory, InventoryHost } from '../inventory/inventory_tree.ts'
import type { Sight } from '../run_types.ts'
import { Problem } from '../template/problem.ts'
import { OMIT, type Scope, type Value } from '../template/template.ts'
import {
  FACT_NAMES,
  injectedFact,
  type Layer,
  lazily,
  literalVariable,
  type MagicName,
  scopeOf,
  type Variable,
} from './variables.ts'

export interface ScopeOptions {
  readonly playbook: string
  readonly isCheck: boolean
  readonly isDiff?: boolean | undefined
  /** --tags and --skip-tags */
  readonly tags?: readonly string[] | undefined
  readonly skipTags?: readonly string[] | undefined
  /** From -e: over everything else. */
  readonly extraVars: readonly Layer[]
  /** What the inventory and its folders say of a host. */
  readonly hostLayers: (host: InventoryHost) => readonly Layer[]
}

/** What a play and a task in it say. */
export interface PlaySight {
  readonly name: string
  /** Of its playbook, which another may have imported. */
  readonly folder: string
  readonly hosts: readonly string[]
  /** The same as its pattern has them, whatever their order. */
  readonly named: readonly string[]
  /** Over the host's own variables: those of the play, its files, its blocks, and of the task. */
  layers(host: string): readonly Layer[]
}

export const NO_PLAY: PlaySight = { name: '', folder: '', hosts: [], named: [], layers: () => [] }

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

  /** Those that are known before the run, lowest precedence first. */
  layers(host: string, play: PlaySight): readonly Layer[] {
    return [...this.#layersOf(host), ...play.layers(host), ...this.#options.extraVars]
  }

  /** Whether -e sets it: then nothing else has a say. */
  isExtra(name: string): boolean {
    return this.#options.extraVars.some(layer => layer.has(name))
  }

  /** `sight` undefined: before the run. Without facts ansible_facts is not defined. */
  scope(host: string, play: PlaySight, sight?: Sight | undefined): Scope {
    return scopeOf(
      [
        ...this.#layersOf(host),
        injected(sight?.facts),
        ...play.layers(host),
        ...liveLayers(host, sight?.live),
        sight?.locals ?? {},
        ...this.#options.extraVars,
      ],
      {
        ...this.#magic(host),
        ...this.#playMagic(play, sight),
        hostvars: () => this.#hostvars(host, sight),
        ...factsOf(sight?.facts),
      },
    )
  }

  #magic(host: string): Magic {
    const { folder, file, groups = [] } = this.#hosts.get(host) ?? {}
    return {
      inventory_hostname: () => host,
      inventory_hostname_short: () => host.replace(/\..*$/, ''),
      inventory_dir: () => folder ?? null,
      inventory_file: () => file ?? null,
      groups: () =>
        Object.fromEntries([...this.#inventory.groups.values()].map(group => [group.name, group.hosts])),
      group_names: () => groups.filter(group => group !== 'all').toSorted(),
      playbook_dir: () => resolve(dirname(this.#options.playbook)),
      omit: () => OMIT,
    }
  }

  #playMagic(play: PlaySight, sight: Sight | undefined): Magic {
    const { isCheck, isDiff = false, tags, skipTags = [] } = this.#options
    return {
      ansible_check_mode: () => isCheck,
      ansible_diff_mode: () => isDiff,
      ansible_play_name: () => play.name,
      ...(play.folder !== '' && { playbook_dir: () => play.folder }),
      ansible_play_hosts_all: () => play.named,
      ansible_play_hosts: () => sight?.playHosts ?? play.named,
      ansible_play_batch: () => sight?.batch ?? play.hosts,
      play_hosts: () => sight?.batch ?? play.hosts,
      ansible_run_tags: () => (tags === undefined || tags.length === 0 ? ['all'] : tags),
      ansible_skip_tags: () => skipTags,
      ansible_version: () => ANSIBLE_VERSION,
    }
  }

  /** Variables of the inventory and of the run: what the plays set is the reader's own. */
  #hostvars(reader: string, sight: Sight | undefined): Value {
    const variablesOf = (host: string): Value => {
      const facts = host === reader ? sight?.facts : sight?.live.factsOf(host)
      const layers = [...this.#layersOf(host), injected(facts), ...liveLayers(host, sight?.live)]
      const variables = scopeOf([...layers, ...this.#options.extraVars], {
        ...this.#magic(host),
        ...factsOf(facts),
      })
      return sight === undefined || facts !== undefined ? variables : withoutFacts(host, variables)
    }
    const makers = [...this.#hosts.keys()].map((host): [string, () => Value] => [
      host,
      () => variablesOf(host),
    ])
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

/** What default(omit) leaves behind: an argument with it is dropped. */
export { OMIT }

/** The release whose words and meanings these are. */
const ANSIBLE_VERSION = { full: '2.14.0', string: '2.14.0', major: 2, minor: 14, revision: 0 }

const factsOf = (facts: Scope | undefined): Magic =>
  facts === undefined ? {} : { ansible_facts: () => facts }

/** Of another host, that this run has not looked at: reading a fact tells why there is none. */
function withoutFacts(host: string, variables: Scope): Scope {
  const refuse = (): never => {
    throw new Problem(
      `nothing is known of the facts of ${host}: this run has not looked at it yet`,
      `let a play before this one name ${host} in its hosts, with gather_facts: true`,
    )
  }
  const refusing = (target: Scope, isFact: (name: string) => boolean): Scope =>
    new Proxy(target, {
      getOwnPropertyDescriptor: (own, name) =>
        Reflect.getOwnPropertyDescriptor(own, name) ??
        (typeof name === 'string' && isFact(name) ? refuse() : undefined),
    })
  const facts = refusing({}, () => true)
  return refusing(
    lazily(new Map([...entriesOf(variables), ['ansible_facts', () => facts]])),
    name => injectedFact(name) !== undefined,
  )
}

const entriesOf = (scope: Scope): readonly (readonly [string, () => Value])[] =>
  Object.keys(scope).map(name => [name, () => scope[name] ?? null])

/** Each read only when an expression reads it: it may not have been looked for yet. */
function injected(facts: Scope = {}): Layer {
  const names = facts === FACTS_ON_DEMAND ? FACT_NAMES : Object.keys(facts)
  const variable = (name: string): Variable => ({
    ...literalVariable('', { file: 'facts', line: 1, column: 1 }),
    render: () => facts[name] ?? null,
  })
  return new Map(names.map(name => [`ansible_${name}`, variable(name)]))
}

function liveLayers(host: string, live: Sight['live'] | undefined): readonly (Layer | Scope)[] {
  const { included, set } = live?.of(host) ?? { included: [], set: {} }
  return [...included, set]
}
