import { z } from 'zod'
import { didYouMean } from '../../nearest.ts'
import { type ActionResult, defineAction } from './action.ts'

const WORDS = {
  noop: 'does nothing',
  flush_handlers: 'runs the handlers that were notified',
  end_host: 'ends the play for this host, without a failure',
  end_batch: 'ends the play for the hosts of this batch',
  end_play: 'ends the play for all hosts',
  clear_facts: 'looks at the host anew',
  clear_host_errors: 'lets hosts that have failed take part again',
  reset_connection: 'drops the connection; the next task opens another',
} as const
type Word = keyof typeof WORDS

const REFUSED: Readonly<Record<string, { why: string; hint: string }>> = {
  refresh_inventory: {
    why: 'refresh_inventory is not supported: a run is checked as a whole before its first connection',
    hint: 'make two runs of it',
  },
  end_role: {
    why: 'end_role is not supported: there are no roles',
    hint: 'put the rest of the tasks into a block with when',
  },
}

export const meta = defineAction({
  name: 'meta',
  summary: 'Direct the run itself',
  description: Object.entries(WORDS)
    .map(([word, does]) => `\`${word}\` ${does}.`)
    .join('\n'),
  args: z.strictObject({
    free_form: z
      .string()
      .superRefine((word, context) => {
        if (isWord(word)) return
        const { why, hint } = REFUSED[word] ?? unknownWord(word)
        context.addIssue({ code: 'custom', message: why, params: { hint } })
      })
      .meta({ enum: Object.keys(WORDS) })
      .describe('what to do, in place of the mapping'),
  }),
  freeForm: 'free_form',
  isBarrier: true,
  // The linear strategy runs these for one host (lib/ansible/plugins/strategy/linear.py).
  isForAll: ({ free_form: word }) => ['end_batch', 'end_play', 'clear_host_errors'].includes(word),
  example: `- meta: end_host
  when: ansible_facts.architecture != "x86_64"`,
  async run({ free_form: word }, { check }): Promise<ActionResult> {
    return { status: 'ok', why: '', ...(isWord(word) ? RESULTS[word](check) : {}) }
  },
})

function unknownWord(word: string): { why: string; hint: string } {
  const words = Object.keys(WORDS)
  const hint = didYouMean(word, words) ?? `actions are ${words.join(', ')}`
  return { why: `there is no meta action "${word}"`, hint }
}

const isWord = (word: string): word is Word => Object.hasOwn(WORDS, word)

/** A dry run keeps what it has foreseen: a new look would not show it. */
const RESULTS: Readonly<Record<Word, (check: boolean) => Partial<ActionResult>>> = {
  noop: () => ({ why: 'nothing to do' }),
  flush_handlers: () => ({ why: 'handlers have run' }),
  end_host: () => ({ why: 'the play ends for this host', ends: 'host' }),
  end_batch: () => ({ why: 'the play ends for this batch', ends: 'batch' }),
  end_play: () => ({ why: 'the play ends', ends: 'play' }),
  clear_facts: check =>
    check
      ? { why: 'would look at the host anew' }
      : { why: 'the host is looked at anew', runner: 'clear_facts' },
  clear_host_errors: () => ({ why: 'hosts that have failed take part again', runner: 'clear_host_errors' }),
  reset_connection: check =>
    check
      ? { why: 'would drop the connection' }
      : { why: 'the next task opens a new connection', runner: 'reset_connection' },
}
