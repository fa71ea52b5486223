import { z } from 'zod'
import { text } from '../../modules/ansible_types.ts'
import { defineAction } from './action.ts'

export const fail = defineAction({
  name: 'fail',
  summary: 'Fail the host with a message',
  description: 'With a `when` it is how a play refuses what it cannot do. It touches nothing.',
  args: z.strictObject({
    msg: text.prefault('Failed as requested from task').describe('why it fails'),
  }),
  isBarrier: false,
  example: `- fail:
    msg: this play is for machines with UEFI
  when: not is_uefi`,
  run: async ({ msg }) => ({ status: 'failed', why: msg, result: { msg } }),
})
