/** What went wrong decides the exit code: `usage` before any connection, the others per target. */
export type ErrorKind = 'usage' | 'unreachable' | 'failed' | 'locked'

/** file:line:column of a YAML node, lines and columns counted from 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * The one error class for what a user can mend: where it is, why it is wrong, what to do next.
 * Everything else that is thrown is a defect of ours and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  readonly kind: ErrorKind
  readonly where: string
  readonly why: string
  readonly hint: string | undefined

  constructor(problem: {
    kind?: ErrorKind
    where: string
    why: string
    hint?: string | undefined
    cause?: unknown
  }) {
    super(`${problem.where}: ${problem.why}`, { cause: problem.cause })
    this.kind = problem.kind ?? 'usage'
    this.where = problem.where
    this.why = problem.why
    this.hint = problem.hint
  }
}

/** Several mistakes of one load, reported together: a user mends them in one go. */
export class UserErrors extends AggregateError {
  override readonly name = 'UserErrors'
  declare readonly errors: UserError[]

  constructor(errors: readonly UserError[]) {
    super([...errors], errors.map(error => error.message).join('\n'))
  }
}

export const formatPosition = (at: Position): string => `${at.file}:${at.line}:${at.column}`
