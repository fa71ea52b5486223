import { connectLocal } from './local.ts'
import { connectSsh } from './ssh.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/** Opens the way to a machine. Throws UserError, or the signal's reason once that is aborted. */
export const connect = (target: Target, options: ConnectOptions): Promise<Transport> =>
  connections[target.connection](target, options)

const connections = { ssh: connectSsh, local: connectLocal } satisfies Record<
  Target['connection'],
  (target: Target, options: ConnectOptions) => Promise<Transport>
>
