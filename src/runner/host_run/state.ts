import type { Host } from '../../host/host.ts'
import type { HostCounts, RunEvent } from '../events.ts'
import type { Identity } from '../transport/transport.ts'
import type { Link } from './link.ts'
import type { Session } from './session.ts'

export interface HostPlayOptions {
  readonly check: boolean
  readonly diff: boolean
  readonly noReboot: boolean
  readonly emit: (event: RunEvent) => void
  /** boot_id of the machine that runs the play: it is never rebooted. */
  readonly ownBootId: string | undefined
  /** The first Ctrl-C: finish the step, then stop. */
  readonly stopped: () => boolean
}

export type Tally = { -readonly [K in keyof HostCounts]: HostCounts[K] }

/** What a host carries from play to play. */
export interface HostState {
  readonly name: string
  readonly link: Link
  readonly session: Session
  readonly tally: Tally
  readonly local: boolean
  /** The last look; undefined after something that may have changed the host. */
  host: Host | undefined
  /** Who the last look was made as. */
  identity: Identity | undefined
  failed: boolean
  /** Another run holds the lock. */
  locked: boolean
}
