import type { RunEvent } from '../events.ts'
import { Fold, type Said } from './fold.ts'
import type { Remark } from './remark.ts'

/** What went wrong, to be said once more at the end. */
export class Failures {
  readonly #hosts = new Map<string, { readonly why: string; readonly remarks: readonly Remark[] }[]>()

  /** `remarks`: what was said when it happened. */
  onEvent(event: RunEvent, remarks: readonly Remark[]): void {
    if (!('host' in event) || event.host === undefined) return
    const failures = this.#hosts.get(event.host) ?? []
    if (event.event === 'rescue') forget(failures, event.why)
    const failed = remarks.filter(({ isFailure }) => isFailure)
    if (failed.length === 0) return
    failures.push({ why: 'why' in event ? event.why : '', remarks: failed })
    this.#hosts.set(event.host, failures)
  }

  get hosts(): readonly string[] {
    return [...this.#hosts].flatMap(([host, failures]) => (failures.length === 0 ? [] : [host]))
  }

  /** Equal ones together. */
  folded(): readonly Said[] {
    const fold = new Fold()
    // In the order in which they happened: how far a host had come does not matter any more.
    for (const failures of this.#hosts.values())
      for (const remark of failures.flatMap(({ remarks }) => remarks))
        fold.add({ ...remark, isMilestone: false })
    return fold.takeAll()
  }
}

/** What the playbook has caught: the failure that the rescue names, or else the last, and what followed from it. */
function forget(failures: { readonly why: string }[], why: string): void {
  const named = failures.findLastIndex(failure => failure.why === why)
  failures.splice(named === -1 ? Math.max(0, failures.length - 1) : named)
}
