import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { blocked } from '../../../src/modules/define.ts'
import type { ActionResult } from '../../../src/runner/actions/action.ts'
import type { Play, Step } from '../../../src/runner/run_types.ts'
import {
  block,
  does,
  fine,
  type Performed,
  type PerformOptions,
  perform,
  plans,
  play,
  recorded,
} from './perform.ts'

const HOSTS = ['a', 'b', 'c', 'd']

const all = async (
  steps: readonly Step[],
  differing: Partial<Play> = {},
  options: PerformOptions = {},
): Promise<Performed> => await perform([play(steps, { hosts: HOSTS, ...differing })], options)

/** A task that fails on these. */
const failsOn = (...hosts: readonly string[]): Step =>
  does('x', ({ host }) => ({ status: hosts.includes(host) ? 'failed' : 'ok', why: '' }), { barrier: true })

const on = ({ lines }: Performed, name: string): string[] =>
  lines
    .filter(line => line.endsWith(` ${name}`))
    .map(line => line.split(' ')[0] ?? '')
    .toSorted()

describe('serial', () => {
  const batches = [['a'], ['b', 'c'], ['d']]

  test('goes batch by batch, each to its end with its handlers', async () => {
    const run = await all([does('x', 'ok')], { batches })
    expect(run.lines.filter(line => !line.includes('flush'))).toEqual([
      'batch 1 of 3: a',
      'a ok x',
      'batch 2 of 3: b c',
      'b ok x',
      'c ok x',
      'batch 3 of 3: d',
      'd ok x',
    ])
  })

  test.for<[string[], string[], number]>([
    [['a'], ['a'], 2],
    [['b'], ['a', 'b', 'c', 'd'], 2],
    [['b', 'c'], ['a', 'b', 'c'], 2],
  ])('a batch that has failed as a whole ends the run (%s)', async ([failing, reached, exitCode]) => {
    const plays = [
      play([failsOn(...failing)], { hosts: HOSTS, batches }),
      play([does('later', 'ok')], { hosts: HOSTS }),
    ]
    const run = await perform(plays)
    expect([on(run, 'x'), run.exitCode]).toEqual([reached, exitCode])
    expect(on(run, 'later')).toEqual(reached.length === 4 ? ['a', 'c', 'd'] : [])
  })
})

describe('max_fail_percentage', () => {
  test.for<[number, string[], boolean]>([
    [25, ['a'], true],
    [24, ['a'], false],
    [49, ['a', 'b'], false],
    [50, ['a', 'b'], true],
    [0, ['a'], false],
  ])('of %i is exceeded by more, not by as many (%s)', async ([maxFailPercentage, failing, goesOn]) => {
    const wait = does(
      'wait',
      async ({ host, wait }) => {
        if (!failing.includes(host)) await wait(0.05)
        return { status: 'ok', why: '' }
      },
      { barrier: true },
    )
    const plays = [
      play([failsOn(...failing), wait, does('y', 'ok')], { hosts: HOSTS, maxFailPercentage }),
      play([does('later', 'ok')]),
    ]
    const run = await perform(plays)
    const others = HOSTS.filter(host => !failing.includes(host))
    expect(on(run, 'y')).toEqual(goesOn ? others : [])
    expect(run.lines.filter(line => line.includes('stopped:'))).toHaveLength(goesOn ? 0 : others.length)
    expect(run.exitCode).toBe(2)
  })

  test('is heard at the next task, however far ahead the other hosts could be', async () => {
    const slow = does('x', async ({ host, wait }) => {
      if (host === 'd') await wait(0.02)
      return { status: host === 'd' ? 'failed' : 'ok', why: '' }
    })
    const run = await all([slow, does('y', 'ok')], { maxFailPercentage: 0 })
    expect([on(run, 'x'), on(run, 'y')]).toEqual([HOSTS, []])
  })

  test('counts hosts that cannot be reached', async () => {
    const run = await all(
      [plans('x', fine), does('y', 'ok')],
      {
        maxFailPercentage: 10,
        batches: [
          ['a', 'b'],
          ['c', 'd'],
        ],
      },
      {
        connect: async ({ name }) => {
          throw new UserError({ kind: 'unreachable', where: name, why: 'no route' })
        },
      },
    )
    expect(run.lines.filter(line => line.startsWith('batch'))).toEqual(['batch 1 of 2: a b'])
    expect(run.exitCode).toBe(4)
  })
})

describe('any_errors_fatal', () => {
  test('stops the others at their next step, and the plays that follow', async () => {
    const slow = does(
      'slow',
      async ({ host, wait }) => {
        if (host !== 'a') await wait(0.05)
        return { status: host === 'a' ? 'failed' : 'ok', why: 'broken' }
      },
      { barrier: true },
    )
    const plays = [
      play([slow, does('y', 'ok')], { hosts: HOSTS, anyErrorsFatal: true }),
      play([does('later', 'ok')], { hosts: HOSTS }),
    ]
    const run = await perform(plays)
    expect([on(run, 'y'), on(run, 'later'), on(run, 'slow')]).toEqual([[], [], HOSTS])
    expect(run.lines.filter(line => line.includes('stopped')).toSorted()).toEqual(
      ['b', 'c', 'd'].map(host => `${host} stopped: a has failed, and any_errors_fatal is set`),
    )
  })

  test('of a task is fatal for that task only', async () => {
    const both = (anyErrorsFatal: boolean) => [
      does('x', ({ host }) => ({ status: host === 'a' ? 'failed' : 'ok', why: '' }), {
        anyErrorsFatal,
        barrier: true,
      }),
      does(
        'wait',
        async ({ wait }) => {
          await wait(0.02)
          return { status: 'ok', why: '' }
        },
        { barrier: true },
      ),
      does('y', 'ok', { anyErrorsFatal: !anyErrorsFatal }),
    ]
    expect(on(await all(both(true)), 'y')).toEqual([])
    expect(on(await all(both(false)), 'y')).toEqual(['b', 'c', 'd'])
  })

  test('lets nobody begin before all have been rehearsed, also with one place for all of them', async () => {
    const begun: string[] = []
    const begins = does(
      'begin',
      ({ host, check }) => {
        if (!check) begun.push(host)
        return { status: check ? 'unknown' : 'ok', why: '' }
      },
      { barrier: true },
    )
    const refusing = plans('x', ({ host }) => (host === 'd' ? blocked('no', 'never') : fine), {
      args: ({ inventory_hostname: host }) => ({ host }),
    })
    const run = await all([refusing, begins], { anyErrorsFatal: true }, { ...recorded, forks: 1 })
    expect([begun, run.exitCode]).toEqual([[], 2])
    expect(run.lines.filter(line => line.includes('stopped'))).toHaveLength(3)
  })
})

