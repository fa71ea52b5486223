import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { Batch } from '../../../src/runner/host_run/batch.ts'
import { Stopped } from '../../../src/runner/host_run/interrupted.ts'
import { Places } from '../../../src/runner/places.ts'
import { does, play } from './perform.ts'

/** What a host does at one position of the play; `skip`: it never comes there, as with a rescue. */
const DEEDS = [
  'go',
  'skip',
  'gate',
  'meet',
  'throttled gate',
  'once',
  'failing once',
  'wait',
  'ask',
  'step',
  'fail',
  'leave',
  'end',
] as const
type Deed = (typeof DEEDS)[number]

const plays = fc.record({
  hosts: fc.integer({ min: 1, max: 6 }),
  forks: fc.integer({ min: 1, max: 4 }),
  anyErrorsFatal: fc.boolean(),
  maxFailPercentage: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  deeds: fc.array(fc.array(fc.constantFrom<Deed>(...DEEDS), { minLength: 6, maxLength: 6 }), {
    minLength: 1,
    maxLength: 6,
  }),
  pauses: fc.infiniteStream(fc.nat(3)),
})

test('whatever hosts do, end or fail, nobody waits for ever, and each comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(plays, async ({ hosts: count, forks, deeds, pauses, ...differing }) => {
      const hosts = Array.from({ length: count }, (_, n) => `h${n}`)
      const places = new Places(forks)
      const failed = new Set<string>()
      const asked: string[] = []
      const batch = new Batch(hosts, hosts, play([does('x', 'ok')], { hosts, ...differing }), {
        forks: places,
        playHosts: () => hosts.filter(host => !failed.has(host)),
        ask: async prompt => `${asked.push(prompt)}`,
        step: async () => 'yes',
      })
      const pause = async (): Promise<void> => {
        for (let n = pauses.next().value ?? 0; n > 0; n--) await new Promise(setImmediate)
      }
      const works = new Map<number, number>()
      const go = async (host: string, deed: Deed, position: number): Promise<void> => {
        if (deed === 'skip') return
        if (batch.reach(host, position)) throw new Stopped('halted')
        await pause()
        if (deed === 'gate') await batch.gate(host, position)
        if (deed === 'meet') await batch.meet(host, position)
        if (deed === 'throttled gate')
          await batch.throttled(position, 1, async () => {
            await pause()
            await batch.gate(host, position)
          })
        if (deed === 'once' || deed === 'failing once')
          await batch.once(host, position, async () => {
            works.set(position, (works.get(position) ?? 0) + 1)
            await pause()
            await batch.gate(host, position)
            if (deed === 'failing once') throw new UserError({ where: host, why: 'broken' })
            return []
          })
        if (deed === 'wait') await batch.waiting(pause)
        if (deed === 'ask') await batch.ask(position, 'Go on?', { echo: true })
        if (deed === 'step') await batch.confirms(STEP, position)
        if (deed === 'end') batch.end('play', position, 'enough')
        if (deed === 'fail') throw new UserError({ where: host, why: 'broken' })
        if (deed === 'leave') throw new Stopped('left')
      }
      const all = hosts.map((host, n) =>
        places.hold(async () => {
          try {
            for (const [at, row] of deeds.entries()) await go(host, row[n] ?? 'go', at + 1)
          } catch (error) {
            if (error instanceof UserError) {
              failed.add(host)
              batch.fail(host, false)
            } else if (!(error instanceof Stopped)) throw error
          } finally {
            batch.leave(host)
          }
        }),
      )
      const late = Symbol('late')
      const ended = await Promise.race([
        Promise.all(all),
        new Promise(resolve => setTimeout(resolve, 2000, late)),
      ])
      expect(ended).not.toBe(late)
      expect([...works.values()].every(times => times === 1)).toBe(true)
      // All places were given back.
      expect(
        await Promise.all(Array.from({ length: forks }, () => places.hold(async () => 'free'))),
      ).toHaveLength(forks)
    }),
    { numRuns: 300 },
  )
})

const first = does('x', 'ok')
if (first.kind !== 'task') throw new Error('no task')
const STEP = first.task
