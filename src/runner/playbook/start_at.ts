import { UserError } from '../../errors.ts'
import { didYouMean } from '../../nearest.ts'
import type { PlaySource } from './playbook.ts'
import { keepSteps } from './tags.ts'
import { type TaskSource, tasksIn } from './task_source.ts'

/** The plays from the first task on that answers to a name or a glob. Throws UserError where none does. */
export function startAt(plays: readonly PlaySource[], name: string): readonly PlaySource[] {
  const matches = matcher(name)
  const first = plays.findIndex(play => tasksIn(play.steps).some(task => matches(nameOf(task))))
  if (first === -1) {
    const names = plays.flatMap(play => tasksIn(play.steps).map(nameOf))
    throw new UserError({
      where: '--start-at-task',
      why: `no task is called "${name}"`,
      hint: didYouMean(name, names) ?? '--list-tasks shows their names',
    })
  }
  return plays.map((play, n) => {
    if (n > first) return play
    if (n < first) return { ...play, steps: [] }
    let isReached = false
    const keeps = (task: TaskSource): boolean => {
      isReached ||= matches(nameOf(task))
      return isReached
    }
    return { ...play, steps: keepSteps(play.steps, keeps) }
  })
}

const nameOf = ({ name, word }: TaskSource): string =>
  name.node.kind === 'scalar'
    ? name.node.source
    : word.kind === 'module'
      ? word.module.name
      : word.action.name

/** As it is written, or with * and ? as fnmatch(3) has them. */
function matcher(name: string): (task: string) => boolean {
  const source = name.replace(/[^A-Za-z0-9_ ]/g, sign =>
    sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`,
  )
  const glob = new RegExp(`^${source}$`, 's')
  return task => task === name || glob.test(task)
}
