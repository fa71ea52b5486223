import { formatPosition } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import type { Problems } from './problems.ts'
import type { StepSource, TaskSource } from './tasks.ts'

/** Every notified name must be a handler's, or a topic one listens to; names tell handlers apart. */
export function checkHandlers(
  steps: readonly StepSource[],
  handlers: readonly TaskSource[],
  problems: Problems,
): void {
  const names = new Map<string, TaskSource>()
  for (const handler of handlers) {
    const name = handlerName(handler)
    const first = names.get(name)
    if (first === undefined) names.set(name, handler)
    else
      problems.add(handler.at, `the handler "${name}" is defined twice; first at ${formatPosition(first.at)}`)
  }
  const known = new Set([...names.keys(), ...handlers.flatMap(handler => handler.listen)])
  const tasks = steps.flatMap(step => (step.kind === 'task' ? [step.task] : []))
  for (const { name, at } of [...tasks, ...handlers].flatMap(task => task.notify)) {
    if (!known.has(name)) problems.add(at, `there is no handler "${name}"`, nearest(name, [...known]))
  }
}

/** As it is written: a notification cannot know what a template will say. */
export const handlerName = (handler: TaskSource): string =>
  handler.name.node.kind === 'scalar' ? handler.name.node.source : ''

const nearest = (name: string, known: readonly string[]): string =>
  didYouMean(name, known) ??
  (known.length > 0 ? `handlers are ${known.join(', ')}` : 'the play has no handlers')
