import type { Bastions } from './bastions.ts'
import { commandLine } from './become.ts'
import { CHANNELS, limited } from './channels.ts'
import { type Connection, openConnection } from './connection.ts'
import { type Machine, runScript } from './shell.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/** One SSH connection to a machine, with a channel for each script. */
export async function connectSsh(
  target: Target,
  options: ConnectOptions,
  bastions: Bastions,
): Promise<Transport> {
  return transport(target, await openConnection(target, options, () => bastions.wayTo(target)))
}

function transport(target: Target, connection: Connection): Transport {
  const inTurn = limited(CHANNELS)
  const machine: Machine = {
    name: target.name,
    login: target.user,
    start: argv => connection.start(commandLine(argv)),
  }
  return {
    sh: (script, options) => inTurn(() => runScript(machine, script, options)),
    [Symbol.asyncDispose]: () => connection.end(),
  }
}
