import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { blocked } from '../../../src/modules/define.ts'
import { UnknownYet } from '../../../src/runner/live_variables.ts'
import type { Play, Step, Task } from '../../../src/runner/run_types.ts'
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
} from './perform.ts'

const one = async (steps: readonly Step[], differing: Partial<Play> = {}, options = {}): Promise<Performed> =>
  await perform([play(steps, differing)], options)

const refused = blocked('it cannot be', 'do something')
const change = {
  kind: 'change',
  why: 'writes',
  changes: [{ kind: 'write', path: '/etc/x', before: undefined, after: 'x' }],
} as const

/** What a variable was when the task ran. */
const reads = (name: string, variable: string, differing: Partial<Task> = {}): Step =>
  does(name, ({ scope }) => ({ status: 'ok', why: JSON.stringify(scope[variable]) }), differing)

const said = ({ events }: Performed, name: string): string[] =>
  events.flatMap(event =>
    event.event === 'task' && event.task === name && event.item === undefined ? [event.why] : [],
  )

describe('a play of actions', () => {
  test('needs no connection where they only look at variables', async () => {
    const run = await one(
      [does('first', 'ok'), does('second', 'changed')],
      {},
      {
        connect: () => Promise.reject(new Error('it connects')),
      },
    )
    expect(run.lines).toEqual(['a ok first', 'a changed second'])
    expect([run.exitCode, run.recap('a')]).toEqual([
      0,
      'ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
    ])
  })

  test('is told as it goes on, without waiting for its end', async () => {
    const told: number[] = []
    const steps = [0, 1, 2].map(n => does(`${n}`, () => ({ status: 'ok', why: `${told.push(n)}` })))
    const seen: string[] = []
    await one(
      steps,
      {},
      { onEvent: (event: { event: string }) => seen.push(`${event.event} ${told.length}`) },
    )
    expect(seen.filter(line => line.startsWith('task'))).toEqual(['task 1', 'task 2', 'task 3'])
  })
})

