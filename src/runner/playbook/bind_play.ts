import type { Block, Play, Sight, Step } from '../run_types.ts'
import type { Scope } from '../template/template.ts'
import { bindTask, taskIdentity } from './bind_task.ts'
import type { JoinedPlay } from './join_plays.ts'
import { innermost } from './keywords.ts'
import { asPercentage, asYes } from './play_values.ts'
import { batchesOf } from './serial.ts'
import type { BlockSource, StepSource } from './task_source.ts'

/** A play as it is written, joined with its hosts: what the runner runs. Mistakes are noted in its problems. */
export function bindPlay(
  { play, base }: JoinedPlay,
  options: { readonly forceHandlers?: boolean | undefined },
): Play {
  const { sight, scopes, problems } = base
  const [first] = sight.hosts
  const scope: Scope = first === undefined ? {} : scopes.scope(first, sight)
  const now = <T>(read: () => T): T | undefined => (first === undefined ? undefined : problems.attempt(read))
  const gathers = now(() => asYes(play.gatherFacts, 'gather_facts', scope)) ?? false
  const anyErrorsFatal = innermost(play.around.keywords, 'any_errors_fatal')
  return {
    name: play.name,
    at: play.at,
    pattern: play.hosts.pattern,
    patterns: play.hosts.list ?? [play.hosts.pattern],
    tags: play.tags,
    hosts: sight.hosts,
    named: sight.named,
    batches: now(() => batchesOf(sight.hosts, play.serial, scope)) ?? [sight.hosts],
    maxFailPercentage: now(() => asPercentage(play.maxFailPercentage, scope)),
    anyErrorsFatal: now(() => asYes(anyErrorsFatal, 'any_errors_fatal', scope)) ?? false,
    forceHandlers:
      now(() => asYes(play.forceHandlers, 'force_handlers', scope)) ?? options.forceHandlers ?? false,
    ...(gathers && {
      looksFirst: (host: string, sightNow: Sight) =>
        taskIdentity(
          { at: play.at, keywords: play.around.keywords },
          base,
          scopes.scope(host, sight, sightNow),
        ),
    }),
    steps: play.steps.map(step => bindStep(step, base)),
    handlers: play.handlers.map(handler => bindTask(handler, base)),
  }
}

function bindStep(step: StepSource, base: JoinedPlay['base']): Step {
  if (step.kind === 'flush_handlers') return { kind: 'flush_handlers' }
  if (step.kind === 'task') return { kind: 'task', task: bindTask(step.task, base) }
  return { kind: 'block', block: bindBlock(step.block, base) }
}

function bindBlock({ name, at, steps, rescue, always }: BlockSource, base: JoinedPlay['base']): Block {
  const bind = (section: readonly StepSource[]): readonly Step[] => section.map(step => bindStep(step, base))
  return { name, at, steps: bind(steps), rescue: bind(rescue), always: bind(always) }
}
