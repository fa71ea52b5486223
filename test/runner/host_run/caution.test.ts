import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { blocked, type Module } from '../../../src/modules/define.ts'
import { reboot } from '../../../src/modules/reboot.ts'
import type { Play, Step, Task } from '../../../src/runner/run_types.ts'
import type { Scope } from '../../../src/runner/template/template.ts'
import type { Identity } from '../../../src/runner/transport/transport.ts'
import {
  block,
  does,
  fails,
  fine,
  holds,
  over,
  type Performed,
  perform,
  plans,
  play,
  recorded,
  step,
  task,
} from './perform.ts'

const one = async (steps: readonly Step[], differing: Partial<Play> = {}, options = {}): Promise<Performed> =>
  await perform([play(steps, differing)], { ...recorded, ...options })

const refused = blocked('it cannot be', 'do something')
const change = {
  kind: 'change',
  why: 'writes',
  changes: [{ kind: 'write', path: '/etc/x', before: undefined, after: 'x' }],
} as const
const pending = { kind: 'pending', why: 'waits', needs: 'reboot', brings: 'the driver' } as const

const mistake = (): never => {
  throw new UserError({ where: 'play.yaml:7:3', why: 'nothing defines y' })
}
const phases = ({ events }: Performed): string[] =>
  events.flatMap(event => (event.event === 'phase' ? [event.phase] : []))
const count = (run: Performed, phase: string): number => phases(run).filter(each => each === phase).length

/** A task that may read facts. */
const withFacts: Partial<Task> = {
  scope: (host, { live, locals, facts = {} }) => ({
    ...live.of(host).set,
    ...locals,
    inventory_hostname: host,
    ansible_facts: facts,
  }),
}
const kernelOf = ({ ansible_facts: facts }: Scope): unknown =>
  typeof facts === 'object' && facts !== null && 'kernel' in facts && facts.kernel
const onFacts = (scope: Scope) => (kernelOf(scope) === 'none' ? holds : fails('another kernel'))

/** What a command answers. */
const command = (name: string, differing: Partial<Task> = {}): Step =>
  does(name, ({ check }) => ({ status: check ? 'unknown' : 'changed', why: '' }), {
    barrier: true,
    ...differing,
  })

describe('nothing is done where it cannot be told whether it may be', () => {
  test.for<[string, Step]>([
    ['check_mode of a command', command('x', { checkMode: mistake })],
    ['check_mode of a module', plans('x', change, { checkMode: mistake })],
    ['the environment of a module', plans('x', change, { environment: mistake })],
    ['the user of a module', plans('x', change, { identity: mistake })],
  ])('%s with a mistake fails the task', async ([, made]) => {
    const run = await one([made, does('y', 'ok')])
    expect(run.lines).toEqual(['a failed x', 'a out: play.yaml:7:3: nothing defines y'])
    expect([count(run, 'apply'), count(run, 'run')]).toEqual([0, 0])
  })

  test('and a condition that leaves the task out comes first', async () => {
    const run = await one([plans('x', change, { identity: mistake, when: () => fails('no') })])
    expect([run.lines, run.exitCode]).toEqual([['a skipped x'], 0])
  })

  test('check_mode that reads facts is heard', async () => {
    const made = does('x', ({ check }) => ({ status: 'ok', why: `${check}` }), {
      ...withFacts,
      barrier: true,
      checkMode: scope => kernelOf(scope) !== 'none',
    })
    const { events } = await one([made])
    expect(events.flatMap(event => (event.event === 'task' ? [event.why] : []))).toEqual(['true'])
  })
})

describe('facts are looked for by', () => {
  test.for<[string, Partial<Task>, string]>([
    ['changed_when', { changedWhen: onFacts }, 'a ok x'],
    ['failed_when', { failedWhen: onFacts }, 'a ok x'],
    ['until', { until: { holds: onFacts, retries: () => 1, delay: () => 0 } }, 'a failed x'],
  ])('%s', async ([, keywords, line]) => {
    const run = await one([
      does('x', 'changed', { ...withFacts, changedWhen: () => fails('no'), ...keywords }),
    ])
    expect([run.lines[0], count(run, 'look')]).toEqual([line, 1])
  })

  test('ignore_errors', async () => {
    const ignoreErrors = (scope: Scope) => kernelOf(scope) !== 'none'
    const run = await one([does('x', 'failed', { ...withFacts, ignoreErrors })])
    expect(run.lines).toEqual(['a ignored failed x'])
  })
})

describe('a command that its check_mode keeps from running', () => {
  const never = command('never', { checkMode: () => true, register: 'r' })

  test('puts nothing behind it in doubt: what is refused is refused', async () => {
    const run = await one([never, plans('x', refused)])
    expect([run.lines, run.exitCode]).toEqual([['a blocked x', 'a out: it cannot be'], 2])
  })

  test('fails what reads its result', async () => {
    const run = await one([never, does('x', ({ scope }) => ({ status: 'ok', why: JSON.stringify(scope.r) }))])
    expect(run.lines).toEqual([
      'a unknown never',
      'a failed x',
      'a out: it depends on what "never" does, and its check_mode keeps it from running',
    ])
  })
})

test('of a loop with a refused round nothing is done, told as done or notified, also where that is ignored', async () => {
  const steps = [
    plans('x', ({ n }) => (n === 1 ? refused : change), {
      loop: over([1, 2]),
      ignoreErrors: () => true,
      args: ({ item }) => ({ n: item }),
      notify: () => ['h'],
    }),
  ]
  const handler = does('h', 'ok')
  const run = await one(steps, { handlers: handler.kind === 'task' ? [handler.task] : [] })
  expect(run.lines).toEqual(['a ignored blocked x [1]', 'a skipped x [2]', 'a ignored blocked x'])
})

