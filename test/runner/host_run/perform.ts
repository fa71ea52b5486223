import { z } from 'zod'
import { converged, defineModule, type Module, type Outcome } from '../../../src/modules/define.ts'
import {
  type Action,
  type ActionContext,
  type ActionResult,
  defineAction,
} from '../../../src/runner/actions/action.ts'
import type { RunEvent } from '../../../src/runner/events.ts'
import { type RunOptions, runPlays } from '../../../src/runner/run.ts'
import type { Block, Play, Run, Step, Task } from '../../../src/runner/run_types.ts'
import type { Scope } from '../../../src/runner/template/template.ts'
import type { Target, Transport } from '../../../src/runner/transport/transport.ts'
import { aReadyHost } from '../../builders.ts'

/** A performance that is over: what was told, a line an event. */
export interface Performed {
  readonly exitCode: number
  readonly events: readonly RunEvent[]
  /** `HOST STATUS TASK`, and what happened between tasks. */
  readonly lines: readonly string[]
  recap(host: string): string
}

export type PerformOptions = Partial<Omit<RunOptions, 'emit'>> & {
  readonly onEvent?: (event: RunEvent) => void
}

/** Runs plays in this process on hosts that nobody connects to: state modules see the lab's machine, as it was recorded. */
export async function perform(plays: readonly Play[], options: PerformOptions = {}): Promise<Performed> {
  const events: RunEvent[] = []
  const never = new AbortController().signal
  const hosts = [...new Set(plays.flatMap(play => play.hosts))]
  const run: Run = { playbook: 'play.yaml', plays, targets: new Map(hosts.map(name => [name, target(name)])) }
  const exitCode = await runPlays(run, {
    check: false,
    diff: true,
    noReboot: false,
    ownBootId: undefined,
    detailedExitCode: false,
    forks: 5,
    connect: async () => answering(() => ({ exitCode: 0, stdout: '' })),
    run: 'test',
    who: 'tester@localhost',
    stop: never,
    abandon: never,
    ...options,
    emit: event => {
      events.push(event)
      options.onEvent?.(event)
    },
  })
  const recap = events.findLast(event => event.event === 'recap')
  return {
    exitCode,
    events,
    lines: events.flatMap(lineOf),
    recap(host) {
      const counts = recap?.event === 'recap' ? recap.hosts[host] : undefined
      const { ok, changed, unreachable, failed, skipped, rescued, ignored } = counts ?? {}
      return `ok=${ok} changed=${changed} unreachable=${unreachable} failed=${failed} skipped=${skipped} rescued=${rescued} ignored=${ignored}`
    },
  }
}

/** Every host is the lab's machine after a run, and nothing is run on it. */
export const recorded: Partial<RunOptions> = {
  snapshots: {
    folder: 'snapshots',
    hosts: [],
    takenAt: () => new Date(0),
    host: () => aReadyHost(),
  },
}

/** A machine that answers scripts by itself. */
export const answering = (answer: (script: string) => { exitCode: number; stdout: string }): Transport => ({
  sh: async script => {
    const { exitCode, stdout } = answer(script)
    return { exitCode, stdout: Buffer.from(stdout), stderr: '' }
  },
  [Symbol.asyncDispose]: async () => {},
})

export const play = (steps: readonly Step[], differing: Partial<Play> = {}): Play => {
  const hosts = differing.hosts ?? ['a']
  return {
    name: 'play',
    at: AT,
    hosts,
    batches: [hosts],
    maxFailPercentage: undefined,
    anyErrorsFatal: false,
    forceHandlers: false,
    steps: [...steps, { kind: 'flush_handlers' }],
    handlers: [],
    ...differing,
  }
}

