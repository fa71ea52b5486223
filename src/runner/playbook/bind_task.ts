import { formatPosition, UserError } from '../../errors.ts'
import { UnknownYet } from '../live_variables.ts'
import type { Answer, Task, Until } from '../run_types.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Identity, Target } from '../transport/transport.ts'
import { type Condition, failingOf } from './conditions.ts'
import { nearestHandler } from './handlers.ts'
import { type BecomeOptions, identityOf } from './identity.ts'
import { booleanOf, environmentOf, wholeOf } from './keyword_values.ts'
import { innermost, notificationsOf } from './keywords.ts'
import { bindLoop } from './loops.ts'
import type { Problems } from './problems.ts'
import { readsOthers } from './reads_others.ts'
import { countOf, DELAY, RETRIES, type UntilSource } from './results.ts'
import { OMIT, type PlaySight, type Scopes } from './scopes.ts'
import type { TaskSource } from './task_source.ts'
import type { Templated } from './templated.ts'
import { lookUp } from './variables.ts'

export interface Binding {
  readonly scopes: Scopes
  /** Of the play; a task's own variables stand over it. */
  readonly sight: PlaySight
  readonly targets: ReadonlyMap<string, Target>
  readonly options: BecomeOptions
  readonly problems: Problems
  /** Names and topics that can be notified. */
  readonly handlers: readonly string[]
}

/** A task as it is written, joined with the hosts and variables of its play. */
export function bindTask(source: TaskSource, play: Binding): Task {
  const binding = { ...play, sight: sightOf(source, play.sight) }
  const { scopes, sight } = binding
  const isModule = source.word.kind === 'module'
  const now = <T extends Value | undefined>(read: (scope: Scope) => T): T | undefined =>
    sameOnAll(read, source, binding)
  const name = titleOf(source, binding)
  const runOnce = now(scope => booleanOf(source, 'run_once', scope)) ?? false
  if (source.word.kind === 'module') refuseForModule(source.word.module.name, runOnce, source, binding)
  return {
    name,
    at: source.at,
    word: source.word,
    tags: source.tags,
    listen: source.listen,
    register: source.register?.name,
    loop: source.loop && bindLoop(source.loop),
    until: source.until && bindUntil(source.until),
    throttle: now(scope => wholeOf(source, 'throttle', scope)),
    runOnce,
    anyErrorsFatal: now(scope => booleanOf(source, 'any_errors_fatal', scope)) ?? false,
    readsOthers: readsOthers(source, sight, scopes),
    onController: now(scope => isDelegated(source, scope)) ?? false,
    noLog: now(scope => booleanOf(source, 'no_log', scope)) ?? false,
    ...(play.problems.vault && { vault: play.problems.vault }),
    scope: (host, sightNow) => scopes.scope(host, sight, sightNow),
    title: scope => attempt(() => textOf(source.name, scope)) ?? name,
    notify: scope => notified(source, scope, play.handlers),
    environment: scope => environmentOf(source, scope),
    ignoreErrors: scope => booleanOf(source, 'ignore_errors', scope) ?? false,
    ignoreUnreachable: scope => booleanOf(source, 'ignore_unreachable', scope) ?? false,
    checkMode: scope => {
      const mode = booleanOf(source, 'check_mode', scope)
      // A dry run never changes a host by a module that can be planned.
      return isModule && mode === false ? undefined : mode
    },
    diff: scope => booleanOf(source, 'diff', scope),
    timeout: scope => wholeOf(source, 'timeout', scope),
    changedWhen: scope => source.changedWhen && answerOf(source.changedWhen, scope),
    failedWhen: scope => source.failedWhen && answerOf(source.failedWhen, scope),
    when: scope => answerOf(source.conditions, scope),
    args(scope) {
      const answer = source.arguments.validate(scope)
      if (answer.kind === 'valid') return answer.args
      throw together(answer.wrong.map(({ error }) => error))
    },
    identity: scope => taskIdentity(source, binding, scope),
  }
}

/** Of what is inherited or rendered, too: what a state module cannot be told without another host being wrong about it. */
function refuseForModule(name: string, runOnce: boolean, source: TaskSource, play: Binding): void {
  const { problems, sight, scopes } = play
  const once = innermost(source.keywords, 'run_once')
  if (runOnce && once)
    problems.add(
      once.at,
      `run_once beside ${name}: one host would be changed, and the others told that it is done`,
      'name that host in hosts of a play of its own, or use when: inventory_hostname == ansible_play_hosts[0]',
    )
  const mode = innermost(source.keywords, 'check_mode')
  const isReal = (host: string): boolean =>
    attempt(() => booleanOf(source, 'check_mode', scopes.scope(host, sight))) === false
  if (mode && (mode.templates.length === 0 ? sight.hosts.slice(0, 1) : sight.hosts).some(isReal))
    problems.add(
      mode.at,
      `check_mode: false beside ${name}: a dry run would change the host`,
      'leave it out; it is for command and shell',
    )
}

