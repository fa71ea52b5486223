import { formatPosition } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import { notificationsOf } from './keywords.ts'
import type { Problems } from './problems.ts'
import type { TaskSource } from './task_source.ts'

/** Every name that is notified must be a handler's, or a topic one listens to; names tell handlers apart. */
export function checkHandlers(
  tasks: readonly TaskSource[],
  handlers: readonly TaskSource[],
  problems: Problems,
): void {
  const names = new Map<string, TaskSource>()
  for (const handler of handlers) {
    const name = writtenName(handler)
    const first = names.get(name)
    if (first === undefined) names.set(name, handler)
    else
      problems.add(handler.at, `the handler "${name}" is defined twice; first at ${formatPosition(first.at)}`)
  }
  // What a template of a handler's name gives is known when it is joined with its hosts.
  if (handlers.some(handler => handler.name.templates.length > 0)) return
  for (const { text, name } of [...tasks, ...handlers].flatMap(task => notificationsOf(task.keywords)))
    if (name.templates.length === 0) noteUnknown(text, name.at, namesOf(handlers), problems)
}

/** As it is written. */
export const writtenName = ({ name }: TaskSource): string =>
  name.node.kind === 'scalar' ? name.node.source : ''

const namesOf = (handlers: readonly TaskSource[]): readonly string[] => [
  ...new Set([...handlers.map(writtenName), ...handlers.flatMap(handler => handler.listen)]),
]

function noteUnknown(
  name: string,
  at: Parameters<typeof formatPosition>[0],
  known: readonly string[],
  problems: Problems,
): void {
  if (!known.includes(name)) problems.add(at, `there is no handler "${name}"`, nearestHandler(name, known))
}

export const nearestHandler = (name: string, known: readonly string[]): string =>
  didYouMean(name, known) ??
  (known.length > 0 ? `handlers are ${known.join(', ')}` : 'the play has no handlers')
