import type { Severity } from '../../verdict/finding.ts'
import type { Report, RunEvent, TaskStatus } from '../events.ts'
import { formatDiff } from './diff.ts'
import { formatRecap } from './recap.ts'
import {
  type Colour,
  clockTime,
  columnsOf,
  commandLine,
  counted,
  duration,
  hang,
  painter,
  type Screen,
  visible,
} from './text.ts'

export interface PlainOptions {
  readonly stdout: Screen
  readonly color: boolean
  /** From 1 on: every phase, what long steps print, and what the run cost. */
  readonly verbose: number
  /** Milliseconds, from any start. */
  readonly now: () => number
}

/** Lines that stay readable in a log: each names its host, and nothing is ever overwritten. */
export function createPlainReport(options: PlainOptions): Report {
  const format = plainFormatter(options)
  return {
    onEvent(event) {
      const text = format(event)
      if (text !== '') options.stdout.write(text)
    },
    close: async () => {},
  }
}

type Event<Kind extends RunEvent['event']> = Extract<RunEvent, { event: Kind }>

/**
 * Turns events into text, one after the other; '' where an event says nothing worth a line.
 * Remembers what has to be said again at the end, and since when a host is rebooting.
 */
export function plainFormatter(options: PlainOptions): (event: RunEvent) => string {
  const paint = painter(options.color)
  const failures: { host: string; why: string; hint: string | undefined; text: string }[] = []
  const rebootingSince = new Map<string, number>()
  let lastTask: Event<'task'> | undefined
  const found = new Set<string>()
  let hostWidth = 0

  return function format(event) {
    switch (event.event) {
      case 'run':
        return runHeader(event)
      case 'play':
        hostWidth = Math.min(LONGEST_HOST, Math.max(0, ...event.hosts.map(host => host.length)))
        return `\n${hang(`${paint('bold', `PLAY [${visible(event.play)}]`)} `, hostList(event.hosts), columns())}`
      case 'phase':
        return phase(event)
      case 'output':
        return options.verbose > 0 && event.line !== ''
          ? `${hostColumn(event.host)}| ${visible(event.line)}\n`
          : ''
      case 'task':
        return task(event)
      case 'finding':
        return finding(event)
      case 'boots':
        return line(event.host, 'boots', 'dim', bootsText(event))
      case 'diff':
        return (
          line(event.host, fileVerb(event), 'cyan', event.path) +
          formatDiff(event.path, event.before, event.after, { color: options.color })
        )
      case 'command':
        return line(event.host, event.check ? 'would' : 'run', 'cyan', commandText(event))
      case 'bind':
        return line(event.host, event.check ? 'would' : 'bind', 'cyan', bindText(event))
      case 'prediction':
        return prediction(event)
      case 'warning':
        return event.host === undefined
          ? hang(`${paint('magenta', 'warning')}: `, event.why, columns())
          : line(event.host, 'warning', 'magenta', event.why)
      case 'host_failed':
        return hostFailed(event)
      case 'recap':
        return `${failureSummary()}\n${formatRecap(event.hosts, { paint, verbose: options.verbose, columns: columns() })}`
    }
  }

  function phase({ host, phase, detail }: Event<'phase'>): string {
    const since = rebootingSince.get(host)
    const verbosely = options.verbose > 0 ? line(host, phase, 'dim', detail ?? '') : ''
    if (phase === 'reboot') {
      rebootingSince.set(host, since ?? options.now())
      return since === undefined
        ? line(host, 'reboot', 'cyan', detail ? `started: ${detail}` : 'started')
        : verbosely
    }
    // Trying to connect is not being back.
    if (since === undefined || phase === 'connect') return verbosely
    rebootingSince.delete(host)
    return line(host, 'reboot', 'cyan', `back after ${duration(options.now() - since)}`) + verbosely
  }

  /** What the plan foresaw wrongly is a defect worth a report; the rest is for -v. */
  function prediction({ host, after, compared, unknown, wrong }: Event<'prediction'>): string {
    const told = `${compared} facts compared after the ${after}, ${unknown} unknown, ${wrong.length} wrong`
    const fields = wrong.slice(0, 5).map(({ field }) => field)
    if (wrong.length > 0)
      return line(host, 'warning', 'magenta', `not as planned: ${told}: ${fields.join(', ')}`)
    return options.verbose > 0 ? line(host, 'as planned', 'dim', told) : ''
  }

  function task(event: Event<'task'>): string {
    const why = event.why === '' ? event.task : `${event.task}: ${event.why}`
    const text = line(event.host, event.status, STATUS_COLOURS[event.status], why, event.hint)
    if (isFailure(event.status)) failures.push({ ...event, hint: event.hint, text })
    lastTask = event
    return text
  }

  /**
   * Below its task, and further in. What must be acted on says what shows it; the rest does so with -v. Told once a host:
   * the tasks that prove something climb one ladder, and find the same.
   */
  function finding(event: Event<'finding'>): string {
    const { host, severity, what, evidence, next } = event
    const isTrouble = severity === 'problem' || severity === 'warning'
    if (severity === 'ok' && options.verbose === 0) return ''
    const key = JSON.stringify([host, severity, what, evidence])
    if (found.has(key)) return ''
    found.add(key)
    const told = lastTask?.host === host && lastTask.why === what ? lastTask : undefined
    const column = `${hostColumn(host)}${' '.repeat(told === undefined ? FINDING_INDENT : 0)}`
    const head = `${column}${paint(SEVERITY_COLOURS[severity], severity)}${' '.repeat(WORD_WIDTH - severity.length)}  `
    const indent = ' '.repeat(column.length + WORD_WIDTH + 2)
    const details = [
      ['seen', evidence],
      ['next', next === told?.hint ? '' : next],
    ].flatMap(([label, text]) =>
      text && (isTrouble || options.verbose > 0)
        ? [hang(`${indent}${paint('dim', `${label}:`)} `, text, columns())]
        : [],
    )
    return (told === undefined ? hang(head, what, columns()) : '') + details.join('')
  }

  function hostFailed(event: Event<'host_failed'>): string {
    rebootingSince.delete(event.host)
    const output = (event.output ?? []).map(each => `${hostColumn(event.host)}| ${visible(each)}\n`).join('')
    // Its blocked task has said so already.
    const repeated = failures.some(
      ({ host, why, hint }) =>
        host === event.host && why === event.why && (event.hint === undefined || event.hint === hint),
    )
    const text = (repeated ? '' : line(event.host, event.status, 'red', event.why, event.hint)) + output
    if (text !== '') failures.push({ ...event, hint: event.hint, text })
    return text
  }

  function failureSummary(): string {
    return failures.length === 0
      ? ''
      : `\n${paint('bold', 'FAILURES')}\n${failures.map(({ text }) => text).join('')}`
  }

  function line(host: string, word: string, colour: Colour, text: string, hint?: string): string {
    const column = hostColumn(host)
    const head = `${column}${paint(colour, word)}${' '.repeat(Math.max(0, WORD_WIDTH - word.length))}  `
    const indent = ' '.repeat(column.length + Math.max(WORD_WIDTH, word.length) + 2)
    return hang(head, text, columns()) + (hint ? hang(indent, hint, columns()) : '')
  }

  function hostColumn(host: string): string {
    return `${visible(host)}: `.padEnd(hostWidth + 2)
  }

  function columns(): number {
    return columnsOf(options.stdout)
  }
}

