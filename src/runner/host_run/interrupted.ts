import { UserError } from '../../errors.ts'

/** The first Ctrl-C, at the edge of a step: nothing is rescued from that. */
export class Interrupted extends UserError {
  constructor(host: string) {
    super({
      kind: 'failed',
      where: host,
      why: 'interrupted before this step',
      hint: 'run again: what is due follows from the host’s state',
    })
  }
}

/** A host leaves the play without a fault of its own. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  readonly why: string

  constructor(why: string) {
    super(why)
    this.why = why
  }
}

/** What a rescue may mend, and handlers of a failed host may follow: not a host that is gone, nor the user's wish. */
export const isFailure = (error: unknown): error is UserError =>
  error instanceof UserError &&
  !(error instanceof Interrupted) &&
  error.kind !== 'unreachable' &&
  error.kind !== 'locked'
