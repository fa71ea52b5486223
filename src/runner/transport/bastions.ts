import type { Duplex } from 'node:stream'
import { UserError } from '../../errors.ts'
import { type Connection, openConnection, type Way } from './connection.ts'
import { HostKeyRefusal } from './host_key.ts'
import { behind, notForwarded, timedOut } from './ssh_errors.ts'
import type { ConnectOptions, Target } from './transport.ts'

/** The machines that connections go through: one connection to each, for all that are behind it, over the whole run. */
export class Bastions implements AsyncDisposable {
  readonly #options: ConnectOptions
  readonly #open = new Map<string, Promise<Connection>>()
  readonly #worked = new Set<string>()

  constructor(options: ConnectOptions) {
    this.#options = options
  }

  /** undefined: the target is reached directly. Throws UserError in the target's name. */
  async wayTo(target: Target): Promise<Way | undefined> {
    const { jumps = [] } = target
    const last = jumps.at(-1)
    if (last === undefined) return undefined
    const bastion = await this.#connected(jumps).catch(cause =>
      // What the user has stopped is nobody's failure.
      Promise.reject(
        cause instanceof UserError && cause !== this.#options.signal?.reason
          ? inNameOf(target, last, cause)
          : cause,
      ),
    )
    return {
      stream: await forward(bastion, target, last, this.#options.signal),
      gone: reached => {
        const cause = bastion.gone()
        return cause && inNameOf(reached, last, cause)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connections = await Promise.allSettled(this.#open.values())
    this.#open.clear()
    // The last first: those before carry them.
    for (const each of connections.reverse()) if (each.status === 'fulfilled') await each.value.end()
  }

  /** To the last of them. */
  #connected(jumps: readonly Target[]): Promise<Connection> {
    const key = jumps.map(({ user, host, port }) => `${user}@${host}:${port}`).join(' ')
    const known = this.#open.get(key)
    if (known !== undefined) return known
    const opened = this.#connect(jumps)
    this.#open.set(key, opened)
    const forget = () => {
      if (this.#open.get(key) === opened) this.#open.delete(key)
    }
    opened.then(
      async connection => {
        this.#worked.add(key)
        await connection.closed
        forget()
      },
      // One that never worked need not be waited for by every host that is behind it.
      () => (this.#worked.has(key) ? forget() : setTimeout(forget, FAILURE_STANDS).unref()),
    )
    return opened
  }

  async #connect(jumps: readonly Target[]): Promise<Connection> {
    const last = jumps.at(-1)
    if (last === undefined) throw new Error('a way without a machine on it')
    const hop = { ...last, jumps: jumps.slice(0, -1) }
    return await openConnection(hop, this.#options, () => this.wayTo(hop))
  }
}

/** Milliseconds. */
const FAILURE_STANDS = 60_000

/** A host key stays final. */
function inNameOf(target: Target, bastion: Target, cause: UserError): UserError {
  const told = behind(target, bastion.name, cause)
  return cause instanceof HostKeyRefusal ? new HostKeyRefusal(told) : told
}

async function forward(
  bastion: Connection,
  target: Target,
  { name }: Target,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const limit = setTimeout(() => reject(timedOut(target, true)), target.connectTimeout * 1000)
  const onAbort = () => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  const channel = bastion.forward(target.host, target.port)
  try {
    return await Promise.race([channel, late])
  } catch (cause) {
    channel.then(
      stream => stream.destroy(),
      () => {},
    )
    if (signal?.aborted || cause instanceof UserError || !(cause instanceof Error)) throw cause
    const gone = bastion.gone()
    throw gone ? behind(target, name, gone) : notForwarded(target, name, cause)
  } finally {
    clearTimeout(limit)
    signal?.removeEventListener('abort', onAbort)
  }
}
