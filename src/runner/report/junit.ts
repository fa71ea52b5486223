import type { Ran } from '../actions/action.ts'
import type { Report, RunEvent } from '../events.ts'
import type { Screen } from './text.ts'
import { type Element, element, xmlDocument } from './xml.ts'

export interface JunitOptions {
  readonly stdout: Screen
  /** Milliseconds, from any start. */
  readonly now: () => number
}

/**
 * One JUnit XML document at the end, for CI servers: a test suite per play, in it a test case per task and host, named
 * as Ansible's junit callback names them.
 */
export function createJunitReport({ stdout, now }: JunitOptions): Report {
  let playbook = ''
  let document = new Document(now)
  let isWritten = false

  function write(): void {
    if (!isWritten) stdout.write(xmlDocument(document.root(playbook)))
    isWritten = true
  }

  return {
    onEvent(event) {
      if (event.event === 'run') {
        playbook = event.playbook
        document = new Document(now)
      }
      document.onEvent(event)
      if (event.event === 'recap') write()
    },
    close: async () => {
      // Mistakes in the playbook are told elsewhere: then there was no run.
      if (playbook !== '') write()
    },
  }
}

type Event<Kind extends RunEvent['event']> = Extract<RunEvent, { event: Kind }>

interface Case {
  readonly name: string
  readonly seconds: number
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped'
  /** How it ended, in the run's own word. */
  readonly type: string
  readonly message: string
  readonly text: string
}

interface Suite {
  readonly play: string
  readonly begun: number
  readonly cases: Case[]
  ended: number
}

class Document {
  readonly #now: () => number
  readonly #suites: Suite[] = []
  /** When each host ended what it did last. */
  readonly #since = new Map<string, number>()
  readonly #rounds = new Map<string, string[]>()
  readonly #told = new Map<string, Set<string>>()

  constructor(now: () => number) {
    this.#now = now
  }

  onEvent(event: RunEvent): void {
    if (event.event === 'play') this.#begin(event)
    if (event.event === 'phase' && !this.#since.has(event.host)) this.#since.set(event.host, this.#now())
    if (event.event === 'task') this.#task(event)
    if (event.event === 'host_failed') this.#hostFailed(event)
    const suite = this.#suites.at(-1)
    if (suite !== undefined) suite.ended = this.#now()
  }

  root(playbook: string): Element {
    const all = this.#suites.flatMap(({ cases }) => cases)
    const seconds = this.#suites.reduce((sum, { begun, ended }) => sum + (ended - begun) / 1000, 0)
    return element(
      'testsuites',
      { name: playbook, ...totals(all), time: seconds.toFixed(3) },
      this.#suites.map(suite => suiteElement(suite, playbook)),
    )
  }

  #begin({ play }: Event<'play'>): void {
    this.#suites.push({ play, begun: this.#now(), cases: [], ended: this.#now() })
    this.#since.clear()
    this.#told.clear()
  }

  #task(event: Event<'task'>): void {
    const { host, play, task, item, status, ignored, why, hint, ran } = event
    if (item !== undefined) {
      const rounds = this.#rounds.get(host) ?? []
      this.#rounds.set(host, [...rounds, `(item=${item}) ${status}: ${why}`])
      return
    }
    const rounds = this.#rounds.get(host) ?? []
    this.#rounds.delete(host)
    this.#told.set(host, (this.#told.get(host) ?? new Set()).add(why))
    this.#add(host, {
      name: `[${host}] ${play}: ${task}`,
      kind: ignored === true ? 'passed' : KINDS[status],
      type: ignored === true ? `${status} (ignored)` : status,
      message: why,
      text: lines(`${status}: ${why}`, hint, ...rounds, ...ranLines(ran)),
    })
  }

  /** An error is what kept the tasks from being tried; a failure that a task has told is counted once. */
  #hostFailed({ host, status, why, hint, output = [], ran }: Event<'host_failed'>): void {
    if (this.#told.get(host)?.has(why)) return
    const play = this.#suites.at(-1)?.play ?? ''
    this.#add(host, {
      name: `[${host}] ${play}: ${status}`,
      kind: status === 'failed' ? 'failure' : 'error',
      type: status,
      message: why,
      text: lines(`${status}: ${why}`, hint, ...(ran === undefined ? output : ranLines(ran))),
    })
  }

  #add(host: string, one: Omit<Case, 'seconds'>): void {
    const now = this.#now()
    const suite = this.#suites.at(-1)
    suite?.cases.push({ ...one, seconds: (now - (this.#since.get(host) ?? suite.begun)) / 1000 })
    this.#since.set(host, now)
  }
}

/** What a dry run cannot tell has not been tested. What waits for a reboot is as the play wants it, so far. */
const KINDS = {
  ok: 'passed',
  changed: 'passed',
  pending: 'passed',
  unknown: 'skipped',
  skipped: 'skipped',
  blocked: 'failure',
  failed: 'failure',
} as const satisfies Record<Event<'task'>['status'], Case['kind']>

function totals(cases: readonly Case[]): Readonly<Record<string, number>> {
  const count = (kind: Case['kind']): number => cases.filter(each => each.kind === kind).length
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  }
}

const suiteElement = ({ play, begun, ended, cases }: Suite, playbook: string): Element =>
  element(
    'testsuite',
    { name: play, ...totals(cases), time: ((ended - begun) / 1000).toFixed(3) },
    cases.map(each => caseElement(each, playbook)),
  )

const caseElement = ({ name, seconds, kind, type, message, text }: Case, playbook: string): Element =>
  element('testcase', { name, classname: playbook, time: seconds.toFixed(3) }, [
    CHILDREN[kind]({ type, message, text }),
  ])

const CHILDREN: Record<Case['kind'], (told: Pick<Case, 'type' | 'message' | 'text'>) => Element> = {
  passed: ({ text }) => element('system-out', {}, [text]),
  skipped: ({ message }) => element('skipped', { message }),
  failure: ({ type, message, text }) => element('failure', { type, message }, [text]),
  error: ({ type, message, text }) => element('error', { type, message }, [text]),
}

const lines = (...parts: readonly (string | undefined)[]): string =>
  parts.filter(part => part !== undefined && part !== '').join('\n')

const ranLines = (ran: Ran | undefined): readonly string[] =>
  ran === undefined
    ? []
    : [
        `$ ${ran.command}`,
        ...ran.output,
        ...(ran.exitCode === 0 ? [] : [`exit code: ${ran.exitCode ?? 'none'}`]),
      ]
