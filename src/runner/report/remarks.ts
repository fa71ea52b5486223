import type { RunEvent } from '../events.ts'
import { binding, boots, command, fileChange, prediction } from './lines/changes.ts'
import { Phases } from './lines/phases.ts'
import { Tasks } from './lines/tasks.ts'
import { printed, type Remark, statement } from './remark.ts'

export interface RemarksOptions {
  readonly color: boolean
  /** From 1 on: what was run and what it printed; from 2 on: every phase. */
  readonly verbose: number
  /** Milliseconds, from any start. */
  readonly now: () => number
}

/** What is worth saying of a host when something happens on it. */
export class Remarks {
  readonly #options: RemarksOptions
  readonly #tasks: Tasks
  readonly #phases: Phases

  constructor(options: RemarksOptions) {
    this.#options = options
    this.#tasks = new Tasks(options.verbose)
    this.#phases = new Phases(options)
  }

  of(event: RunEvent): readonly Remark[] {
    const { verbose, color } = this.#options
    switch (event.event) {
      case 'phase':
        return [
          ...(event.phase === 'done' ? this.#tasks.unfinished(event.host) : []),
          ...this.#phases.remarks(event),
        ]
      case 'output':
        return verbose > 0 && event.line !== '' ? [printed(event.host, [`| ${event.line}`])] : []
      case 'task':
        return this.#tasks.result(event)
      case 'finding':
        return this.#tasks.finding(event)
      case 'boots':
        return [boots(event)]
      case 'diff':
        return [fileChange(event, color)]
      case 'command':
        return [command(event)]
      case 'bind':
        return [binding(event)]
      case 'prediction':
        return prediction(event, verbose)
      case 'warning':
        return event.host === undefined ? [] : [warning(event.host, event.why)]
      case 'host_failed':
        this.#phases.hostFailed(event.host)
        return this.#tasks.hostFailed(event)
      case 'host_stopped':
        return this.#tasks.hostStopped(event)
      case 'rescue':
        return this.#tasks.rescue(event)
      case 'run':
      case 'play':
      case 'batch':
      case 'recap':
        return []
    }
  }

  /** What waits for something that will not come: the run is over. */
  unfinished(hosts: Iterable<string>): readonly Remark[] {
    return [...hosts].flatMap(host => this.#tasks.unfinished(host))
  }
}

const warning = (host: string, why: string): Remark =>
  statement({
    host,
    subject: JSON.stringify(['warning', why.replaceAll(host, '')]),
    word: 'warning',
    colour: 'magenta',
    text: why,
  })
