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

interface TaskWords {
  readonly at: Position
  /** Of the task and of its play. */
  readonly becomes: readonly Become[]
  /** Where a variable is set. */
  origin(variable: string): Templated | undefined
}

/** A value, and where it is set. */
interface Choice {
  readonly value: Value
  readonly what: string
  readonly at: Position
}

/**
 * Who a task runs as on a host: the host's variables, else the task's own words, else its play's, else the options.
 * Variables come first as in Ansible, where connection variables override keywords.
 */
export function identityOf(task: TaskWords, scope: Scope, target: Target, options: BecomeOptions): Identity {
  const variable = (...names: string[]): Choice | undefined => choiceOf(names, scope, task)
  const word = (key: 'become' | 'user', what: string): Choice | undefined => {
    const set = task.becomes.map(words => words[key]).find(each => each !== undefined)
    return set && { value: set.render(scope), what, at: set.at }
  }
  const wanted = variable('ansible_become') ?? word('become', 'become')
  if (!(wanted ? asBoolean(wanted) : options.become)) return { become: undefined }
  const method = variable('ansible_become_method')
  if (method && method.value !== 'sudo')
    throw failure(method, `${JSON.stringify(method.value)} is not supported yet`)
  const chosen = variable('ansible_become_user') ?? word('user', 'become_user')
  const user = chosen ? asUser(chosen) : 'root'
  if (user === loginUser(target)) return { become: undefined }
  const password = asPassword(variable(...PASSWORD_VARIABLES)) ?? options.becomePassword
  return { become: { method: 'sudo', user, password } }
}

const PASSWORD_VARIABLES = ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass']

function choiceOf(names: readonly string[], scope: Scope, task: TaskWords): Choice | undefined {
  const what = names.find(each => Object.hasOwn(scope, each))
  const value = what === undefined ? undefined : scope[what]
  return what === undefined || value === undefined
    ? undefined
    : { value, what, at: task.origin(what)?.at ?? task.at }
}

function asUser(choice: Choice): string {
  if (typeof choice.value === 'string' && choice.value !== '') return choice.value
  throw failure(choice, 'must be a user name')
}

/** The password is never part of a message. */
function asPassword(choice: Choice | undefined): string | undefined {
  if (choice === undefined) return undefined
  if (typeof choice.value === 'string') return choice.value
  throw failure(choice, 'must be a string: quote it')
}

/** `-e ansible_become=yes` gives a string. */
function asBoolean(choice: Choice): boolean {
  const text = String(choice.value).toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(text)) return true
  if (['false', 'no', 'off', '0'].includes(text)) return false
  throw failure(choice, `must be true or false, not ${JSON.stringify(choice.value)}`)
}

const failure = ({ at, what }: Choice, why: string): UserError =>
  new UserError({ where: formatPosition(at), why: `${what} ${why}` })