/** What a task says of a host: fields of Task, with what is usual for the others. */
export const task = (name: string, word: Task['word'], differing: Partial<Task> = {}): Task => ({
  name,
  at: AT,
  word,
  tags: [],
  listen: [],
  register: undefined,
  loop: undefined,
  until: undefined,
  throttle: undefined,
  runOnce: false,
  anyErrorsFatal: false,
  onController: false,
  noLog: false,
  scope: (host, { live, locals }) => ({ ...live.of(host).set, ...locals, inventory_hostname: host }),
  title: () => name,
  when: () => ({ run: true, because: '' }),
  args: () => ({}),
  identity: () => ({ become: undefined }),
  notify: () => [],
  environment: () => ({}),
  ignoreErrors: () => false,
  ignoreUnreachable: () => false,
  checkMode: () => undefined,
  diff: () => undefined,
  changedWhen: () => undefined,
  failedWhen: () => undefined,
  ...differing,
})

export const step = (one: Task): Step => ({ kind: 'task', task: one })

export const block = (parts: Partial<Block>): Step => ({
  kind: 'block',
  block: { name: 'block', at: AT, steps: [], rescue: [], always: [], ...parts },
})

/** A step of an action that answers this, on each host and in each round. */
export const does = (
  name: string,
  answer: Answering,
  differing: Partial<Task> & { barrier?: boolean } = {},
): Step => {
  const { barrier = false, ...rest } = differing
  return step(task(name, { kind: 'action', action: actionOf(answer, barrier) }, rest))
}

/** A step of a state module that plans this. */
export const plans = (
  name: string,
  outcome: Outcome | ((args: Record<string, unknown>) => Outcome),
  differing: Partial<Task> = {},
): Step => step(task(name, { kind: 'module', module: moduleOf(outcome) }, differing))

export type Answering =
  | ActionResult['status']
  | Partial<ActionResult>
  | ((context: ActionContext) => ActionResult | Promise<ActionResult>)

export function actionOf(answer: Answering, isBarrier = false): Action {
  return defineAction({
    name: 'act',
    summary: 'Answer',
    description: '',
    args: z.looseObject({}),
    isBarrier,
    example: '',
    run: async (_, context) => {
      if (typeof answer === 'function') return await answer(context)
      return typeof answer === 'string'
        ? { status: answer, why: answer }
        : { status: 'ok', why: '', ...answer }
    },
  }) as Action
}

const moduleOf = (outcome: Outcome | ((args: Record<string, unknown>) => Outcome)): Module =>
  defineModule({
    name: 'state',
    summary: 'Plan',
    description: '',
    args: z.looseObject({}),
    example: '',
    plan: (_, args) => (typeof outcome === 'function' ? outcome(args) : outcome),
  }) as Module

/** A loop over these, as `item`. */
export const over = (items: readonly Scope[string][]): Task['loop'] => ({
  items: () => items,
  label: scope => String(scope.item),
  round: (all, n) => ({ item: all[n] ?? null, ansible_loop_var: 'item' }),
  pause: () => 0,
})

export const holds = { run: true, because: '' } as const
export const fails = (why: string) => ({ run: false, why }) as const
export const fine = converged('as it should be')

const AT = { file: 'play.yaml', line: 1, column: 1 }

const target = (name: string): Target =>
  ({
    name,
    connection: 'ssh',
    host: name,
    port: 22,
    user: 'admin',
    privateKeyFile: undefined,
    connectTimeout: 1,
  }) as Target

function lineOf(event: RunEvent): string[] {
  switch (event.event) {
    case 'task':
      return [
        `${event.host} ${event.ignored ? 'ignored ' : ''}${event.status} ${event.task}${event.item === undefined ? '' : ` [${event.item}]`}`,
      ]
    case 'rescue':
      return [`${event.host} rescued: ${event.why}`]
    case 'host_failed':
      return [`${event.host} out: ${event.why}`]
    case 'host_stopped':
      return [`${event.host} stopped: ${event.why}`]
    case 'batch':
      return [`batch ${event.number} of ${event.of}: ${event.hosts.join(' ')}`]
    default:
      return []
  }
}
