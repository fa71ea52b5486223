import { z } from 'zod'
import { flag } from '../../modules/ansible_types.ts'
import type { Value } from '../template/template.ts'
import { type ActionResult, defineAction } from './action.ts'

export const set_fact = defineAction({
  name: 'set_fact',
  summary: 'Set variables of the host for the rest of the run',
  description: `Each argument is a variable. Its value is data from now on: a template in it is not rendered a second
time. The variables stand over those of inventory, play and task, and below \`-e\`.`,
  args: z
    .object({ cacheable: flag.prefault(false).describe('accepted; facts are not kept between runs') })
    .catchall(z.json())
    .superRefine(({ cacheable: _, ...facts }, context) => {
      const names = Object.keys(facts)
      if (names.length === 0)
        context.addIssue({ code: 'custom', message: 'needs at least one variable, as NAME: VALUE' })
      for (const name of names.filter(one => !/^[A-Za-z_]\w*$/.test(one)))
        context.addIssue({
          code: 'custom',
          message: `"${name}" is no variable name`,
          params: { hint: 'use letters, digits and underscores, no digit first' },
        })
    }),
  isBarrier: false,
  example: `- set_fact:
    vfio_devices: "{{ gpu_devices + usb_devices }}"`,
  async run({ cacheable: _, ...written }): Promise<ActionResult> {
    const facts = Object.fromEntries(Object.entries(written).map(([name, value]) => [name, asFact(value)]))
    return {
      status: 'ok',
      why: `sets ${Object.keys(facts).join(', ')}`,
      facts,
      result: { ansible_facts: facts },
    }
  },
})

/** These words become booleans, quoted or not (lib/ansible/plugins/action/set_fact.py). */
function asFact(value: Value): Value {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (word === 'true' || word === 'yes') return true
  return word === 'false' || word === 'no' ? false : value
}
