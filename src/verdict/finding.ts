/** The rungs between a machine and a device that a guest can use, in the order in which they are climbed. */
export const STAGES = [
  'firmware',
  'kernel',
  'command line',
  'groups',
  'initramfs',
  'driver',
  'usable',
] as const
export type Stage = (typeof STAGES)[number]

/** `problem`: passthrough will not work; `warning`: it may not, or at a price; `note`: worth knowing; `ok`: as it must be. */
export const SEVERITIES = ['ok', 'note', 'warning', 'problem'] as const
export type Severity = (typeof SEVERITIES)[number]

/** One thing found about a host or a device of it. */
export interface Finding {
  readonly stage: Stage
  readonly severity: Severity
  /** One clause, no full stop: what is so, of which device. */
  readonly what: string
  /** The file, link or log line that says so. */
  readonly evidence: string
  /** What to do; '' where nothing is to be done. */
  readonly next: string
}

/** A rung: passed, failed (the first problem found there), or not to be told, and why. */
export type StageResult =
  | { readonly stage: Stage; readonly is: 'passed'; readonly says: string; readonly evidence: string }
  | { readonly stage: Stage; readonly is: 'failed'; readonly finding: Finding }
  | { readonly stage: Stage; readonly is: 'unknown'; readonly why: string }

/** All rungs in order. Those above the first failed one are judged too, where they can be: people mend more than one. */
export interface Verdict {
  readonly stages: readonly StageResult[]
  /** What deserves a word and fails no stage. */
  readonly findings: readonly Finding[]
}

export const firstFailure = (verdict: Verdict): Finding | undefined =>
  verdict.stages.flatMap(stage => (stage.is === 'failed' ? [stage.finding] : []))[0]
