import type { Play, Run, Step, Task } from './run_types.ts'

export interface Wanted {
  readonly hosts?: boolean | undefined
  readonly tasks?: boolean | undefined
  readonly tags?: boolean | undefined
}

/**
 * `--list-hosts`, `--list-tasks`, `--list-tags`, each alone or together, laid out as Ansible's: the plays, the hosts
 * they would run on, their tasks in order (those of a rescue left out) and their handlers, and the tags of the tasks.
 */
export function list(run: Run, wanted: Wanted): string {
  const plays = run.plays.map((play, n) =>
    [headOf(play, n), ...linesOf(play, wanted)].map(line => `${line}\n`).join(''),
  )
  return `\nplaybook: ${run.playbook}\n\n${plays.join('\n')}`
}

const headOf = ({ pattern, hosts, name, tags = [] }: Play, n: number): string =>
  `  play #${n + 1} (${pattern ?? hosts.join(',')}): ${name}\tTAGS: ${tagsText(tags)}`

function linesOf(play: Play, wanted: Wanted): readonly string[] {
  const { hosts, steps, handlers } = play
  const tasks = tasksIn(steps)
  return [
    ...(wanted.hosts
      ? [
          `    pattern: [${patternsOf(play)}]`,
          `    hosts (${hosts.length}):`,
          ...hosts.map(host => `      ${host}`),
        ]
      : []),
    ...(wanted.tasks ? ['    tasks:', ...tasks.map(taskLine)] : []),
    ...(wanted.tasks && handlers.length > 0 ? ['    handlers:', ...handlers.map(taskLine)] : []),
    ...(wanted.tags ? [`      TASK TAGS: ${tagsText(tasks.flatMap(task => task.tags))}`] : []),
  ]
}

const taskLine = ({ name, tags }: Task): string => `      ${name}\tTAGS: ${tagsText(tags)}`

const tasksIn = (steps: readonly Step[]): readonly Task[] =>
  steps.flatMap(step => {
    if (step.kind === 'task') return [step.task]
    return step.kind === 'block' ? [...tasksIn(step.block.steps), ...tasksIn(step.block.always)] : []
  })

const tagsText = (tags: readonly string[]): string => `[${[...new Set(tags)].toSorted().join(', ')}]`

/** A list is shown as one. */
const patternsOf = ({ pattern = '', patterns = [pattern] }: Play): string =>
  patterns.map(each => `'${each}'`).join(', ')
