import pLimit from 'p-limit'
import { UserError } from '../errors.ts'
import { EXTRAS } from '../host/gather.ts'
import type { Host } from '../host/host.ts'
import { Link } from './host_run/link.ts'
import { Session } from './host_run/session.ts'
import type { FleetHost } from './load_fleet.ts'
import type { Snapshots } from './snapshot/snapshots.ts'
import type { Target, Transport } from './transport/transport.ts'

export interface InspectOptions {
  /** How many hosts at a time. */
  readonly forks: number
  readonly run: string
  readonly who: string
  readonly connect: (target: Target) => Promise<Transport>
  /** Aborted by Ctrl-C: connections are given up. */
  readonly signal: AbortSignal
  /** Where hosts are shown as they were once: none is reached. */
  readonly snapshots?: Snapshots | undefined
  /** Keeps what was seen. Throws UserError. */
  readonly save?: ((host: string, look: Buffer) => void) | undefined
  /** A host was seen, or was not. */
  readonly onSight?: ((host: string) => void) | undefined
}

/** A host as it was seen, or why it was not. */
export type Sight =
  | { readonly status: 'seen'; readonly host: Host; readonly takenAt: Date | undefined }
  | {
      readonly status: 'failed' | 'unreachable'
      readonly why: string
      readonly hint: string | undefined
    }

/** Looks at every host once, as a dry run does: one connection, one script, nothing written. In the order given. */
export async function inspectFleet(
  hosts: readonly FleetHost[],
  options: InspectOptions,
): Promise<ReadonlyMap<string, Sight>> {
  const limit = pLimit(options.forks)
  const seen = await Promise.all(
    hosts.map(host =>
      limit(async () => {
        const sight = await inspectHost(host, options)
        options.onSight?.(host.name)
        return [host.name, sight] as const
      }),
    ),
  )
  return new Map(seen)
}

async function inspectHost({ name, target, identity }: FleetHost, options: InspectOptions): Promise<Sight> {
  const { connect, signal, run, who, snapshots, save } = options
  await using link = new Link(target, { connect, signal })
  const session = new Session(link, {
    run,
    who,
    extras: new Set(EXTRAS),
    onOutput: () => {},
    snapshot: snapshots && (() => snapshots.host(name)),
    onLook: save && (look => save(name, look)),
  })
  try {
    signal.throwIfAborted()
    const host = await session.look(identity)
    return { status: 'seen', host, takenAt: snapshots?.takenAt(name) }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const status = error.kind === 'unreachable' ? 'unreachable' : 'failed'
    return { status, why: error.why, hint: error.hint }
  }
}
