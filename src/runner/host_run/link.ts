import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import type { Identity, ShResult, Target, Transport } from '../transport/transport.ts'

export interface LinkOptions {
  readonly connect: (target: Target) => Promise<Transport>
  /** Aborted by the second Ctrl-C: connections are given up. */
  readonly signal: AbortSignal
}

/** The way to one host over one run: connects when it is first needed, and anew after a loss; counts what is used. */
export class Link implements AsyncDisposable {
  readonly target: Target
  readonly counts = { connections: 0, execs: 0 }
  readonly #options: LinkOptions
  #transport: Promise<Transport> | undefined

  constructor(target: Target, options: LinkOptions) {
    this.target = target
    this.#options = options
  }

  /** One exec. Throws UserError, or the signal's reason; `signal`: a limit of the exec's own. */
  async sh(
    script: string,
    identity: Identity,
    onStdout?: (piece: Buffer) => void,
    signal?: AbortSignal,
  ): Promise<ShResult> {
    const transport = await this.#connected()
    this.counts.execs++
    return await transport.sh(script, {
      identity,
      signal: signal === undefined ? this.#options.signal : AbortSignal.any([this.#options.signal, signal]),
      ...(onStdout === undefined ? {} : { onStdout }),
    })
  }

  /**
   * The same for the trigger and the polls of a reboot, which are counted apart, in a limited number of seconds: a
   * machine that is going down may take a connection, or a command, and never answer. Drop the connection then.
   */
  async poll(
    script: string,
    identity: Identity,
    { connect = this.target.connectTimeout, whole }: { connect?: number; whole: number },
  ): Promise<ShResult> {
    const late = AbortSignal.timeout(Math.ceil(whole * 1000))
    const signal = AbortSignal.any([this.#options.signal, late])
    const ask = async () => {
      const { connections } = this.counts
      const transport = await this.#connected(Math.min(connect, whole))
      this.counts.connections = connections
      return await transport.sh(script, { identity, signal })
    }
    try {
      // A channel that is never opened heeds no signal.
      return await Promise.race([whenAborted(signal), ask()])
    } catch (error) {
      throw error === late.reason ? this.#silent(whole) : error
    }
  }

  /** The connection that a poll has opened is from now on the one that is used. */
  adopt(): void {
    this.counts.connections++
  }

  /** The next exec connects anew. */
  async drop(): Promise<void> {
    const transport = this.#transport
    this.#transport = undefined
    await transport?.then(open => open[Symbol.asyncDispose]()).catch(() => undefined)
  }

  /** Throws the signal's reason. */
  async pause(seconds: number): Promise<void> {
    const { signal } = this.#options
    await wait(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  get isAbandoned(): boolean {
    return this.#options.signal.aborted
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop()
  }

  #silent(seconds: number): UserError {
    const why = `it did not answer within ${Math.round(seconds)} s`
    return new UserError({ kind: 'unreachable', where: this.target.name, why })
  }

  #connected(timeout = this.target.connectTimeout): Promise<Transport> {
    this.#transport ??= this.#connect({ ...this.target, connectTimeout: timeout })
    return this.#transport
  }

  async #connect(target: Target): Promise<Transport> {
    try {
      const transport = await this.#options.connect(target)
      this.counts.connections++
      return transport
    } catch (error) {
      this.#transport = undefined
      throw error
    }
  }
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
