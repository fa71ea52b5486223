import { formatPosition, type Position, UserError } from '../../errors.ts'
import { ANSIBLE_VARIABLES, judgeAnsibleName } from '../inventory/ansible_variables.ts'
import type { Scope, Value } from '../template/template.ts'
import { type Entry, isNothing, type Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
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
  'ansible_check_mode',
  'ansible_play_hosts',
  'playbook_dir',
  'inventory_dir',
  'ansible_facts',
] as const
export type MagicName = (typeof MAGIC_NAMES)[number]

/** What ansible_facts holds of an observed host. */
export const FACT_NAMES = [
  'distribution',
  'distribution_version',
  'os_family',
  'kernel',
  'architecture',
  'hostname',
  'processor',
] as const

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
  layers: readonly Layer[],
  magic: Readonly<Partial<Record<MagicName, () => Value>>>,
): Scope {
  // No prototype: `constructor` is no variable.
  const scope: Record<string, Value> = Object.create(null)
  const open: string[] = []
  for (const [name, variable] of layers.flatMap(layer => [...layer])) {
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
  for (const [name, value] of Object.entries(magic)) defineLazily(scope, name, value)
  return scope
}

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
    problems.add(keyAt, `${key} in a play is not supported yet`, 'set it in the inventory, or with -e')
  }
}
