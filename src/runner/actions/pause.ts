import { z } from 'zod'
import { flag, number, text } from '../../modules/ansible_types.ts'
import type { Value } from '../template/template.ts'
import { type ActionContext, type ActionResult, defineAction } from './action.ts'
import { clockText } from './clock_text.ts'

export const pause = defineAction({
  name: 'pause',
  summary: 'Wait for some time, or for an answer',
  description: `With a time it waits that long. Without one it asks at the terminal, once for all hosts, and goes on
with Enter; the answer is \`user_input\` of the registered result. Where nobody can answer it goes on at once, and says
so. A dry run waits for nothing and asks nothing.`,
  args: z
    .strictObject({
      seconds: number.optional().describe('how long'),
      minutes: number.optional().describe('how long'),
      prompt: text.optional().describe('the question, or with a time what is shown'),
      echo: flag.prefault(true).describe('show what is typed'),
    })
    .refine(({ seconds, minutes }) => seconds === undefined || minutes === undefined, {
      error: 'takes seconds or minutes, not both',
    }),
  isBarrier: true,
  isForAll: () => true,
  example: `- pause:
    prompt: Put the card into the machine, then press Enter`,
  async run({ seconds, minutes, prompt, echo }, context): Promise<ActionResult> {
    const time = seconds ?? (minutes === undefined ? undefined : minutes * 60)
    if (context.check) return foreseen(time, prompt)
    const start = new Date()
    const paused =
      time === undefined ? await answered(context, prompt, echo) : await waited(context, time, prompt)
    const unit = minutes === undefined ? ('seconds' as const) : ('minutes' as const)
    return {
      status: 'ok',
      why: paused.why,
      result: { ...resultOf(start, unit), echo, user_input: paused.input },
    }
  },
})

function foreseen(time: number | undefined, prompt: string | undefined): ActionResult {
  if (time !== undefined) return { status: 'ok', why: `would wait ${time} s` }
  return { status: 'ok', why: `would ask: ${prompt ?? ENTER}`, unknownBut: {} }
}

const ENTER = 'Press enter to continue, Ctrl+C to interrupt'

interface Paused {
  readonly why: string
  readonly input: string
}

async function waited({ wait }: ActionContext, time: number, prompt: string | undefined): Promise<Paused> {
  // A pause is a second at least (lib/ansible/plugins/action/pause.py).
  const length = Math.max(1, time)
  await wait(length)
  return { why: `${prompt === undefined ? '' : `${prompt}; `}waited ${length} s`, input: '' }
}

async function answered(
  { ask, host }: ActionContext,
  prompt: string | undefined,
  echo: boolean,
): Promise<Paused> {
  const question = `${prompt ?? ENTER}${echo ? '' : ' (output is hidden)'}:`
  const answer = await ask(question, { echo })
  if (answer === undefined)
    return { why: `nobody can answer here, so ${host} goes on: ${prompt ?? ENTER}`, input: '' }
  return { why: 'answered', input: answer }
}

function resultOf(start: Date, unit: 'seconds' | 'minutes'): Record<string, Value> {
  const stop = new Date()
  const elapsed = (stop.getTime() - start.getTime()) / 1000
  const shown = Math.round((unit === 'minutes' ? elapsed / 60 : elapsed) * 100) / 100
  return {
    rc: 0,
    start: clockText(start),
    stop: clockText(stop),
    delta: Math.floor(elapsed),
    stdout: `Paused for ${Number.isInteger(shown) ? shown.toFixed(1) : shown} ${unit}`,
    stderr: '',
  }
}
