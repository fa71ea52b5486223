import { formatPosition, UserError } from '../../errors.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Node } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import type { Words } from './task_word.ts'
import { templated } from './templated.ts'
import { BEFORE_HOSTS } from './vocabulary.ts'

/** What the readers of a playbook need to know of what they stand in. */
export interface Reading {
  readonly words: Words
  readonly problems: Problems
  readonly kind: 'task' | 'handler'
  /** The vars of the play and -e: hosts are not known yet. */
  readonly scope: Scope
  /** Of the playbook that was named: names of files are looked for there, too. */
  readonly playbookFolder: string
  /** Files that are being read, outermost first: an import of one of them would never end. */
  readonly files: readonly string[]
}

/** A value that is needed before the hosts are known; undefined, and why noted, where it cannot be. */
export function valueNow(
  node: Node,
  { scope, problems }: Pick<Reading, 'scope' | 'problems'>,
): Value | undefined {
  const value = templated(node, problems)
  return problems.attempt(() => {
    try {
      return value.render(scope)
    } catch (error) {
      if (!(error instanceof UserError) || error.hint !== undefined) throw error
      throw new UserError({ where: error.where, why: error.why, hint: BEFORE_HOSTS })
    }
  })
}

/** As valueNow, of what must be a text; numbers are taken as they are written. */
export function textNow(
  node: Node,
  what: string,
  reading: Pick<Reading, 'scope' | 'problems'>,
): string | undefined {
  const value = valueNow(node, reading)
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number') return String(value)
  return reading.problems.add(formatPosition(node.at), `${what} must be a string`)
}
