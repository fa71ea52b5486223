import { formatPosition, type Position, UserError } from '../../errors.ts'
import { loginUser } from '../inventory/target.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Identity, Target } from '../transport/transport.ts'
import type { Templated } from './templated.ts'

/** The become words of a play or of a task, as far as it has them. */
export interface Become {
  readonly become?: Templated
  readonly user?: Templated
}

export interface BecomeOptions {
  /** -b */
  readonly become: boolean
  /** -K */
  readonly becomePassword: string | undefined
}

/**
 * Who a task runs as on a host: the host's variables, else the task's own words, else its play's, else the options.
 * Variables come first as in Ansible, where connection variables override keywords.
 */
export function identityOf(
  task: { readonly at: Position; readonly becomes: readonly Become[] },
  scope: Scope,
  target: Target,
  options: BecomeOptions,
): Identity {
  const wanted =
    variable(scope, ['ansible_become']) ??
    first(
      task.becomes.map(words => words.become),
      scope,
    )
  if (!(wanted === undefined ? options.become : asBoolean(wanted, task.at))) return { become: undefined }
  const user =
    variable(scope, ['ansible_become_user']) ??
    first(
      task.becomes.map(words => words.user),
      scope,
    ) ??
    'root'
  const method = variable(scope, ['ansible_become_method']) ?? 'sudo'
  if (method !== 'sudo')
    throw failure(task.at, `ansible_become_method: ${JSON.stringify(method)} is not supported yet`)
  if (typeof user !== 'string' || user === '') throw failure(task.at, 'become_user must be a user name')
  if (user === loginUser(target)) return { become: undefined }
  return { become: { method, user, password: passwordOf(scope, task.at) ?? options.becomePassword } }
}

const PASSWORD_VARIABLES = ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass']

function first(words: readonly (Templated | undefined)[], scope: Scope): Value | undefined {
  return words.find(word => word !== undefined)?.render(scope)
}

function variable(scope: Scope, names: readonly string[]): Value | undefined {
  const name = names.find(each => Object.hasOwn(scope, each))
  return name === undefined ? undefined : scope[name]
}

/** The password is never part of a message. */
function passwordOf(scope: Scope, at: Position): string | undefined {
  const password = variable(scope, PASSWORD_VARIABLES)
  if (password === undefined || typeof password === 'string') return password
  throw failure(at, 'ansible_become_password must be a string: quote it')
}

/** `-e ansible_become=yes` gives a string. */
function asBoolean(value: Value, at: Position): boolean {
  const text = String(value).toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'no', 'off', '0'].includes(text)) return false
  throw failure(at, `become must be true or false, not ${JSON.stringify(value)}`)
}

const failure = (at: Position, why: string): UserError => new UserError({ where: formatPosition(at), why })
