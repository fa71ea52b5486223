import { formatPosition, type Position, UserError } from '../../errors.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Entry } from '../yaml/yaml_node.ts'
import { type Condition, readConditions } from './conditions.ts'
import type { Problems } from './problems.ts'
import { asText, describe } from './shape.ts'
import { type Templated, templated } from './templated.ts'
import { MAGIC_NAMES } from './variables.ts'

/** Words of a task about its own result. */
export interface ResultWords {
  readonly register: { readonly name: string; readonly at: Position } | undefined
  readonly until: UntilSource | undefined
  readonly changedWhen: readonly Condition[] | undefined
  readonly failedWhen: readonly Condition[] | undefined
}

export interface UntilSource {
  readonly conditions: readonly Condition[]
  readonly retries: Templated | undefined
  readonly delay: Templated | undefined
}

export function readResultWords(keys: ReadonlyMap<string, Entry>, problems: Problems): ResultWords {
  const conditions = (key: string): readonly Condition[] | undefined => {
    const node = keys.get(key)?.value
    const read = node && readConditions(node, key, problems)
    // An empty list is no condition (executor/task_executor.py).
    return read?.length === 0 ? undefined : read
  }
  const until = conditions('until')
  const retries = readNumber(keys.get('retries'), problems)
  const delay = readNumber(keys.get('delay'), problems)
  return {
    register: readRegister(keys.get('register'), problems),
    until: until && { conditions: until, retries, delay },
    changedWhen: conditions('changed_when'),
    failedWhen: conditions('failed_when'),
  }
}

function readRegister(entry: Entry | undefined, problems: Problems): ResultWords['register'] {
  if (entry === undefined) return undefined
  const at = entry.value.at
  const name = asText(entry.value, 'register', problems)
  if (name === undefined) return undefined
  if (!/^[A-Za-z_]\w*$/.test(name))
    return problems.add(
      at,
      `register: "${name}" is no variable name`,
      'use letters, digits and underscores, no digit first',
    )
  if (MAGIC_NAMES.some(magic => magic === name))
    return problems.add(at, `register: ${name} cannot be set: it tells what the run knows`)
  return { name, at }
}

function readNumber(entry: Entry | undefined, problems: Problems): Templated | undefined {
  if (entry === undefined) return undefined
  const value = templated(entry.value, problems)
  if (
    value.templates.length > 0 ||
    problems.attempt(() => asCount(value.render({}), entry.key, value)) !== undefined
  )
    return value
  return undefined
}

/** A number that is not below zero; a text that is one counts. Throws UserError. */
export function asCount(value: Value, what: string, { at, node }: Templated): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number
  const given = node.kind === 'scalar' && node.value === value ? describe(node) : JSON.stringify(value)
  throw new UserError({
    where: formatPosition(at),
    why: `${what} must be a number, 0 or more, not ${given}`,
  })
}

/** lib/ansible/playbook/task.py */
export const RETRIES = 3
export const DELAY = 5

export const countOf = (
  word: Templated | undefined,
  what: string,
  scope: Scope,
  otherwise: number,
): number => (word === undefined ? otherwise : asCount(word.render(scope), what, word))
