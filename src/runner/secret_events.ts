import type { Ran } from './actions/action.ts'
import type { RunEvent } from './events.ts'
import type { Secrets } from './secrets.ts'

/** What hosts say, and what tasks are made of, may hold what ansible-vault had closed: the event without it. */
export function withoutSecrets(event: RunEvent, secrets: Secrets): RunEvent {
  const { hide } = secrets
  if (secrets.areNone) return event
  switch (event.event) {
    case 'task':
      return {
        ...{ ...event, task: hide(event.task), ...toldWithout(event, secrets) },
        ...(event.item !== undefined && { item: hide(event.item) }),
      }
    case 'host_failed':
      return {
        ...{ ...event, ...toldWithout(event, secrets) },
        ...(event.output && { output: event.output.map(hide) }),
      }
    case 'phase':
      return event.detail === undefined ? event : { ...event, detail: hide(event.detail) }
    case 'output':
      return { ...event, step: hide(event.step), line: hide(event.line) }
    case 'diff':
      return { ...event, before: event.before && hide(event.before), after: event.after && hide(event.after) }
    case 'command': {
      const [program, ...words] = event.argv
      return { ...event, argv: [program, ...words.map(hide)], reason: hide(event.reason) }
    }
    case 'warning':
    case 'host_stopped':
    case 'rescue':
      return { ...event, why: hide(event.why) }
    default:
      return event
  }
}

interface Words {
  readonly why: string
  readonly hint?: string
  readonly ran?: Ran
}

const toldWithout = ({ why, hint, ran }: Words, { hide }: Secrets): Words => ({
  why: hide(why),
  ...(hint !== undefined && { hint: hide(hint) }),
  ...(ran && { ran: { ...ran, command: hide(ran.command), output: ran.output.map(hide) } }),
})
