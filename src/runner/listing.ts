import type { Run } from './run_types.ts'

/** `--list-hosts`: each play and the hosts it would run on. */
export const listHosts = (run: Run): string =>
  run.plays
    .map(
      play =>
        `play: ${play.name} (${play.hosts.length} ${play.hosts.length === 1 ? 'host' : 'hosts'})\n${play.hosts.map(host => `  ${host}\n`).join('')}`,
    )
    .join('')

/** `--list-tasks`: each play and its tasks in order, handlers last. */
export const listTasks = (run: Run): string =>
  run.plays
    .map(play => {
      const steps = play.steps.map(step =>
        step.kind === 'task' ? `  ${step.task.name}  (${step.task.module.name})\n` : '',
      )
      const handlers = play.handlers.map(handler => `  handler: ${handler.name}  (${handler.module.name})\n`)
      return `play: ${play.name}\n${[...steps, ...handlers].join('')}`
    })
    .join('')
