import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { modules } from '../../src/modules/index.ts'
import type { RunEvent } from '../../src/runner/events.ts'
import { loadRun } from '../../src/runner/load.ts'
import { runPlays } from '../../src/runner/run.ts'
import { connect } from '../../src/runner/transport/connect.ts'
import type { Case } from './case.ts'
import type { Counts, Results, Told } from './results.ts'

/** Runs a case through vfio-run, in this process. Throws UserError and UserErrors. */
export async function askOurselves(one: Case, folder: string): Promise<Results> {
  const { values } = parseArgs({ args: [...(one.args ?? [])], options: OPTIONS })
  const events: RunEvent[] = []
  const run = await loadRun({
    playbook: join(folder, one.playbook ?? 'play.yaml'),
    inventories: (one.inventories ?? ['hosts.yaml']).map(name =>
      name.includes(',') ? name : join(folder, name),
    ),
    limit: values.limit?.replaceAll('@', `@${folder}/`),
    extraVars: (values['extra-vars'] ?? []).map(text => text.replace(/^@/, `@${folder}/`)),
    tags: commas(values.tags),
    skipTags: commas(values['skip-tags']),
    startAtTask: values['start-at-task'],
    forceHandlers: values['force-handlers'],
    check: values.check ?? false,
    modules,
    become: false,
    becomePassword: undefined,
    user: undefined,
    privateKey: undefined,
    connectTimeout: 10,
  })
  const exitCode = await runPlays(run, {
    check: values.check ?? false,
    diff: false,
    noReboot: false,
    ownBootId: undefined,
    detailedExitCode: false,
    forks: 10,
    run: 'comparison',
    who: 'tester@localhost',
    connect: target =>
      connect(target, { knownHostsFiles: [], acceptNewHostKeys: false, passphrase: undefined }),
    emit: event => events.push(event),
    stop: NEVER,
    abandon: NEVER,
  })
  return { told: toldIn(events), recap: recapIn(events), exitCode }
}

const OPTIONS = {
  limit: { type: 'string', short: 'l' },
  'extra-vars': { type: 'string', short: 'e', multiple: true },
  tags: { type: 'string', short: 't', multiple: true },
  'skip-tags': { type: 'string', multiple: true },
  'start-at-task': { type: 'string' },
  'force-handlers': { type: 'boolean' },
  check: { type: 'boolean' },
} as const

const commas = (texts: readonly string[] | undefined): string[] | undefined =>
  texts?.flatMap(text => text.split(','))

const NEVER = new AbortController().signal

function toldIn(events: readonly RunEvent[]): Results['told'] {
  const tasks = events.filter(event => event.event === 'task')
  const byHost = Map.groupBy(tasks, ({ host }) => host)
  return Object.fromEntries([...byHost].map(([host, own]) => [host, own.map(toldOf)]))
}

type TaskEvent = Extract<RunEvent, { event: 'task' }>

/** The line of a whole loop says how often; a round does not say that its task's failure is ignored. */
function toldOf(event: TaskEvent, n: number, own: readonly TaskEvent[]): Told {
  const { task, module, status, why, item, ignored } = event
  const isOfRounds = item === undefined && own[n - 1]?.item !== undefined
  const isDebug = module === 'debug' && (status === 'ok' || status === 'changed') && !isOfRounds
  return {
    task,
    status: STATUSES[status],
    ...(item === undefined ? {} : { item }),
    ...(isDebug ? { text: why } : {}),
    ...(ignored && item === undefined ? { ignored } : {}),
  }
}

const STATUSES = {
  ok: 'ok',
  changed: 'changed',
  pending: 'ok',
  unknown: 'ok',
  skipped: 'skipped',
  blocked: 'failed',
  failed: 'failed',
} as const satisfies Record<TaskEvent['status'], Told['status']>

function recapIn(events: readonly RunEvent[]): Results['recap'] {
  const recap = events.find(event => event.event === 'recap')
  return Object.fromEntries(
    Object.entries(recap?.hosts ?? {}).map(([host, counts]): [string, Counts] => {
      const { ok, changed, failed, skipped, rescued, ignored, unreachable } = counts
      return [host, { ok, changed, failed, skipped, rescued, ignored, unreachable }]
    }),
  )
}