test.for<[string, Step[], string[], string]>([
  [
    'a failed task ends the play for the host',
    [does('x', 'failed'), does('y', 'ok')],
    ['a failed x', 'a out: failed'],
    'ok=0 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ],
  [
    'a task whose condition does not hold is skipped',
    [does('x', 'ok', { when: () => fails('wanted is false') })],
    ['a skipped x'],
    'ok=0 changed=0 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
  ],
  [
    'what is ignored is ok and ignored, and the host goes on',
    [does('x', 'failed', { ignoreErrors: () => true }), does('y', 'ok')],
    ['a ignored failed x', 'a ok y'],
    'ok=2 changed=0 unreachable=0 failed=0 skipped=0 rescued=0 ignored=1',
  ],
  [
    'changed_when and failed_when have the last word',
    [
      does('x', 'changed', { changedWhen: () => fails('never') }),
      does('y', 'failed', { failedWhen: () => fails('never') }),
      does('z', 'ok', { failedWhen: () => holds }),
    ],
    ['a ok x', 'a ok y', 'a failed z', 'a out: failed_when holds: ok'],
    'ok=2 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ],
  [
    'a mistake in an expression is a failure of its task',
    [
      does('x', 'ok', {
        args: () => {
          throw new UserError({ where: 'play.yaml:7:3', why: 'nothing defines y' })
        },
      }),
    ],
    ['a failed x', 'a out: play.yaml:7:3: nothing defines y'],
    'ok=0 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ],
  [
    'a loop is told round by round, and counts once',
    [
      does('x', ({ scope }) => ({ status: scope.item === 2 ? 'changed' : 'ok', why: '' }), {
        loop: over([1, 2]),
      }),
    ],
    ['a ok x [1]', 'a changed x [2]', 'a changed x'],
    'ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
  ],
  [
    'a loop goes on after a failed round, and has failed then',
    [
      does('x', ({ scope }) => ({ status: scope.item === 1 ? 'failed' : 'ok', why: 'because' }), {
        loop: over([1, 2]),
      }),
    ],
    ['a failed x [1]', 'a ok x [2]', 'a failed x', 'a out: because'],
    'ok=0 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ],
  [
    'an empty loop is skipped',
    [does('x', 'ok', { loop: over([]) })],
    ['a skipped x'],
    'ok=0 changed=0 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
  ],
  [
    'a block’s rescue takes its failure away, and always runs',
    [
      block({
        steps: [does('x', 'failed'), does('y', 'ok')],
        rescue: [does('r', 'ok')],
        always: [does('z', 'ok')],
      }),
      does('after', 'ok'),
    ],
    ['a failed x', 'a rescued: failed', 'a ok r', 'a ok z', 'a ok after'],
    'ok=3 changed=0 unreachable=0 failed=0 skipped=0 rescued=1 ignored=0',
  ],
  [
    'without a rescue always runs, and the host has failed',
    [block({ steps: [does('x', 'failed')], always: [does('z', 'ok')] }), does('after', 'ok')],
    ['a failed x', 'a ok z', 'a out: failed'],
    'ok=1 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ],
  [
    'a rescue that fails is a failure',
    [block({ steps: [does('x', 'failed')], rescue: [does('r', 'failed')], always: [does('z', 'ok')] })],
    ['a failed x', 'a rescued: failed', 'a failed r', 'a ok z', 'a out: failed'],
    'ok=1 changed=0 unreachable=0 failed=1 skipped=0 rescued=1 ignored=0',
  ],
  [
    'blocks nest: the inner failure is rescued by the outer block',
    [
      block({
        steps: [block({ steps: [does('x', 'failed')], always: [does('z', 'ok')] })],
        rescue: [does('r', 'ok')],
      }),
    ],
    ['a failed x', 'a ok z', 'a rescued: failed', 'a ok r'],
    'ok=2 changed=0 unreachable=0 failed=0 skipped=0 rescued=1 ignored=0',
  ],
  [
    'meta: end_host ends the play for the host, which has not failed',
    [does('x', { ends: 'host', why: 'the play ends for this host' }), does('y', 'ok')],
    ['a ok x', 'a stopped: the play ends for this host'],
    'ok=1 changed=0 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
  ],
])('%s', async ([, steps, lines, recap]) => {
  const run = await one(steps)
  expect(run.lines).toEqual(lines)
  expect(run.recap('a')).toBe(recap)
})

describe('register', () => {
  const registered = async (registering: Step, options = recorded): Promise<unknown> => {
    const run = await one([registering, reads('read', 'r')], {}, options)
    return JSON.parse(said(run, 'read')[0] ?? 'null')
  }
  const register = 'r'

  test.for<[string, Step, unknown]>([
    [
      'an action',
      does('x', { status: 'changed', result: { rc: 0 } }, { register }),
      { rc: 0, changed: true, failed: false },
    ],
    [
      'a failure that is ignored',
      does('x', 'failed', { register, ignoreErrors: () => true }),
      { msg: 'failed', changed: false, failed: true },
    ],
    [
      'a task that was skipped',
      does('x', 'ok', { register, when: () => fails('no') }),
      { changed: false, skipped: true, skip_reason: 'Conditional result was False' },
    ],
    [
      'a loop',
      does('x', 'changed', { register, loop: over(['p']) }),
      {
        changed: true,
        skipped: false,
        msg: 'All items completed',
        results: [{ changed: true, failed: false, item: 'p', ansible_loop_var: 'item' }],
      },
    ],
    [
      'an empty loop',
      does('x', 'changed', { register, loop: over([]) }),
      { changed: false, skipped: true, skipped_reason: 'No items in the list', results: [] },
    ],
    [
      'a state module',
      plans('x', fine, { register }),
      { changed: false, failed: false, msg: 'as it should be' },
    ],
    [
      'changed_when of a state module',
      plans('x', fine, { register, changedWhen: () => holds }),
      { changed: true, failed: false, msg: 'as it should be' },
    ],
    [
      'a state module that is blocked, and ignored',
      plans('x', refused, { register, ignoreErrors: () => true }),
      { changed: false, failed: true, msg: 'it cannot be' },
    ],
  ])('keeps of %s what Ansible keeps', async ([, registering, value]) => {
    expect(await registered(registering)).toEqual(value)
  })

  test('gives changed_when and failed_when the result', async () => {
    const run = await one([
      does(
        'x',
        { result: { rc: 3 } },
        {
          register,
          failedWhen: ({ r }) => (JSON.stringify(r).includes('"rc":3') ? holds : fails('no')),
        },
      ),
    ])
    expect(run.lines).toEqual(['a failed x', 'a out: failed_when holds: '])
  })

  test('gives a rescue what has failed', async () => {
    const run = await one([
      block({
        steps: [does('x', { status: 'failed', why: 'oops', result: { rc: 1 } })],
        rescue: [reads('result', 'ansible_failed_result'), reads('task', 'ansible_failed_task')],
      }),
    ])
    expect([...said(run, 'result'), ...said(run, 'task')].map(text => JSON.parse(text))).toEqual([
      { msg: 'oops', rc: 1, changed: false, failed: true },
      { name: 'x', action: 'act' },
    ])
  })
})

describe('until', () => {
  const until = {
    holds: ({ r }: { r?: unknown }) =>
      JSON.stringify(r).includes('"changed":true') ? holds : fails('not yet'),
    retries: () => 3,
    delay: () => 0,
  }
  const counting = (changesAt: number) => {
    let tries = 0
    return () => ({
      status: ++tries >= changesAt ? ('changed' as const) : ('ok' as const),
      why: `try ${tries}`,
    })
  }

  test.for([
    [2, ['a changed x']],
    [9, ['a failed x', 'a out: after 3 tries until does not hold: not yet']],
  ] as const)(
    'tries again until the condition holds, and fails after as many tries (%i)',
    async ([at, lines]) => {
      const run = await one([does('x', counting(at), { register: 'r', until })])
      expect(run.lines).toEqual(lines)
    },
  )

  test('of a state module takes a look for each try', async () => {
    let looks = 0
    const base = recorded.snapshots
    if (base === undefined) throw new Error('nothing is recorded')
    const look = (name: string) => {
      looks++
      return base.host(name)
    }
    const snapshots = { ...base, host: look }
    const isReady = { ...until, holds: () => (looks >= 3 ? holds : fails('not yet')) }
    const run = await one(
      [plans('x', fine, { until: isReady })],
      {},
      { snapshots, step: async () => 'continue' },
    )
    expect([looks, run.lines]).toEqual([3, ['a ok x']])
  })
})

describe('a segment', () => {
  test('with a failing assertion in it is refused as a whole, with the tasks that stand', async () => {
    const run = await one(
      [plans('fine', fine), plans('change', change), does('assert', 'failed'), plans('later', fine)],
      {},
      recorded,
    )
    expect(run.lines).toEqual(['a ok fine', 'a failed assert', 'a out: failed'])
    expect(run.exitCode).toBe(2)
  })

  test('is told in the order of its tasks', async () => {
    const run = await one([plans('first', fine), does('second', 'ok'), plans('third', fine)], {}, recorded)
    expect(run.lines).toEqual(['a ok first', 'a ok second', 'a ok third'])
  })

  test.for<[string, Partial<Task>, string[]]>([
    ['ignore_errors', { ignoreErrors: () => true }, ['a ignored blocked x', 'a ok y']],
    ['failed_when', { failedWhen: () => fails('never') }, ['a ok x', 'a ok y']],
    ['nothing', {}, ['a blocked x', 'a out: it cannot be']],
  ])('with %s on a blocked task', async ([, keywords, lines]) => {
    const run = await one([plans('x', refused, keywords), does('y', 'ok')], {}, recorded)
    expect(run.lines).toEqual(lines)
  })

  test('of a task with check_mode is planned, told, and not applied', async () => {
    const run = await one([plans('x', change, { checkMode: () => true }), does('y', 'ok')], {}, recorded)
    expect(run.lines).toEqual(['a changed x', 'a ok y'])
    expect(run.events.filter(({ event }) => event === 'diff')).toHaveLength(1)
  })

  test.for<[string, Partial<Task>, number]>([
    ['shows its diff', {}, 1],
    ['with diff: false does not', { diff: () => false }, 0],
    ['with no_log does not', { noLog: true }, 0],
  ])('%s', async ([, keywords, count]) => {
    const run = await one([plans('x', change, keywords)], {}, { ...recorded, check: true })
    expect(run.events.filter(({ event }) => event === 'diff')).toHaveLength(count)
  })

  test('gives the programs of a module their environment', async () => {
    const install = {
      kind: 'change',
      why: 'installs',
      changes: [{ kind: 'run', argv: ['apt-get', 'install', 'x'], reason: 'wanted', edits: [] }],
    } as const
    const environment = () => ({ http_proxy: 'http://proxy:8080' })
    const run = await one([plans('x', install, { environment })], {}, { ...recorded, check: true })
    expect(run.events.flatMap(event => (event.event === 'command' ? [event.argv] : []))).toEqual([
      ['env', 'http_proxy=http://proxy:8080', 'apt-get', 'install', 'x'],
    ])
  })

  test('with no_log says nothing of its output', async () => {
    const ran = { command: 'secret', exitCode: 1, output: ['secret'] }
    const run = await one([
      does(
        'x',
        { status: 'failed', why: 'secret', hint: 'secret', ran },
        { noLog: true, loop: over(['secret']) },
      ),
    ])
    expect(JSON.stringify(run.events)).not.toContain('secret')
    expect(run.lines).toEqual(['a failed x [an item]', 'a failed x', 'a out: the output is hidden: no_log'])
  })
})

describe('handlers', () => {
  const handler = (
    name: string,
    answer: Parameters<typeof does>[1] = 'changed',
    differing: Partial<Task> = {},
  ): Task => {
    const made = does(name, answer, differing)
    if (made.kind !== 'task') throw new Error('no task')
    return made.task
  }
  const notify = () => ['h2', 'topic']

  test('run once, in the order of their definition, after all that notify them, also by topic', async () => {
    const run = await one(
      [
        does('x', 'changed', { notify }),
        does('y', 'changed', { notify }),
        does('z', 'ok', { notify: () => ['h3'] }),
      ],
      {
        handlers: [handler('h1', 'changed', { listen: ['topic'] }), handler('h2'), handler('h3')],
      },
    )
    expect(run.lines).toEqual(['a changed x', 'a changed y', 'a ok z', 'a changed h1', 'a changed h2'])
  })

  test('notified by what was rescued before are not forgotten; by a refused segment, they are', async () => {
    const handlers = [handler('h'), handler('other')]
    const run = await one(
      [
        block({
          steps: [
            does('x', 'changed', { notify: () => ['h'] }),
            plans('s', { ...fine }, { changedWhen: () => holds, notify: () => ['other'] }),
            does('y', 'failed'),
          ],
          rescue: [does('r', 'ok')],
        }),
      ],
      { handlers },
      recorded,
    )
    expect(run.lines).toEqual(['a changed x', 'a failed y', 'a rescued: failed', 'a ok r', 'a changed h'])
  })

  test.for([
    [true, ['a changed x', 'a failed y', 'a changed h', 'a out: failed']],
    [false, ['a changed x', 'a failed y', 'a out: failed']],
  ] as const)('of a failed host run with force_handlers (%s)', async ([forceHandlers, lines]) => {
    const steps = [does('x', 'changed', { notify: () => ['h'] }), does('y', 'failed')]
    expect((await one(steps, { handlers: [handler('h')], forceHandlers })).lines).toEqual(lines)
  })
})

describe('a dry run', () => {
  const check = { ...recorded, check: true }
  const wouldRun = does('run it', 'unknown', { barrier: true, register: 'r' })

  test('does not say ok of what follows a command that it has not run', async () => {
    const run = await one(
      [
        plans('before', fine),
        wouldRun,
        plans('after', change),
        plans('refused', refused),
        does('assert', 'failed'),
      ],
      {},
      check,
    )
    expect(run.lines).toEqual([
      'a ok before',
      'a unknown run it',
      'a unknown after',
      'a unknown refused',
      'a unknown assert',
    ])
    expect(said(run, 'after')).toEqual(['as seen now: writes; "run it" runs before it and may change that'])
    expect(run.exitCode).toBe(0)
  })

  test('says of what depends on a result that it is not known', async () => {
    const run = await one(
      [
        wouldRun,
        does('x', 'ok', {
          when: () => {
            throw new UnknownYet('it depends on what "run it" does')
          },
        }),
      ],
      {},
      check,
    )
    expect(said(run, 'x')).toEqual(['it depends on what "run it" does'])
  })

  test('reading a field of an unknown result is unknown', async () => {
    const run = await one([wouldRun, reads('x', 'r')], {}, check)
    expect(run.lines).toEqual(['a unknown run it', 'a unknown x'])
  })

  test('before the real one refuses nothing behind a command that it has not run', async () => {
    const order: string[] = []
    const command = does(
      'run it',
      ({ check: isCheck }) => {
        order.push(isCheck ? 'rehearsed' : 'run')
        return { status: isCheck ? 'unknown' : 'changed', why: '' }
      },
      { barrier: true },
    )
    const run = await one([command, plans('state', refused)], {}, recorded)
    expect(order).toEqual(['rehearsed', 'run'])
    expect(run.lines).toEqual(['a changed run it', 'a blocked state', 'a out: it cannot be'])
  })

  test('before the real one refuses before the command is run', async () => {
    const order: string[] = []
    const command = does('run it', () => ({ status: 'ok', why: `${order.push('run')}` }), { barrier: true })
    const run = await one([plans('state', refused), command], {}, recorded)
    expect([order, run.lines]).toEqual([[], ['a blocked state', 'a out: it cannot be']])
  })
})

test('--step asks once a task for all hosts, and leaves out what is answered no', async () => {
  const asked: string[] = []
  const run = await one(
    [does('x', 'ok'), does('y', 'ok'), does('z', 'ok'), does('w', 'ok')],
    { hosts: ['a', 'b'] },
    {
      step: async (name: string) => {
        asked.push(name)
        return name === 'x' ? 'no' : name === 'y' ? 'yes' : 'continue'
      },
    },
  )
  expect(asked).toEqual(['x', 'y', 'z'])
  expect(run.lines.toSorted()).toEqual(['a ok w', 'a ok y', 'a ok z', 'b ok w', 'b ok y', 'b ok z'])
})
