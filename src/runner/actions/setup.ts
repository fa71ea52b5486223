import { z } from 'zod'
import { type ActionResult, defineAction } from './action.ts'

const ignored = z.json().optional().describe('accepted; all facts are gathered in one look')

const facts = (name: string) =>
  defineAction({
    name,
    summary: 'Look at the host anew',
    description: `Facts are gathered where a task first needs them, and again where one may have changed them: this is for
what changes by itself.`,
    args: z.strictObject({
      gather_subset: ignored,
      gather_timeout: ignored,
      filter: ignored,
      fact_path: ignored,
    }),
    isBarrier: true,
    example: `- ${name}:`,
    /** A dry run keeps what it has foreseen: a new look would not show it. */
    run: async (_, { check }): Promise<ActionResult> =>
      check
        ? { status: 'ok', why: 'would look at the host anew' }
        : { status: 'ok', why: 'the host is looked at anew', runner: 'clear_facts' },
  })

export const setup = facts('setup')
export const gather_facts = facts('gather_facts')