describe('reboots', () => {
  const reboots = (name: string, args: Record<string, unknown>, differing: Partial<Task> = {}): Step => {
    const module: Module = reboot
    const word = { kind: 'module', module } as const
    const all = { reboot_timeout: 1, connect_timeout: 1, ...args }
    return step(task(name, word, { args: () => all, ...differing }))
  }
  const reads = does('read', ({ scope: { r } }) => ({ status: 'ok', why: JSON.stringify(r) }))
  const host = recorded.snapshots?.host('a')
  const ownBootId = host?.bootId.is === 'observed' ? host.bootId.value : ''

  test('of the own machine are left to the user, however many there are, under whatever name', async () => {
    const run = await one(
      [reboots('one', { always: true }), reboots('two', { always: true })],
      {},
      { ownBootId },
    )
    expect([run.lines, count(run, 'reboot')]).toEqual([['a skipped one', 'a skipped two'], 0])
  })

  test('that are not due have changed nothing', async () => {
    const { events } = await one([reboots('x', {}, { register: 'r' }), reads])
    const said = events.flatMap(event => (event.event === 'task' && event.task === 'read' ? [event.why] : []))
    expect(said.map(text => JSON.parse(text))).toEqual([{ changed: false, failed: false, rebooted: false }])
  })

  test('that fail are ignored where the task says so', async () => {
    const steps = [plans('p', pending), reboots('x', {}, { ignoreErrors: () => true }), does('y', 'ok')]
    const run = await one(steps)
    expect(run.lines.slice(-2)).toEqual(['a ignored failed x', 'a ok y'])
  })

  test('that a play leaves due are still due after the plays that follow', async () => {
    const plays = [play([plans('p', pending)]), play([plans('q', fine)]), play([does('d', 'ok')])]
    const run = await perform(plays, { ...recorded, detailedExitCode: true })
    expect(run.events.at(-1)).toMatchObject({ hosts: { a: { rebootPending: 'the driver' } }, exitCode: 3 })
  })
})

describe('the rehearsal', () => {
  const user: Identity = { become: undefined }
  const root: Identity = { become: { method: 'sudo', user: 'root', password: undefined } }

  test('looks again where another user does, and refuses before anything is run', async () => {
    const facts = does('facts', 'ok', { ...withFacts, when: onFacts, identity: () => user })
    const run = await one([facts, command('run it'), plans('fine', fine, { identity: () => root })])
    expect([run.lines, count(run, 'look')]).toEqual([['a skipped facts', 'a changed run it', 'a ok fine'], 2])
    const refuses = await one([facts, plans('fine', fine), plans('x', refused, { identity: () => root })])
    expect([refuses.lines.at(-1), count(refuses, 'plan')]).toEqual(['a out: it cannot be', 0])
  })

  test('refuses on all hosts what comes behind a command that one runs for all', async () => {
    const ran: string[] = []
    const once = does(
      'once',
      ({ host, check }) => {
        if (!check) ran.push(host)
        return { status: check ? 'unknown' : 'changed', why: '' }
      },
      { runOnce: true, barrier: true },
    )
    const refusing = plans('x', ({ host }) => (host === 'b' ? refused : fine), {
      args: ({ inventory_hostname: host }) => ({ host }),
    })
    const run = await one([once, refusing], { hosts: ['a', 'b'] })
    expect(run.lines.filter(line => line.startsWith('b'))).toEqual(['b blocked x', 'b out: it cannot be'])
    expect(phases(run).filter(phase => phase === 'plan')).toHaveLength(1)
  })
})

describe('each host is told an end', () => {
  const ends = ({ events }: Performed): string[] =>
    events.flatMap(event => {
      if (event.event === 'host_failed' || event.event === 'host_stopped')
        return [`${event.host} ${event.why}`]
      return event.event === 'phase' && event.phase === 'done' ? [`${event.host} done`] : []
    })

  test('also one that had not begun when the user interrupted', async () => {
    const stop = new AbortController()
    const stops = does(
      'x',
      () => {
        stop.abort()
        return { status: 'ok', why: '' }
      },
      { barrier: true },
    )
    const run = await one(
      [stops, command('y')],
      { hosts: ['a', 'b'] },
      { snapshots: undefined, forks: 1, stop: stop.signal },
    )
    expect([ends(run), run.exitCode]).toEqual([
      ['a interrupted before this step', 'b interrupted before it began'],
      130,
    ])
  })

  test('and one whose connection was given up', async () => {
    const abandon = new AbortController()
    const hangs = does(
      'x',
      async ({ wait }) => {
        abandon.abort()
        await wait(0)
        return { status: 'ok', why: '' }
      },
      { barrier: true },
    )
    const { signal } = abandon
    const run = await one([hangs], {}, { snapshots: undefined, stop: signal, abandon: signal })
    expect([ends(run), run.exitCode]).toEqual([['a interrupted: its connection was given up'], 130])
  })
})

test('any_errors_fatal of a task that was rescued is nothing to a later failure', async () => {
  const rescued = block({
    steps: [
      does('x', ({ host }) => ({ status: host === 'a' ? 'failed' : 'ok', why: '' }), {
        anyErrorsFatal: true,
      }),
    ],
    rescue: [does('r', 'ok')],
  })
  const gone = does(
    'gone',
    async ({ host, wait }) => {
      if (host === 'a') throw new UserError({ kind: 'unreachable', where: 'a', why: 'no route' })
      await wait(0.02)
      return { status: 'ok', why: '' }
    },
    { barrier: true },
  )
  const run = await one([rescued, gone, does('z', 'ok')], { hosts: ['a', 'b'] })
  expect([run.lines.at(-1), run.exitCode]).toEqual(['b ok z', 4])
})
