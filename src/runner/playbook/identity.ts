import { formatPosition, type Position, UserError } from '../../errors.ts'
import { loginUser } from '../inventory/target.ts'
import type { Scope, Value } from '../template/template.ts'
import type { BecomeMethod, Identity, Target } from '../transport/transport.ts'
import { type Become, type Reading, readFlags, readMethod, readProgram } from './become_words.ts'
import type { Templated } from './templated.ts'

export type { Become } from './become_words.ts'

export interface BecomeOptions {
  /** -b */
  readonly become: boolean
  /** --become-user, --become-method; undefined: root, sudo. */
  readonly becomeUser?: string | undefined
  readonly becomeMethod?: BecomeMethod | undefined
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
  const word = (key: keyof Become, what: string): Choice | undefined => {
    const set = task.becomes.map(words => words[key]).find(each => each !== undefined)
    return set && { value: set.render(scope), what, at: set.at }
  }
  const wanted = variable('ansible_become') ?? word('become', 'become')
  if (!(wanted ? asBoolean(wanted) : options.become)) return { become: undefined }
  const how = variable('ansible_become_method') ?? word('method', 'become_method')
  const method = how ? readAs(how, readMethod) : (options.becomeMethod ?? 'sudo')
  const choice = (key: 'user' | 'exe' | 'flags') =>
    variable(`ansible_become_${key}`, `ansible_${method}_${key}`) ?? word(key, `become_${key}`)
  const chosen = choice('user')
  const user = chosen ? asUser(chosen) : (options.becomeUser ?? 'root')
  if (user === loginUser(target)) return { become: undefined }
  const password =
    asPassword(variable('ansible_become_password', 'ansible_become_pass', `ansible_${method}_pass`)) ??
    options.becomePassword
  const [exe, flags] = [choice('exe'), choice('flags')]
  return {
    become: {
      ...{ method, user, password },
      ...(exe && { exe: readAs(exe, readProgram) }),
      ...(flags && { flags: readAs(flags, text => readFlags(text, method)) }),
    },
  }
}

/** Of several names for one thing Ansible takes the last one that is set (config/manager.py, _loop_entries). */
function choiceOf(names: readonly string[], scope: Scope, task: TaskWords): Choice | undefined {
  const what = names.findLast(each => Object.hasOwn(scope, each))
  const value = what === undefined ? undefined : scope[what]
  return what === undefined || value === undefined
    ? undefined
    : { value, what, at: task.origin(what)?.at ?? task.at }
}

function asUser(choice: Choice): string {
  if (typeof choice.value === 'string' && choice.value !== '') return choice.value
  throw failure(choice, 'must be a user name')
}

function readAs<T>(choice: Choice, read: (text: string) => Reading<T>): T {
  const reading: Reading<T> =
    typeof choice.value === 'string' ? read(choice.value) : { why: 'must be a string', hint: undefined }
  if ('why' in reading) throw failure(choice, reading.why, reading.hint)
  return reading.value
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

const failure = ({ at, what }: Choice, why: string, hint?: string): UserError =>
  new UserError({ where: formatPosition(at), why: `${what} ${why}`, hint })
