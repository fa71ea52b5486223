import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { seconds } from '../../modules/ansible_types.ts'
import { type ActionResult, defineAction } from './action.ts'

export const wait_for_connection = defineAction({
  name: 'wait_for_connection',
  summary: 'Wait until the host can be reached',
  description: 'A connection and a shell are tried again and again. A dry run waits for nothing.',
  args: z.strictObject({
    timeout: seconds.prefault(600).describe('seconds until it is given up'),
    delay: seconds.prefault(0).describe('seconds before the first try'),
    sleep: seconds.prefault(1).describe('seconds between two tries'),
    connect_timeout: seconds.prefault(5).describe('seconds for each try'),
  }),
  isBarrier: true,
  example: `- wait_for_connection:
    timeout: 300`,
  async run({ timeout, delay, sleep, connect_timeout: connect }, { check, wait, reconnect }) {
    if (check) return { status: 'ok', why: 'would wait for a connection' }
    const start = Date.now()
    const after = (): { elapsed: number } => ({ elapsed: Math.round((Date.now() - start) / 1000) })
    try {
      await wait(delay)
      await reconnect({ timeout, connect, sleep })
      return { status: 'ok', why: 'it answers', result: after() }
    } catch (error) {
      if (!(error instanceof UserError) || error.kind !== 'unreachable') throw error
      return notReached(error, timeout, after())
    }
  },
})

const notReached = (
  { why, hint }: UserError,
  timeout: number,
  result: { readonly elapsed: number },
): ActionResult => ({
  status: 'failed',
  why: `not reached within ${timeout} s: ${why}`,
  ...(hint !== undefined && { hint }),
  result: { ...result, msg: why },
})
