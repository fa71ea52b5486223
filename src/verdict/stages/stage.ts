import type { Host, PciDevice } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { isVfioDriver } from '../../host/pci.ts'
import type { Finding, Severity, Stage, StageResult } from '../finding.ts'
import type { KernelMessages } from '../messages.ts'

/** What every stage looks at. */
export interface Subject {
  readonly host: Host
  /** None: only the host is judged. */
  readonly chosen: readonly PciDevice[]
  /** undefined: the log of this boot was not seen. */
  readonly messages: KernelMessages | undefined
}

/** How a stage went, and what deserves a word beside it. */
export interface Judged {
  readonly result: StageResult
  readonly findings: readonly Finding[]
}

export type Judge = (subject: Subject) => Judged

/** What of a stage cannot be told now. */
export interface Untold {
  readonly untold: string
}

export const untold = (why: string): Untold => ({ untold: why })
const isFinding = (one: Finding | Untold): one is Finding => 'what' in one

/**
 * The first problem fails a stage; what cannot be told leaves it open; all else passes. A host that the boot model has
 * foreseen fails nothing, as the boot has yet to show it; but for what is `settled`, which no boot is expected to change.
 */
export function judged(
  stage: Stage,
  { host }: Subject,
  found: readonly (Finding | Untold)[],
  passed: { readonly says: string; readonly evidence: string },
  { settled = false } = {},
): Judged {
  const told = found.filter(isFinding)
  const problem = told.find(({ severity }) => severity === 'problem')
  const findings = told.filter(one => one !== problem)
  if (problem !== undefined && (settled || !isForeseen(host)))
    return { result: { stage, is: 'failed', finding: problem }, findings }
  const open = problem?.what ?? found.flatMap(one => (isFinding(one) ? [] : [one.untold]))[0]
  if (open !== undefined) return { result: { stage, is: 'unknown', why: open }, findings }
  return { result: { stage, is: 'passed', ...passed }, findings }
}

/** Every boot has an id of its own, which the boot model cannot foresee. */
export const isForeseen = (host: Host): boolean => host.bootId.is !== 'observed'

export const unknownStage = (stage: Stage, why: string): Judged => ({
  result: { stage, is: 'unknown', why },
  findings: [],
})

/** What is asked of devices has no answer without any. */
export const withoutDevices = (stage: Stage): Judged => unknownStage(stage, 'no device is claimed for VFIO')

type Say = (what: string, evidence: string, next?: string) => Finding

/** Findings of one stage. */
export function findingsOf(stage: Stage): Record<Exclude<Severity, 'ok'>, Say> {
  const say =
    (severity: Severity): Say =>
    (what, evidence, next = '') => ({ stage, severity, what, evidence, next })
  return { note: say('note'), warning: say('warning'), problem: say('problem') }
}

/** VFIO has it in hand: by its driver's name, or by the folder that kernels from 6.1 on make under the device. */
export const isReady = ({ driver, vfioDev }: PciDevice): boolean =>
  isVfioDriver(ifKnown(driver) ?? '') || (vfioDev && driver.is === 'observed')

/** Everything that was chosen works now: what is wrong elsewhere endangers later boots only. */
export const areReady = ({ chosen }: Subject): boolean => chosen.length > 0 && chosen.every(isReady)

/** What stands between now and the goal, or only between the next boot and it. */
export const asSeriousAs = (subject: Subject, finding: Finding): Finding =>
  areReady(subject) && finding.severity === 'problem' ? { ...finding, severity: 'warning' } : finding

export const bootable = (host: Host) => host.kernels.filter(kernel => kernel.bootable)
