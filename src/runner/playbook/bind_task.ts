import { UserError } from '../../errors.ts'
import type { Task } from '../run_types.ts'
import type { Scope, Value } from '../template/template.ts'
import type { Identity, Target } from '../transport/transport.ts'
import { type Become, type BecomeOptions, identityOf } from './identity.ts'
import type { PlaySight, Scopes } from './scopes.ts'
import type { TaskSource } from './tasks.ts'
import { lookUp } from './variables.ts'

export interface Binding {
  readonly scopes: Scopes
  readonly sight: PlaySight
  /** Of the task's play. */
  readonly become: Become
  readonly targets: ReadonlyMap<string, Target>
  readonly options: BecomeOptions
}

/** A task as it is written, joined with the hosts and variables of its play. */
export function bindTask(source: TaskSource, binding: Binding): Task {
  const { scopes, sight } = binding
  return {
    name: titleOf(source, binding),
    at: source.at,
    module: source.module,
    notify: source.notify.map(({ name }) => name),
    listen: source.listen,
    scope: (host, facts) => scopes.scope(host, sight, facts),
    when(scope) {
      const failing = source.conditions.find(condition => !condition.holds(scope))
      return failing ? { run: false, why: `${failing.source} is false` } : { run: true }
    },
    args(scope) {
      const answer = source.arguments.validate(scope)
      if (answer.kind === 'valid') return answer.args
      throw together(answer.wrong.map(({ error }) => error))
    },
    identity: scope => taskIdentity(source, binding, scope),
  }
}

export function taskIdentity(source: TaskSource, binding: Binding, scope: Scope): Identity {
  const host = String(scope.inventory_hostname)
  const target = binding.targets.get(host)
  if (target === undefined)
    throw new Error(`the scope of "${source.at.file}:${source.at.line}" is none of this run's`)
  const origin = (variable: string) => lookUp(binding.scopes.layers(host, binding.sight), variable)
  return identityOf(
    { at: source.at, becomes: [source.become, binding.become], origin },
    scope,
    target,
    binding.options,
  )
}

/** One name for all hosts: rendered, where it comes out the same on each and needs no facts; else as written. */
function titleOf(source: TaskSource, { scopes, sight }: Binding): string {
  const { name } = source
  const written = name.node.kind === 'scalar' ? name.node.source : ''
  if (name.templates.length === 0) return written
  const titles = new Set(
    sight.hosts.map(host => attempt(() => name.render(scopes.scope(host, sight, undefined)))),
  )
  const [title] = titles
  return titles.size === 1 && title !== undefined ? String(title) : written
}

function attempt(render: () => Value): Value | undefined {
  try {
    return render()
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function together(errors: readonly UserError[]): UserError {
  const [first, ...others] = errors
  if (first === undefined) throw new Error('arguments are wrong for no reason')
  const why = [first.why, ...others.map(error => error.why)].join('; ')
  return new UserError({ where: first.where, why, hint: first.hint })
}
