import type { RunEvent } from '../../events.ts'
import { type Remark, statement } from '../remark.ts'

/** Reboots, which are always worth a line, and with -vv every phase. Remembers since when a host is rebooting. */
export class Phases {
  readonly #options: { readonly verbose: number; readonly now: () => number }
  readonly #rebootingSince = new Map<string, number>()

  constructor(options: { readonly verbose: number; readonly now: () => number }) {
    this.#options = options
  }

  remarks({ host, phase, detail }: Extract<RunEvent, { event: 'phase' }>): readonly Remark[] {
    const since = this.#rebootingSince.get(host)
    const verbosely =
      this.#options.verbose > 1 ? [statement({ host, word: phase, colour: 'dim', text: detail ?? '' })] : []
    if (phase === 'reboot') {
      this.#rebootingSince.set(host, since ?? this.#options.now())
      return since === undefined
        ? [reboot(host, detail === undefined ? 'started' : `started: ${detail}`)]
        : verbosely
    }
    // Trying to connect is not being back.
    if (since === undefined || phase === 'connect') return verbosely
    this.#rebootingSince.delete(host)
    return [
      { ...reboot(host, 'back after'), subject: 'back', took: this.#options.now() - since },
      ...verbosely,
    ]
  }

  hostFailed(host: string): void {
    this.#rebootingSince.delete(host)
  }
}

const reboot = (host: string, text: string) => statement({ host, word: 'reboot', colour: 'cyan', text })
