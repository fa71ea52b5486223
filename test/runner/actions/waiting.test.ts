import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { pause } from '../../../src/runner/actions/pause.ts'
import { ping } from '../../../src/runner/actions/ping.ts'
import { wait_for_connection } from '../../../src/runner/actions/wait_for_connection.ts'
import { waitUntil } from '../../../src/runner/host_run/action_run.ts'
import { act, complaints } from './fake_context.ts'

it('a wait of months does not end at once', async () => {
  const stop = new AbortController()
  const waits = waitUntil(60 * 86_400, stop.signal).then(() => 'is over')
  expect(await Promise.race([waits, delay(50, 'lasts')])).toBe('lasts')
  stop.abort()
  expect(await waits).toBe('is over')
})

describe('pause', () => {
  it.each([
    [{ seconds: 5 }, 5, 'waited 5 s'],
    [{ seconds: '0' }, 1, 'waited 1 s'],
    [{ minutes: 0.5 }, 30, 'waited 30 s'],
    [{ minutes: 1, prompt: 'cooling' }, 60, 'cooling; waited 60 s'],
  ])('%j waits', async (args, seconds, why) => {
    const waits: number[] = []
    const answer = await act(pause, args, { wait: async time => void waits.push(time) })
    expect(waits).toEqual([seconds])
    expect(answer).toMatchObject({ status: 'ok', why, result: { rc: 0, user_input: '', delta: 0 } })
    expect(answer.result?.stdout).toMatch(/^Paused for [\d.]+ (seconds|minutes)$/)
    expect(answer.result?.start).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
  })

  it('asks, and keeps the answer', async () => {
    const asked: unknown[] = []
    const ask = async (prompt: string, options: object) => {
      asked.push([prompt, options])
      return 'yes'
    }
    const { result } = await act(pause, { prompt: 'Ready?', echo: false }, { ask })
    expect(asked).toEqual([['Ready? (output is hidden):', { echo: false }]])
    expect(result).toMatchObject({ user_input: 'yes', echo: false })
  })

  it('goes on at once where nobody can answer, and says so', async () => {
    const { status, why, result } = await act(pause, {}, { ask: async () => undefined })
    expect([status, result?.user_input]).toEqual(['ok', ''])
    expect(why).toBe('nobody can answer here, so lab goes on: Press enter to continue, Ctrl+C to interrupt')
  })

  it.each([
    [{ seconds: 5 }, { status: 'ok', why: 'would wait 5 s' }],
    [{ prompt: 'Ready?' }, { status: 'ok', why: 'would ask: Ready?', unknownBut: {} }],
  ])('in a dry run, %j neither waits nor asks', async (args, answer) => {
    expect(await act(pause, args, { check: true })).toEqual(answer)
  })

  it.each([
    [{ seconds: 1, minutes: 1 }, 'takes seconds or minutes, not both'],
    [{ seconds: 'soon' }, 'must be a number, not the string "soon"'],
    [{ seconds: [] }, 'must be a number, not a list'],
    [{ echo: 'maybe' }, 'must be true or false, not the string "maybe"'],
  ])('refuses %j', (args, complaint) => {
    expect(complaints(pause.args, args)).toEqual([complaint])
  })
})

describe('wait_for_connection', () => {
  it('waits for the delay, then for the host', async () => {
    const steps: unknown[] = []
    const answer = await act(
      wait_for_connection,
      { delay: 3, timeout: 60 },
      { wait: async seconds => void steps.push(seconds), reconnect: async limits => void steps.push(limits) },
    )
    expect(steps).toEqual([3, { timeout: 60, connect: 5, sleep: 1 }])
    expect(answer).toEqual({ status: 'ok', why: 'it answers', result: { elapsed: 0 } })
  })

  it('fails where the host is not reached in time', async () => {
    const error = new UserError({
      kind: 'unreachable',
      where: 'lab',
      why: 'connection refused',
      hint: 'wait',
    })
    const answer = await act(
      wait_for_connection,
      { timeout: 60 },
      { wait: async () => {}, reconnect: () => Promise.reject(error) },
    )
    expect(answer).toMatchObject({
      status: 'failed',
      why: 'not reached within 60 s: connection refused',
      hint: 'wait',
    })
  })

  it('lets other mistakes be what they are, and a dry run waits for nothing', async () => {
    const error = new UserError({ kind: 'failed', where: 'lab', why: 'the host key has changed' })
    const context = { wait: async () => {}, reconnect: () => Promise.reject(error) }
    await expect(act(wait_for_connection, {}, context)).rejects.toBe(error)
    expect((await act(wait_for_connection, {}, { check: true })).status).toBe('ok')
  })
})

describe('ping', () => {
  const says = (exitCode: number | undefined, stdout: string, stderr = '') => ({
    sh: async () => ({ exitCode, stdout: Buffer.from(stdout), stderr }),
  })

  it('is answered by a shell, whatever the login prints before', async () => {
    expect(await act(ping, {}, says(0, 'Welcome\npong\n'))).toMatchObject({
      status: 'ok',
      result: { ping: 'pong' },
    })
  })

  it.each([
    [1, 'pong\n', 'sh: not allowed\n', 'the shell does not answer: sh: not allowed'],
    [0, 'Welcome\n', '', 'the shell does not answer: it said nothing'],
    [undefined, '', '', 'the shell does not answer: it said nothing'],
  ])('fails on exit code %s with %j', async (exitCode, stdout, stderr, why) => {
    expect(await act(ping, {}, says(exitCode, stdout, stderr))).toMatchObject({ status: 'failed', why })
  })

  it('runs nothing in a rehearsal', async () => {
    expect((await act(ping, {}, { check: true, rehearsal: true })).status).toBe('ok')
  })
})
