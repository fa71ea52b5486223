import { z } from 'zod'
import { flag, oneOrMore, text } from '../../modules/ansible_types.ts'
import { type ActionResult, defineAction, type Evaluated } from './action.ts'
import { expression, holds } from './expression.ts'

const message = z.union([z.array(text), text]).optional()

export const assert = defineAction({
  name: 'assert',
  summary: 'Fail unless conditions hold',
  description: `The conditions are expressions as \`when\` has them, looked at in their order; the first that does not
hold fails the host. It touches nothing: a dry run checks what it can know.`,
  args: z.strictObject({
    that: oneOrMore(expression).describe('an expression, or a list of them that must all hold'),
    fail_msg: message.describe('told when one does not hold'),
    msg: message.describe('the same as `fail_msg`'),
    success_msg: message.describe('told when all hold'),
    quiet: flag.prefault(false).describe('accepted; there is one line in any case'),
  }),
  expressions: ['that'],
  isBarrier: false,
  example: `- assert:
    that:
      - vfio_devices | length > 0
      - ansible_facts.architecture == "x86_64"
    fail_msg: name the devices for the guest in vfio_devices`,
  async run({ that, fail_msg, msg, success_msg }): Promise<ActionResult> {
    const failing = that.find(({ value }) => !holds(value))
    if (failing !== undefined) return failed(failing, fail_msg ?? msg)
    const told = success_msg ?? 'All assertions passed'
    return { status: 'ok', why: linesOf(told), result: { msg: told } }
  },
})

function failed({ expression: assertion }: Evaluated, told: string | string[] | undefined): ActionResult {
  const why = `${assertion} does not hold`
  return {
    status: 'failed',
    why: told === undefined ? why : linesOf(told),
    ...(told !== undefined && { hint: why }),
    result: { msg: told ?? 'Assertion failed', assertion, evaluated_to: false },
  }
}

const linesOf = (told: string | string[]): string => (Array.isArray(told) ? told.join('\n') : told)
