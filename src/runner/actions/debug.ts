import { z } from 'zod'
import { number } from '../../modules/ansible_types.ts'
import { type ActionResult, defineAction } from './action.ts'
import { expression, valueText } from './expression.ts'

export const debug = defineAction({
  name: 'debug',
  summary: 'Show a text or a value',
  description:
    'It touches nothing and never changes anything. With neither `msg` nor `var` it greets the world.',
  args: z
    .strictObject({
      msg: z.json().optional().describe('what to show, a text or any value'),
      var: expression.optional().describe('an expression whose value is shown'),
      verbosity: number.prefault(0).describe('show it only with as many -v, or more'),
    })
    .refine(({ msg, var: shown }) => msg === undefined || shown === undefined, {
      error: 'takes msg or var, not both',
    }),
  expressions: ['var'],
  isBarrier: false,
  example: `- debug:
    var: ansible_facts.kernel`,
  async run({ msg, var: shown, verbosity }, { verbosity: given = 0 }): Promise<ActionResult> {
    if (verbosity > given)
      return {
        status: 'skipped',
        why: `shown with -${'v'.repeat(verbosity)}`,
        result: { skipped_reason: 'Verbosity threshold not met.' },
      }
    if (shown !== undefined) {
      const { expression: name, value } = shown
      return { status: 'ok', why: `${name}: ${valueText(value)}`, result: { [name]: value } }
    }
    const told = msg ?? 'Hello world!'
    return { status: 'ok', why: valueText(told), result: { msg: told } }
  },
})