describe('run_once', () => {
  const sets = (answers: Partial<ActionResult> = {}): Step =>
    does('once', ({ host }) => ({ status: 'changed', why: '', facts: { who: host }, ...answers }), {
      runOnce: true,
      register: 'r',
    })
  const reads = does('read', ({ scope }) => ({
    status: 'ok',
    why: `${scope.who} ${JSON.stringify(scope.r)}`,
  }))
  const read = ({ events }: Performed): string[] =>
    events.flatMap(event => (event.event === 'task' && event.task === 'read' ? [event.why] : []))

  test.for([1, 4])(
    'runs on the first host, and gives the others what it has learnt (%i at a time)',
    async forks => {
      const run = await all([sets(), reads], {}, { forks })
      expect(on(run, 'once')).toEqual(['a'])
      expect(read(run)).toEqual(HOSTS.map(() => 'a {"changed":true,"failed":false}'))
    },
  )

  test('runs on the first that is left, once a batch', async () => {
    const run = await all([failsOn('a', 'c'), sets(), reads], {
      batches: [
        ['a', 'b'],
        ['c', 'd'],
      ],
    })
    expect([on(run, 'once'), read(run).map(text => text.split(' ')[0])]).toEqual([
      ['b', 'd'],
      ['b', 'd'],
    ])
  })

  test('that fails fails all hosts', async () => {
    const run = await all([sets({ status: 'failed', why: 'broken' }), reads])
    expect([on(run, 'once'), on(run, 'read')]).toEqual([['a'], []])
    expect(run.lines).toContain('b out: it runs once for all hosts, and failed on a: broken')
  })

  test('in a rescue is for those that come there', async () => {
    const run = await all([block({ steps: [failsOn('b', 'c')], rescue: [sets()] }), does('end', 'ok')])
    expect([on(run, 'once'), on(run, 'end')]).toEqual([['b'], HOSTS])
  })
})

test.for([1, 2, 4])('throttle: %i hosts at a time', async throttle => {
  let now = 0
  let most = 0
  let begun = 0
  const busy = does(
    'x',
    async ({ wait }) => {
      most = Math.max(most, ++now)
      // Nobody ends before as many have begun as may be at it together.
      const together = Math.ceil(++begun / throttle) * throttle
      while (begun < together) await wait(0.01)
      now--
      return { status: 'ok', why: '' }
    },
    { throttle, barrier: true },
  )
  await all([busy])
  expect(most).toBe(throttle)
})

test('hosts that wait for time to pass leave their places to others', async () => {
  let waiting = 0
  const untilAllWait = does(
    'x',
    async ({ wait }) => {
      waiting++
      while (waiting < HOSTS.length) await wait(0.01)
      return { status: 'ok', why: '' }
    },
    { barrier: true },
  )
  const run = await all([untilAllWait], {}, { forks: 1 })
  expect(on(run, 'x').toSorted()).toEqual(HOSTS)
})

test('a question is asked once for all hosts', async () => {
  const asked: string[] = []
  const asks = does(
    'x',
    async ({ ask }) => ({ status: 'ok', why: (await ask('Go on?', { echo: true })) ?? '' }),
    { barrier: true },
  )
  await all(
    [asks],
    {},
    {
      ask: async prompt => {
        asked.push(prompt)
        return 'y'
      },
    },
  )
  expect(asked).toEqual(['Go on?'])
})

test('meta: end_play stops all hosts there, and the plays that follow run', async () => {
  const plays = [
    play([does('x', 'ok'), does('end', { ends: 'play', why: 'enough' }), does('y', 'ok')], {
      hosts: HOSTS,
      batches: [
        ['a', 'b'],
        ['c', 'd'],
      ],
    }),
    play([does('later', 'ok')], { hosts: HOSTS }),
  ]
  const run = await perform(plays)
  expect([on(run, 'x'), on(run, 'y'), on(run, 'later'), run.exitCode]).toEqual([['a', 'b'], [], HOSTS, 0])
})

test('clear_host_errors brings failed hosts back into the plays that follow', async () => {
  const plays = [
    play([failsOn('b')], { hosts: HOSTS }),
    play([does('clear', { runner: 'clear_host_errors', why: '' })], { hosts: ['a'] }),
    play([plans('later', fine)], { hosts: HOSTS }),
  ]
  const run = await perform(plays, recorded)
  expect([on(run, 'later'), run.exitCode]).toEqual([HOSTS, 2])
})
