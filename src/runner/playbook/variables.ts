import { formatPosition, type Position, UserError } from '../../errors.ts'
import { ANSIBLE_VARIABLES, judgeAnsibleName } from '../inventory/ansible_variables.ts'
import type { Scope, Value } from '../template/template.ts'
import { type Entry, isNothing, type Node, textNode } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import type { RefusedWords } from './refused_words.ts'
import { asMap } from './shape.ts'
import { type Templated, templated } from './templated.ts'

/** Variables of one place: a group, a file, a play. A host's variables are a stack of these, lowest precedence first. */
export type Layer = ReadonlyMap<string, Variable>

export interface Variable extends Templated {
  /** Of its name. */
  readonly keyAt: Position
}

/** Set by us for every host; nothing may redefine them. */
export const MAGIC_NAMES = [
  'inventory_hostname',
  'inventory_hostname_short',
  'groups',
  'group_names',
  'hostvars',
  'omit',
  'ansible_check_mode',
  'ansible_diff_mode',
  'ansible_play_batch',
  'ansible_play_hosts',
  'ansible_play_hosts_all',
  'ansible_play_name',
  'ansible_run_tags',
  'ansible_skip_tags',
  'ansible_version',
  'play_hosts',
  'playbook_dir',
  'inventory_dir',
  'inventory_file',
  'ansible_facts',
] as const
export type MagicName = (typeof MAGIC_NAMES)[number]

/** What ansible_facts holds of an observed host; each may also be read as `ansible_` and its name. */
export const FACT_NAMES = [
  'distribution',
  'distribution_version',
  'distribution_major_version',
  'distribution_release',
  'os_family',
  'kernel',
  'architecture',
  'machine',
  'system',
  'hostname',
  'nodename',
  'fqdn',
  'domain',
  'processor',
  'processor_vcpus',
  'processor_count',
  'processor_cores',
  'processor_threads_per_core',
  'memtotal_mb',
  'default_ipv4',
  'pkg_mgr',
  'service_mgr',
  'virtualization_type',
  'virtualization_role',
  'user_id',
  'user_uid',
] as const

/** Facts of Ansible's that people read, and what there is instead. */
export const REFUSED_FACTS: RefusedWords = {
  date_time: {
    because: 'the time of a look is no property of a host, and a dry run could not foretell it',
    instead: 'use command: date and register',
  },
  env: { because: 'an environment can hold secrets', instead: 'use command: printenv NAME and register' },
  ...Object.fromEntries(
    ['all_ipv4_addresses', 'all_ipv6_addresses', 'default_ipv6', 'interfaces', 'dns'].map(fact => [
      fact,
      {
        because: 'only the way out is looked at',
        instead: 'use default_ipv4 or fqdn, or command with ip -json address and register',
      },
    ]),
  ),
  ...Object.fromEntries(
    ['devices', 'mounts', 'memfree_mb', 'swaptotal_mb', 'uptime_seconds', 'lsb', 'product_name'].map(fact => [
      fact,
      { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
    ]),
  ),
}

/** The fact behind a name such as ansible_distribution. */
export const injectedFact = (name: string): string | undefined =>
  FACT_NAMES.find(fact => name === `ansible_${fact}`)

/** `connection`: these variables may say how to reach the host, which a play cannot change any more. */
export type VariablesFrom = 'inventory' | 'play'

/** The mapping under `vars:` or of a variables file; nothing at all is no variables. */
export function readVariables(node: Node, what: string, from: VariablesFrom, problems: Problems): Layer {
  const layer = new Map<string, Variable>()
  const map = isNothing(node) ? undefined : asMap(node, what, problems)
  for (const entry of map?.entries ?? []) {
    noteBadName(entry, from, problems)
    layer.set(entry.key, { ...templated(entry.value, problems), keyAt: entry.keyAt })
  }
  return layer
}

/**
 * The variables a host sees, the later layers over the earlier, each rendered when it is first read.
 * Reading one that refers to itself throws, naming the circle.
 */
export function scopeOf(
  layers: readonly (Layer | Scope)[],
  magic: Readonly<Partial<Record<MagicName, () => Value>>>,
): Scope {
  // No prototype: `constructor` is no variable.
  const scope: Record<string, Value> = Object.create(null)
  const open: string[] = []
  for (const layer of layers) {
    if (!isLayer(layer)) {
      for (const [name, value] of Object.entries(layer)) defineLazily(scope, name, () => value)
      continue
    }
    for (const [name, variable] of layer) {
      defineLazily(scope, name, () => {
        if (open.includes(name)) throw circle([...open.slice(open.indexOf(name)), name], variable)
        open.push(name)
        try {
          return variable.render(scope)
        } finally {
          open.pop()
        }
      })
    }
  }
  for (const [name, value] of Object.entries(magic)) defineLazily(scope, name, value)
  return scope
}

const isLayer = (layer: Layer | Scope): layer is Layer => layer instanceof Map

/** A variable that is data: what a user types is never looked at for templates. */
export const literalVariable = (value: string, at: Position): Variable => ({
  at,
  keyAt: at,
  node: textNode(value, at),
  templates: [],
  templateOf: () => undefined,
  render: () => value,
})

export function lookUp(layers: readonly Layer[], name: string): Variable | undefined {
  return layers.findLast(layer => layer.has(name))?.get(name)
}

export const circle = (names: readonly string[], variable: Templated): UserError =>
  new UserError({
    where: formatPosition(variable.at),
    why: `variables refer to each other in a circle: ${names.join(' → ')}`,
  })

/** An object whose values are made when they are first read. */
export function lazily(makers: ReadonlyMap<string, () => Value>): { readonly [key: string]: Value } {
  const object: Record<string, Value> = Object.create(null)
  for (const [name, make] of makers) defineLazily(object, name, make)
  return object
}

function defineLazily(object: Record<string, Value>, name: string, make: () => Value): void {
  const get = (): Value => {
    const value = make()
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true })
    return value
  }
  Object.defineProperty(object, name, { get, enumerable: true, configurable: true })
}

function noteBadName(entry: Entry, from: VariablesFrom, problems: Problems): undefined {
  const { key, keyAt } = entry
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
    return problems.add(
      keyAt,
      `"${key}" is no variable name`,
      'use letters, digits and underscores, no digit first',
    )
  }
  if (MAGIC_NAMES.some(name => name === key))
    return problems.add(keyAt, `${key} cannot be set: it tells what the run knows`)
  const verdict = judgeAnsibleName(key)
  if (verdict) return problems.add(keyAt, verdict.why, verdict.hint)
  if (from === 'play' && ANSIBLE_VARIABLES.connection.includes(key)) {
    problems.add(
      keyAt,
      `${key} in a play is not supported: a host is reached in one way throughout a run`,
      'set it in the inventory, or with -e',
    )
  }
}
