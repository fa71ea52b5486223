/**
 * What is wrong in a template, at an offset of its text. `template.ts` turns it into a UserError at
 * file:line:column; where a filter does not know its own offset, the evaluator adds it.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly why: string
  readonly hint: string | undefined
  readonly offset: number | undefined

  constructor(why: string, hint?: string | undefined, offset?: number) {
    super(why)
    this.why = why
    this.hint = hint
    this.offset = offset
  }
}

/** The same problem with a place, where it had none. */
export const located = (problem: Problem, offset: number): Problem =>
  problem.offset === undefined ? new Problem(problem.why, problem.hint, offset) : problem
