import type { Severity } from '../../../verdict/finding.ts'
import type { RunEvent, TaskStatus } from '../../events.ts'
import { type Detail, printed, type Remark, statement } from '../remark.ts'
import type { Colour } from '../text.ts'
import { ranLines } from './ran.ts'

type Event<Kind extends RunEvent['event']> = Extract<RunEvent, { event: Kind }>

/** The results of tasks, what they found out, the rounds of their loops, and what takes a host out of the play. */
export class Tasks {
  readonly #verbose: number
  /** By host: the task told last, its rounds that wait for it, what it failed by, and what was found so far. */
  readonly #last = new Map<string, Event<'task'>>()
  readonly #rounds = new Map<string, Rounds>()
  readonly #failed = new Map<string, (Event<'task'> | Event<'host_failed'>)[]>()
  readonly #found = new Set<string>()

  constructor(verbose: number) {
    this.#verbose = verbose
  }

  /** A loop's rounds are told below their task, whose result comes behind them. */
  result(event: Event<'task'>): readonly Remark[] {
    this.#last.set(event.host, event)
    if (event.item === undefined) return this.#whole(event)
    const others = this.#rounds.get(event.host)?.task === event.task ? [] : this.unfinished(event.host)
    const rounds = this.#rounds.get(event.host) ?? { task: event.task, remarks: [] }
    this.#rounds.set(event.host, rounds)
    rounds.remarks.push(...this.#round(event))
    return others
  }

  /** Rounds whose task was never told: the host fell out between them. */
  unfinished(host: string): readonly Remark[] {
    const remarks = this.#rounds.get(host)?.remarks ?? []
    this.#rounds.delete(host)
    return remarks
  }

  /**
   * What must be acted on says what shows it; the rest does so with -v. Told once a host: the tasks that prove
   * something climb one ladder, and find the same.
   */
  finding(event: Event<'finding'>): readonly Remark[] {
    const { host, task, severity, what, evidence, next } = event
    const isTrouble = severity === 'problem' || severity === 'warning'
    const key = JSON.stringify([host, severity, what, evidence])
    if ((severity === 'ok' && this.#verbose === 0) || this.#found.has(key)) return []
    this.#found.add(key)
    const last = this.#last.get(host)
    const told = last?.why === what ? last : undefined
    const details: Detail[] = [
      { label: 'seen', text: evidence },
      { label: 'next', text: next === told?.hint ? '' : next },
    ].filter(({ text }) => text !== '' && (isTrouble || this.#verbose > 0))
    const remark = statement({
      host,
      subject: JSON.stringify(['finding', task, what]),
      isFailure: told !== undefined && isFailed(told),
      word: severity,
      colour: SEVERITY_COLOURS[severity],
      text: what,
      isBelow: true,
      isTold: told !== undefined,
      details,
    })
    const rounds = this.#rounds.get(host)
    if (rounds?.task !== task) return [remark]
    rounds.remarks.push(remark)
    return []
  }

  hostFailed(event: Event<'host_failed'>): readonly Remark[] {
    const { host, status, why, hint, output = [], ran } = event
    const told = this.#failed.get(host) ?? []
    // Its failed task has said so already.
    const isRepeated = told.some(
      failure => failure.why === why && (hint === undefined || hint === failure.hint),
    )
    const isRanTold = told.some(failure => failure.ran !== undefined && failure.ran.command === ran?.command)
    const shown = isRanTold ? undefined : ran
    this.#failed.set(host, [...told, event])
    return [
      ...this.unfinished(host),
      ...(isRepeated
        ? []
        : [
            statement({
              host,
              subject: 'host_failed',
              isFailure: true,
              word: status,
              colour: 'red',
              text: why,
              hint: hint ?? '',
            }),
          ]),
      ...ranLines(host, shown, { verbose: this.#verbose, isFailure: true }),
      ...(output.length === 0 || ran !== undefined
        ? []
        : [
            printed(
              host,
              output.map(line => `| ${line}`),
              true,
            ),
          ]),
    ]
  }

  hostStopped({ host, why }: Event<'host_stopped'>): readonly Remark[] {
    return [
      ...this.unfinished(host),
      statement({ host, subject: 'host_stopped', word: 'stopped', colour: 'yellow', text: why }),
    ]
  }

  rescue({ host, block, why }: Event<'rescue'>): readonly Remark[] {
    // What is caught does not take the host out; should it fall out later, that is another failure.
    this.#failed.delete(host)
    return [
      ...this.unfinished(host),
      statement({
        host,
        subject: JSON.stringify(['rescue', block]),
        word: 'rescue',
        colour: 'magenta',
        text: [block, why].filter(part => part !== '').join(': '),
      }),
    ]
  }

  #whole(event: Event<'task'>): readonly Remark[] {
    const { host, task, why, item: _, ...rest } = event
    const [first = '', ...block] = why.trimEnd().split('\n')
    const isFailure = isFailed(event)
    if (isFailure) this.#failed.set(host, [...(this.#failed.get(host) ?? []), event])
    const waiting = this.#rounds.get(host)
    const rounds = this.unfinished(host).map(remark => ({
      ...remark,
      isFailure: remark.isFailure && isFailure,
    }))
    const isOwn = waiting?.task === task
    return [
      ...(isOwn ? [] : rounds),
      statement({
        ...told(event),
        subject: JSON.stringify(['task', rest.play, task]),
        isMilestone: true,
        isFailure,
        text: block.length > 0 ? `${task}:` : withReason(task, first),
        block: block.length > 0 ? [first, ...block] : [],
      }),
      ...ranLines(host, event.ran, { verbose: this.#verbose, isFailure }),
      ...(isOwn ? rounds : []),
    ]
  }

  #round(event: Event<'task'>): readonly Remark[] {
    const isFailure = isFailed(event)
    const isQuiet = event.status === 'ok' || event.status === 'skipped'
    // debug is there to be read.
    if (isQuiet && this.#verbose === 0 && event.module !== 'debug') return []
    const [first = '', ...block] = event.why.trimEnd().split('\n')
    return [
      statement({
        ...told(event),
        subject: JSON.stringify(['round', event.play, event.task, event.item]),
        isFailure,
        text: block.length > 0 ? `(item=${event.item})` : `(item=${event.item}) ${first}`.trimEnd(),
        block: block.length > 0 ? [first, ...block] : [],
        isBelow: true,
      }),
      ...ranLines(event.host, event.ran, { verbose: this.#verbose, isFailure }),
    ]
  }
}

/** What a loop has said so far. */
interface Rounds {
  readonly task: string
  readonly remarks: Remark[]
}

const told = ({ host, status, ignored, hint }: Event<'task'>) => ({
  host,
  word: ignored ? `${status} (ignored)` : status,
  colour: ignored ? ('magenta' as const) : STATUS_COLOURS[status],
  hint: hint ?? '',
})

const withReason = (task: string, why: string): string => (why === '' ? task : `${task}: ${why}`)

/** It counts against the host. */
export const isFailed = ({ status, ignored }: Event<'task'>): boolean =>
  ignored !== true && (status === 'blocked' || status === 'failed')

const STATUS_COLOURS: Record<TaskStatus, Colour> = {
  ok: 'green',
  changed: 'yellow',
  pending: 'yellow',
  unknown: 'magenta',
  skipped: 'cyan',
  blocked: 'red',
  failed: 'red',
}

const SEVERITY_COLOURS: Record<Severity, Colour> = {
  ok: 'green',
  note: 'cyan',
  warning: 'magenta',
  problem: 'red',
}
