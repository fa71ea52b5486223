import type { RunEvent } from '../../events.ts'
import { formatDiff } from '../diff.ts'
import { type Remark, statement } from '../remark.ts'
import { commandLine } from '../text.ts'

type Event<Kind extends RunEvent['event']> = Extract<RunEvent, { event: Kind }>

/** What is done to a host, or in a dry run would be: the bootloader it goes to, files, commands, drivers. */
export const boots = ({ host, bootloader, evidence, initramfs }: Event<'boots'>): Remark =>
  statement({
    host,
    word: 'boots',
    colour: 'dim',
    text: `by ${bootloader} (${evidence})${initramfs === undefined ? '' : `; its images are made by ${initramfs}`}`,
  })

export const fileChange = (event: Event<'diff'>, color: boolean): Remark =>
  statement({
    host: event.host,
    subject: JSON.stringify(['diff', event.path]),
    word: fileVerb(event),
    colour: 'cyan',
    text: event.path,
    diff: formatDiff(event.path, event.before, event.after, { color }),
  })

function fileVerb({ before, after }: Event<'diff'>): string {
  if (after === undefined) return 'remove'
  return before === undefined ? 'create' : 'edit'
}

export const command = ({ host, argv, reason, check }: Event<'command'>): Remark =>
  statement({
    host,
    subject: JSON.stringify(['command', argv]),
    word: check ? 'would' : 'run',
    colour: 'cyan',
    text: `${check ? 'run ' : ''}${commandLine(argv)}${reason === '' ? '' : `: ${reason}`}`,
  })

export const binding = ({ host, address, id, from, to, check }: Event<'bind'>): Remark =>
  statement({
    host,
    subject: JSON.stringify(['bind', address]),
    word: check ? 'would' : 'bind',
    colour: 'cyan',
    text: `${check ? 'bind ' : ''}${address} [${id}] from ${from || 'no driver'} to ${to || "the kernel's own choice"}`,
  })

/** What the plan foresaw wrongly is a defect worth a report; the rest is for -vv. */
export function prediction(event: Event<'prediction'>, verbose: number): readonly Remark[] {
  const { host, after, compared, unknown, wrong } = event
  const told = `${compared} facts compared after the ${after}, ${unknown} unknown, ${wrong.length} wrong`
  const fields = wrong.slice(0, MOST_FIELDS_NAMED).map(({ field }) => field)
  const about = { host, subject: `prediction ${after}` }
  if (wrong.length > 0)
    return [
      statement({
        ...about,
        word: 'warning',
        colour: 'magenta',
        text: `not as planned: ${told}: ${fields.join(', ')}`,
      }),
    ]
  return verbose > 1 ? [statement({ ...about, word: 'as planned', colour: 'dim', text: told })] : []
}

const MOST_FIELDS_NAMED = 5
