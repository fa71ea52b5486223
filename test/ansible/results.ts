/** What a play did, as both programs tell it. */
export interface Results {
  /** By host, in order. */
  readonly told: Readonly<Record<string, readonly Told[]>>
  /** By host: the counts of the recap that both have. */
  readonly recap: Readonly<Record<string, Counts>>
  readonly exitCode: number
}

export interface Told {
  readonly task: string
  readonly status: 'ok' | 'changed' | 'failed' | 'skipped' | 'unreachable'
  /** The label of a loop's round. */
  readonly item?: string
  /** What debug says. */
  readonly text?: string
  readonly ignored?: true
}

export interface Counts {
  readonly ok: number
  readonly changed: number
  readonly failed: number
  readonly skipped: number
  readonly rescued: number
  readonly ignored: number
  readonly unreachable: number
}