/** Longer names push their own line to the right, not everyone's. */
const LONGEST_HOST = 20

/** `changed`, `blocked`, `skipped`, `pending`, `unknown`: the words that stand in the second column. */
const WORD_WIDTH = 7

const STATUS_COLOURS: Record<TaskStatus, Colour> = {
  ok: 'green',
  changed: 'yellow',
  pending: 'yellow',
  unknown: 'magenta',
  skipped: 'cyan',
  blocked: 'red',
  failed: 'red',
}

const FINDING_INDENT = 2

const SEVERITY_COLOURS: Record<Severity, Colour> = {
  ok: 'green',
  note: 'cyan',
  warning: 'magenta',
  problem: 'red',
}

export const isFailure = (status: TaskStatus): boolean => status === 'blocked' || status === 'failed'

const runHeader = ({ playbook, hosts, check, snapshots }: Event<'run'>): string =>
  `${visible(playbook)} on ${counted(hosts.length, 'host')}${check ? ', dry run: nothing is changed' : ''}\n` +
  (snapshots === undefined
    ? ''
    : `from snapshots in ${visible(snapshots.folder)}, taken ${span(snapshots)}; no host is reached\n`)

const span = ({ from, to }: { readonly from: string; readonly to: string }): string => {
  const [first, last] = [clockTime(new Date(from)), clockTime(new Date(to))]
  return first === last ? first : `${first} to ${last}`
}

/** More names than this are a wall, not a list. */
const MOST_HOSTS_NAMED = 8

const hostList = (hosts: readonly string[]): string =>
  hosts.length > MOST_HOSTS_NAMED ? counted(hosts.length, 'host') : hosts.join(', ')

function fileVerb({ before, after }: Event<'diff'>): string {
  if (after === undefined) return 'remove'
  return before === undefined ? 'create' : 'edit'
}

const bootsText = ({ bootloader, evidence, initramfs }: Event<'boots'>): string =>
  `by ${bootloader} (${evidence})${initramfs === undefined ? '' : `; its images are made by ${initramfs}`}`

const bindText = ({ address, id, from, to, check }: Event<'bind'>): string =>
  `${check ? 'bind ' : ''}${address} [${id}] from ${from || 'no driver'} to ${to || "the kernel's own choice"}`

const commandText = ({ argv, reason, check }: Event<'command'>): string =>
  `${check ? 'run ' : ''}${commandLine(argv)}${reason === '' ? '' : `: ${reason}`}`
