import type { Host } from '../../host/host.ts'
import type { HostCounts, RunEvent } from '../events.ts'
import type { LiveVariables } from '../live_variables.ts'
import type { PlannedCall } from '../plan.ts'
import type { Identity } from '../transport/transport.ts'
import type { Company } from './company.ts'
import type { Link } from './link.ts'
import type { Done } from './segment.ts'
import type { Session } from './session.ts'

export interface HostPlayOptions {
  readonly check: boolean
  /** The dry run before a real one: nothing is asked, waited for, or applied. */
  readonly rehearsal: boolean
  readonly diff: boolean
  /** How many -v there are. */
  readonly verbosity: number
  readonly noReboot: boolean
  /** --step: there is no rehearsal, as the user may leave out what it would refuse. */
  readonly stepwise: boolean
  /** Hosts are planned as they were once: nothing is run on them. */
  readonly isOffline: boolean
  readonly emit: (event: RunEvent) => void
  /** boot_id of the machine that runs the play: it is never rebooted. */
  readonly ownBootId: string | undefined
  /** The first Ctrl-C: finish the step, then stop. */
  readonly stopped: () => boolean
  readonly stop: AbortSignal
  readonly abandon: AbortSignal
  readonly company: Company
  /** The machine that runs the play, for delegate_to: localhost. */
  readonly localhost: Link
  /** meta: clear_host_errors. */
  readonly forgive: () => void
}

export type Tally = { -readonly [K in keyof HostCounts]: HostCounts[K] }

/** What a host carries from play to play. */
export interface HostState {
  readonly name: string
  readonly link: Link
  readonly session: Session
  readonly tally: Tally
  readonly local: boolean
  /** Of all hosts: the same for each of them. */
  readonly live: LiveVariables
  /** The last look, or what is planned on top of it; undefined after something that may have changed the host. */
  host: Host | undefined
  /** The last look, for what does not change: facts in expressions. */
  seen: Host | undefined
  /** Who the last look was made as. */
  identity: Identity | undefined
  /** What was asked for and applied, by all plays so far: a reboot of a later play must bring it into effect, too. */
  readonly done: Done[]
  /** What a dry run, or a rehearsal, has planned and not applied: a new look does not show it. */
  readonly foreseen: PlannedCall[]
  /** A reboot was foreseen, and not made: what is planned stands on what it would bring. */
  foreseesBoot: boolean
  failed: boolean
  /** Another run holds the lock. */
  locked: boolean
  /** In the plays that follow: not where it has failed, unless that was forgiven. */
  takesPart: boolean
}
