import type { Finding, Stage, StageResult, Verdict } from '../verdict/finding.ts'
import { blocked, type Outcome } from './define.ts'

/** What the modules that prove something answer: the stage that fails, its evidence, and what to do. */
export const failedAt = (failure: Finding, verdict: Verdict): Outcome =>
  withFindings(blocked(`${failure.what} (${failure.evidence})`, failure.next), [
    ...verdict.stages.flatMap(stage =>
      stage.is === 'failed' && stage.finding !== failure && IN_ITS_OWN_RIGHT.has(stage.stage)
        ? [stage.finding]
        : [],
    ),
    ...verdict.findings,
  ])

/** The others fail as a consequence of these, and would only be said twice. */
const IN_ITS_OWN_RIGHT: ReadonlySet<Stage> = new Set(['firmware', 'kernel', 'command line', 'initramfs'])

export const withFindings = (outcome: Outcome, findings: readonly Finding[]): Outcome =>
  findings.length === 0 ? outcome : { ...outcome, findings }

/** The first of these stages that fails. */
export const failureIn = (verdict: Verdict, stages: readonly Stage[]): Finding | undefined =>
  verdict.stages.flatMap(stage =>
    stage.is === 'failed' && stages.includes(stage.stage) ? [stage.finding] : [],
  )[0]

export const stageOf = (verdict: Verdict, name: Stage): StageResult =>
  verdict.stages.find(({ stage }) => stage === name) ?? {
    stage: name,
    is: 'unknown',
    why: 'it was not judged',
  }
