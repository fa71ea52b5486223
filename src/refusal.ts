/** Why something is not done, and what to do next. A value: it becomes a blocked outcome. */
export interface Refusal {
  readonly refused: true
  readonly why: string
  readonly hint: string
  /** The next boot may well make it possible: foreseen, it is unknown and not blocked. */
  readonly until?: 'boot'
}

export const refuse = (why: string, hint: string): Refusal => ({ refused: true, why, hint })

export const isRefusal = (answer: object): answer is Refusal => 'refused' in answer
