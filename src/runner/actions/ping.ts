import { z } from 'zod'
import { text } from '../../modules/ansible_types.ts'
import { type ActionResult, defineAction } from './action.ts'

export const ping = defineAction({
  name: 'ping',
  summary: 'Check that a shell on the host answers',
  description: 'It logs in as a task would, changes users where `become` says so, and runs nothing.',
  args: z.strictObject({
    data: text.prefault('pong').describe('what to answer'),
  }),
  isBarrier: true,
  example: '- ping:',
  async run({ data }, { rehearsal, sh }): Promise<ActionResult> {
    if (rehearsal) return { status: 'ok', why: 'a shell is asked for an answer', result: { ping: data } }
    const { exitCode, stdout, stderr } = await sh('echo pong\n')
    if (exitCode === 0 && /^pong$/m.test(stdout.toString('latin1')))
      return { status: 'ok', why: 'a shell answers', result: { ping: data } }
    return {
      status: 'failed',
      why: `the shell does not answer: ${stderr.trim().split('\n').at(-1) || 'it said nothing'}`,
      hint: 'try by hand: ssh HOST sh -s',
      result: { msg: 'the shell does not answer' },
    }
  },
})
