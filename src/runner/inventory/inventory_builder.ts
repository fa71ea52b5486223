import type { Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import type { Layer } from '../playbook/variables.ts'
import { hostNamesOf } from './host_names.ts'
import { type Inventory, joinInventory, type RawGroup, type RawHost } from './inventory_tree.ts'

/** What inventories say, one after the other: a host or group that several name is one, and the later values win. */
export class InventoryBuilder {
  readonly problems: Problems
  readonly #groups: Map<string, RawGroup>
  readonly #hosts: Map<string, RawHost>

  constructor(problems: Problems, groups = new Map<string, RawGroup>(), hosts = new Map<string, RawHost>()) {
    this.problems = problems
    this.#groups = groups
    this.#hosts = hosts
    this.#group('all').children.set('ungrouped', { file: 'inventory', line: 1, column: 1 })
    this.#group('ungrouped')
  }

  /** The same inventory; mistakes go elsewhere. */
  noting(problems: Problems): InventoryBuilder {
    return new InventoryBuilder(problems, this.#groups, this.#hosts)
  }

  hasGroup(name: string): boolean {
    return this.#groups.has(name)
  }

  addGroup(name: string, at: Position): boolean {
    if (isName(name)) this.#group(name)
    else this.problems.add(at, `"${name}" is no group name`, NAME_HINT)
    return isName(name)
  }

  addChild(parent: string, child: string, at: Position): undefined {
    if (child === 'all') return this.problems.add(at, 'the group "all" is above every other group')
    if (this.addGroup(child, at)) this.#group(parent).children.set(child, at)
  }

  /** `pattern`: a name, a range of them, each with a port perhaps. */
  addHosts(pattern: string, group: string, at: Position, origin: Origin): readonly string[] {
    const names = hostNamesOf(pattern)
    if (names.why !== undefined) this.problems.add(at, names.why)
    for (const name of names.hosts) this.#addHost(name, group, names.port, at, origin)
    return names.hosts
  }

  /** A name as it stands, where brackets mean no range. */
  addHost(name: string, group: string, at: Position, origin: Origin): void {
    this.#addHost(name, group, undefined, at, origin)
  }

  setHostVariables(hosts: readonly string[], variables: Layer): void {
    for (const host of hosts)
      for (const [name, variable] of variables) this.#hosts.get(host)?.vars.set(name, variable)
  }

  setGroupVariables(group: string, variables: Layer): void {
    for (const [name, variable] of variables) this.#group(group).vars.set(name, variable)
  }

  join(): Inventory {
    return joinInventory(this.#groups, this.#hosts, this.problems)
  }

  #group(name: string): RawGroup {
    const group = this.#groups.get(name) ?? { name, hosts: new Set(), children: new Map(), vars: new Map() }
    this.#groups.set(name, group)
    return group
  }

  #addHost(name: string, group: string, port: number | undefined, at: Position, origin: Origin): undefined {
    if (!isName(name)) return this.problems.add(at, `"${name}" is no host name`, NAME_HINT)
    this.#group(group).hosts.add(name)
    if (this.#hosts.has(name)) return
    this.#hosts.set(name, { name, at, port, ...origin, vars: new Map() })
  }
}

/** Of the inventory that names a host first. */
export interface Origin {
  readonly folder: string | undefined
  readonly file: string
}

/** What has a meaning in patterns cannot be part of a name. */
const isName = (name: string): boolean => /^[^\s,!&~*?@[\]]+$/.test(name)
const NAME_HINT = 'names hold no spaces and none of , ! & ~ * ? @ [ ]'
