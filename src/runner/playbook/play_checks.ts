import type { Position } from '../../errors.ts'
import { LiveVariables } from '../live_variables.ts'
import type { Scope, Template } from '../template/template.ts'
import { sightOf, taskIdentity } from './bind_task.ts'
import { checkTasks, type TaskCheck } from './check_task.ts'
import { type Definitions, definitionsOf } from './definitions.ts'
import type { JoinedPlay } from './join_plays.ts'
import type { PlaySource } from './playbook.ts'
import type { Problems } from './problems.ts'
import { type StepSource, type TaskSource, tasksIn } from './task_source.ts'
import { templatesOfTask } from './task_templates.ts'
import { checkUnread } from './unread_variables.ts'
import type { Layer } from './variables.ts'

/** All that can be told of tasks before the first connection. `all`: the plays before tags have chosen from them. */
export function checkPlays(
  joined: readonly JoinedPlay[],
  all: readonly PlaySource[],
  playbookFolder: string,
  problems: Problems,
): void {
  const definitions = new Map<TaskSource, Definitions>()
  for (const task of all.flatMap(tasksOf))
    definitions.set(task, definitionsOf(task, { problems, playbookFolder }))
  const later = new Map<string, Position>()
  for (const { names } of definitions.values()) for (const [name, at] of names) if (at) later.set(name, at)
  checkTasks(
    joined.flatMap(play => checksOf(play, definitions)),
    later,
    problems,
  )
  checkUnread(new Set(joined.flatMap(layersOf)), joined.flatMap(templatesOf), problems)
}

const NOTHING_LIVE = new LiveVariables()
const NOTHING: Definitions = { names: new Map(), isOpen: false }

function checksOf(
  { play, base }: JoinedPlay,
  all: ReadonlyMap<TaskSource, Definitions>,
): readonly TaskCheck[] {
  // Handlers run between the tasks: what they give may be there from the first on. So may what nobody was asked for.
  const fromHandlers = together(play.handlers.map(handler => all.get(handler) ?? NOTHING))
  const unanswered = play.prompts.map(({ name, at }): [string, Position] => [name, at])
  const names =
    base.sight.hosts[0] === undefined ? [] : unanswered.filter(([name]) => !isAnswered(name, base))
  const first: Definitions = { ...fromHandlers, names: new Map([...fromHandlers.names, ...names]) }
  const checks = [
    ...orderedTasks(play.steps),
    ...play.handlers.map(task => ({ task, isAfterFailure: false })),
  ].map(
    (each): TaskCheck => ({ ...each, gives: all.get(each.task) ?? NOTHING, ...placesOf(each.task, base) }),
  )
  return checks.map((check, n) => (n === 0 ? { ...check, comesWith: first } : check))
}

const isAnswered = (name: string, { scopes, sight }: JoinedPlay['base']): boolean =>
  scopes.isExtra(name) || sight.layers(sight.hosts[0] ?? '').some(layer => layer.has(name))

const together = (all: readonly Definitions[]): Definitions => ({
  names: new Map(all.flatMap(({ names }) => [...names])),
  isOpen: all.some(({ isOpen }) => isOpen),
})

function placesOf(task: TaskSource, base: JoinedPlay['base']): Pick<TaskCheck, 'places'> {
  const { scopes } = base
  const sight = sightOf(task, base.sight)
  const becomes = task.keywords.map(({ become }) => become)
  const placeOn = (host: string) => ({
    host,
    layers: scopes.layers(host, sight),
    scope: (locals?: Scope) =>
      scopes.scope(host, sight, locals && { facts: undefined, live: NOTHING_LIVE, locals }),
    becomes,
    identity: (scope: Scope) => taskIdentity(task, { ...base, sight }, scope),
    isExtra: (name: string) => scopes.isExtra(name),
  })
  return { places: () => sight.hosts.map(placeOn) }
}

interface Ordered {
  readonly task: TaskSource
  readonly isAfterFailure: boolean
}

const orderedTasks = (steps: readonly StepSource[], isAfterFailure = false): readonly Ordered[] =>
  steps.flatMap((step): readonly Ordered[] => {
    if (step.kind === 'flush_handlers') return []
    if (step.kind === 'task') return [{ task: step.task, isAfterFailure }]
    const { block } = step
    return [
      ...orderedTasks(block.steps, isAfterFailure),
      ...orderedTasks(block.rescue, true),
      ...orderedTasks(block.always, true),
    ]
  })

const tasksOf = (play: PlaySource): readonly TaskSource[] => [...tasksIn(play.steps), ...play.handlers]

/** All that set variables for the hosts of a play. */
const layersOf = ({ play, base: { scopes, sight } }: JoinedPlay): readonly Layer[] => [
  ...sight.hosts.flatMap(host => scopes.layers(host, sight)),
  ...tasksOf(play).flatMap(task => task.vars),
]

/** All that read variables, but for the variables themselves. */
const templatesOf = ({ play }: JoinedPlay): readonly Template[] => [
  ...[
    ...[...play.serial, play.maxFailPercentage, play.forceHandlers, play.gatherFacts],
    ...(play.hosts.patterns ?? []),
  ].flatMap(word => word?.templates ?? []),
  ...play.varsFiles.flat().flatMap(file => file.templates),
  ...tasksOf(play).flatMap(templatesOfTask),
]
