import type { Outcome } from '../../modules/define.ts'
import type { Finding } from '../../verdict/finding.ts'
import type { Ran } from '../actions/action.ts'
import type { TaskStatus } from '../events.ts'
import type { Entry, Round } from './segment.ts'

/** What is said of one round of a task, or of the whole of it. */
export interface Told {
  readonly status: TaskStatus
  readonly why: string
  readonly hint?: string | undefined
  readonly ran?: Ran | undefined
  readonly findings?: readonly Finding[]
  readonly label?: string | undefined
  /** What it has changed, or what waits for a boot, is what its handlers are for. */
  readonly notifies: boolean
}

/** `outcome`: what was planned for it, where it is a state module's. */
export function tellRound(entry: Entry, round: Round, outcome: Outcome | undefined): Told {
  const told = doubted(judged(asPlanned(round, outcome), round), entry, round)
  return entry.task.noLog ? hidden({ ...told, label: round.label }) : { ...told, label: round.label }
}

/** The whole of a loop: the worst of its rounds, and how many of each. */
export function tellLoop(rounds: readonly Told[]): Told {
  const count = Map.groupBy(rounds, ({ status }) => status)
  const status = WORST_FIRST.find(one => count.has(one)) ?? 'skipped'
  const worst = count.get(status)?.[0]
  const counts = [...count].map(([one, told]) => `${told.length} ${one}`).join(', ')
  return {
    status,
    why: isFailed(status) && worst ? worst.why : counts,
    hint: worst?.hint,
    ran: worst?.ran,
    notifies: rounds.some(({ notifies }) => notifies),
  }
}

export const isFailed = (status: TaskStatus): boolean => status === 'blocked' || status === 'failed'

const WORST_FIRST: readonly TaskStatus[] = [
  'failed',
  'blocked',
  'unknown',
  'changed',
  'pending',
  'ok',
  'skipped',
]

function asPlanned({ work }: Round, outcome: Outcome | undefined): Told {
  if (work.kind === 'done') return { ...work, notifies: work.status === 'changed' }
  if (outcome === undefined) throw new Error('a task was not planned')
  return {
    status: statusOf(outcome),
    why: outcome.why,
    hint: outcome.kind === 'blocked' ? outcome.hint : undefined,
    ...(outcome.findings && { findings: outcome.findings }),
    notifies: outcome.kind === 'change' || outcome.kind === 'pending',
  }
}

/** changed_when and failed_when have the last word. */
function judged(told: Told, { work, changed, failed }: Round): Told {
  // An action's were heard when it had run.
  if (work.kind === 'done') return told
  if (failed?.holds === true)
    return { ...told, status: 'failed', why: `${failed.why}: ${told.why}`, notifies: false }
  const status = told.status === 'blocked' && failed?.holds === false ? 'ok' : told.status
  if (changed === undefined || isFailed(status)) return { ...told, status }
  return { ...told, status: changed ? 'changed' : 'ok', notifies: changed }
}

function doubted(told: Told, { behind }: Entry, { work }: Round): Told {
  if (behind === undefined || work.kind === 'done') return told
  const why = `as seen now: ${told.why}; ${mayChange(behind)}`
  return { ...told, status: 'unknown', why, hint: undefined }
}

export const mayChange = (title: string): string => `"${title}" runs before it and may change that`

function hidden({ status, label, notifies }: Told): Told {
  return { status, why: HIDDEN, label: label === undefined ? undefined : 'an item', notifies }
}

export const HIDDEN = 'the output is hidden: no_log'

function statusOf(outcome: Outcome): TaskStatus {
  switch (outcome.kind) {
    case 'converged':
      return 'ok'
    case 'change':
      return 'changed'
    case 'pending':
      // A rebuild that was asked for is made in this segment: that is a change.
      return outcome.needs === 'rebuild' ? 'changed' : 'pending'
    case 'unknown':
    case 'blocked':
      return outcome.kind
  }
}
