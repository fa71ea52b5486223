import { Bastions } from './bastions.ts'
import { connectLocal } from './local.ts'
import { connectOpenssh, OpensshFolder } from './openssh.ts'
import { connectSsh } from './ssh.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/** The ways to the machines of one run: what they share is opened when it is first needed, and closed at the end. */
export class Connector implements AsyncDisposable {
  readonly #options: ConnectOptions
  readonly #bastions: Bastions
  readonly #folder = new OpensshFolder()

  constructor(options: ConnectOptions) {
    this.#options = options
    this.#bastions = new Bastions(options)
  }

  /** Throws UserError, or the signal's reason once that is aborted. */
  readonly connect = (target: Target): Promise<Transport> => this.#connections[target.connection](target)

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bastions[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  readonly #connections = {
    ssh: target => connectSsh(target, this.#options, this.#bastions),
    openssh: target => connectOpenssh(target, this.#options, this.#folder),
    local: target => connectLocal(target, this.#options),
  } satisfies Record<Target['connection'], (target: Target) => Promise<Transport>>
}

/** One way that shares nothing. */
export async function connect(target: Target, options: ConnectOptions): Promise<Transport> {
  const connector = new Connector(options)
  try {
    const transport = await connector.connect(target)
    return {
      sh: (script, shOptions) => transport.sh(script, shOptions),
      async [Symbol.asyncDispose]() {
        await transport[Symbol.asyncDispose]()
        await connector[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await connector[Symbol.asyncDispose]()
    throw error
  }
}
