import type { Host } from '../host/host.ts'
import { type Finding, firstFailure, type Stage, type StageResult } from '../verdict/finding.ts'
import { verdictOf } from '../verdict/ladder.ts'
import type { Candidate } from './candidates.ts'
import { groupOf } from './candidates.ts'
import { meantForVfio } from './meant.ts'

/** How far a host is on its way to passthrough. */
export interface Standing {
  /** `ready`: VFIO has a device; `on`: the IOMMU works, and nothing is bound; `failed`: `says` what; `unknown`: it cannot be told. */
  readonly state: 'ready' | 'on' | 'failed' | 'unknown'
  /** The first stage that failed; null where none did. */
  readonly stage: Stage | null
  /** One clause. */
  readonly says: string
  /** What says so; '' where the map itself does. */
  readonly evidence: string
  /** What to do; '' where nothing is to be done. */
  readonly next: string
  /** Firmware, kernel, command line …: each passed, failed, or not to be told, in the order in which they are climbed. */
  readonly stages: readonly StageResult[]
  /** What deserves a word and fails nothing. */
  readonly findings: readonly Finding[]
}

/** The verdict in one clause; what is ready and what is not is the candidates' to say. */
export function standingOf(host: Host, candidates: readonly Candidate[]): Standing {
  const verdict = verdictOf(host, meantForVfio(host))
  const { stages, findings } = verdict
  const failure = firstFailure(verdict)
  if (failure !== undefined) {
    const { stage, what, evidence, next } = failure
    return { state: 'failed', stage, says: what, evidence, next, stages, findings }
  }
  const notFailed = (state: Standing['state'], says: string): Standing => ({
    state,
    stage: null,
    says,
    evidence: '',
    next: '',
    stages,
    findings,
  })
  const ready = candidates.filter(({ state }) => state === 'ready')
  const count = ready.reduce((sum, { devices, company }) => sum + devices.length + company.length, 0)
  if (count > 0) return notFailed('ready', `VFIO has ${count} device${count === 1 ? '' : 's'}`)
  const isOn = host.devices.some(device => groupOf(host, device) !== undefined)
  const [unknown] = stages.flatMap(stage => (stage.is === 'unknown' ? [stage.why] : []))
  return isOn
    ? notFailed('on', 'VFIO has no device; the IOMMU is on')
    : notFailed('unknown', unknown ?? 'the IOMMU is off')
}