/** A task's own variables, and those of its blocks, stand over its play's. */
export const sightOf = ({ vars }: TaskSource, sight: PlaySight): PlaySight =>
  vars.length === 0 ? sight : { ...sight, layers: host => [...sight.layers(host), ...vars] }

export function taskIdentity(
  source: Pick<TaskSource, 'at' | 'keywords'>,
  { scopes, sight, targets, options }: Pick<Binding, 'scopes' | 'sight' | 'targets' | 'options'>,
  scope: Scope,
): Identity {
  const host = String(scope.inventory_hostname)
  const target = targets.get(host)
  if (target === undefined)
    throw new Error(`the scope of "${source.at.file}:${source.at.line}" is none of this run's`)
  const origin = (variable: string) => lookUp(scopes.layers(host, sight), variable)
  const becomes = source.keywords.map(({ become }) => become)
  const delegate = innermost(source.keywords, 'delegate_to')?.render(scope)
  const where = isController(delegate) ? controllerOf(target) : target
  return identityOf({ at: source.at, becomes, origin }, scope, where, options)
}

const controllerOf = (target: Target): Target => ({ ...target, name: 'localhost', connection: 'local' })

const answerOf = (conditions: readonly Condition[], scope: Scope): Answer => {
  const failing = failingOf(conditions, scope)
  return failing ? { run: false, why: `${failing.source} is false` } : { run: true, because: '' }
}

const bindUntil = ({ conditions, retries, delay }: UntilSource): Until => ({
  holds: scope => answerOf(conditions, scope),
  retries: scope => countOf(retries, 'retries', scope, RETRIES),
  delay: scope => countOf(delay, 'delay', scope, DELAY),
})

/** Only the machine that runs the play can be delegated to; and the host itself, which is no delegation. */
function isDelegated(source: TaskSource, scope: Scope): boolean {
  const word = innermost(source.keywords, 'delegate_to')
  const host = word?.render(scope)
  if (word === undefined || isController(host)) return word !== undefined
  if (host === '' || host === null || host === scope.inventory_hostname || host === OMIT) return false
  throw new UserError({
    where: formatPosition(word.at),
    why: `delegate_to: ${JSON.stringify(host)} is not supported: only localhost can be delegated to`,
    hint: 'make a play of it whose hosts name that host',
  })
}

const isController = (host: Value | undefined): boolean =>
  typeof host === 'string' && CONTROLLER.includes(host)
const CONTROLLER = ['localhost', '127.0.0.1', '::1']

/** What is needed before the first connection: rendered for each host, and the same for all of them. */
function sameOnAll<T extends Value | undefined>(
  read: (scope: Scope) => T,
  source: TaskSource,
  { scopes, sight, problems }: Binding,
): T | undefined {
  const hosts = needsHosts(source) ? sight.hosts : sight.hosts.slice(0, 1)
  const values = hosts.map(host => problems.attempt(() => read(scopes.scope(host, sight))))
  const [first] = values
  const other = values.findIndex(value => value !== first)
  if (other > 0)
    problems.add(
      source.at,
      `run_once, throttle, no_log, any_errors_fatal and delegate_to must be the same on all hosts of the play: they are not on ${hosts[0]} and ${hosts[other]}`,
      'make two plays of it, or use when',
    )
  return first
}

const needsHosts = ({ keywords }: TaskSource): boolean =>
  keywords.some(words =>
    [words.run_once, words.throttle, words.no_log, words.any_errors_fatal, words.delegate_to].some(
      word => word !== undefined && word.templates.length > 0,
    ),
  )

function notified(source: TaskSource, scope: Scope, handlers: readonly string[]): readonly string[] {
  return notificationsOf(source.keywords).flatMap(({ name }) => {
    const value = name.render(scope)
    const names = Array.isArray(value) ? value.map(String) : [String(value)]
    const unknown = names.find(each => !handlers.includes(each))
    if (unknown !== undefined && name.templates.length > 0)
      throw new UserError({
        where: formatPosition(name.at),
        why: `there is no handler "${unknown}"`,
        hint: nearestHandler(unknown, handlers),
      })
    return names
  })
}

/** One name for all hosts: rendered, where it comes out the same on each before the run; else as written. */
export function titleOf(source: TaskSource, { scopes, sight }: Pick<Binding, 'scopes' | 'sight'>): string {
  const { name } = source
  const written = name.node.kind === 'scalar' ? name.node.source : ''
  if (name.templates.length === 0) return written
  const titles = new Set(sight.hosts.map(host => attempt(() => textOf(name, scopes.scope(host, sight)))))
  const [title] = titles
  return titles.size === 1 && title !== undefined ? title : written
}

const textOf = (word: Templated, scope: Scope): string => String(word.render(scope))

function attempt<T>(render: () => T): T | undefined {
  try {
    return render()
  } catch (error) {
    if (error instanceof UserError || error instanceof UnknownYet) return undefined
    throw error
  }
}

function together(errors: readonly UserError[]): UserError {
  const [first, ...others] = errors
  if (first === undefined) throw new Error('arguments are wrong for no reason')
  const why = [first.why, ...others.map(error => error.why)].join('; ')
  return new UserError({ where: first.where, why, hint: first.hint })
}
