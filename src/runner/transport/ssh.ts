import type { Socket } from 'node:net'
import type { Client, ClientChannel } from 'ssh2'
import type { UserError } from '../../errors.ts'
import { commandLine } from './become.ts'
import { prepareHostKeyCheck } from './host_key.ts'
import { findKeys } from './keys.ts'
import { isFatal, type Login, logIn } from './login.ts'
import { type Machine, runScript, type StartedShell } from './shell.ts'
import { disposed, lost, refused } from './ssh_errors.ts'
import type { ConnectOptions, Target, Transport } from './transport.ts'

/** One SSH connection to a machine, with a channel for each script. */
export async function connectSsh(target: Target, options: ConnectOptions): Promise<Transport> {
  options.signal?.throwIfAborted()
  const hostKey = await prepareHostKeyCheck(target, options)
  const keys = await findKeys(target, options.passphrase)
  const connection = hold(target, await logIn(target, keys, hostKey, options.signal))
  try {
    await hostKey.remember()
  } catch (error) {
    await connection.end()
    throw error
  }
  return transport(target, connection)
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

/** sshd's MaxSessions is 10 by default, and a closed channel counts until both sides have said so. */
const CHANNELS = 4

function limited(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = places
  return async work => {
    if (free > 0) free--
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

interface Connection {
  /** Throws UserError. */
  start(line: string): Promise<StartedShell>
  /** Also where the other side is gone, without a word. */
  end(): Promise<void>
}

/** Milliseconds for the goodbye; a machine that reboots does not answer it. */
const GOODBYE_LIMIT = 1000

/** Keeps the first reason why the connection is gone, for every script that is under way or comes later. */
function hold(target: Target, { client, socket }: Login): Connection {
  let gone: UserError | undefined
  client.on('error', error => {
    if (!isFatal(error)) return
    gone ??= lost(target, error)
    socket.destroy()
  })
  const closed = new Promise<void>(resolve => {
    client.on('close', () => {
      gone ??= lost(target, new Error('the machine closed the connection'))
      resolve()
    })
  })
  return {
    async start(line) {
      if (gone) throw gone
      return exec(client, line, () => gone).catch(cause => Promise.reject(gone ?? refused(target, cause)))
    },
    async end() {
      gone ??= disposed(target)
      await sayGoodbye(client, socket, closed)
    },
  }
}

async function sayGoodbye(client: Client, socket: Socket, closed: Promise<void>): Promise<void> {
  const limit = setTimeout(() => socket.destroy(), GOODBYE_LIMIT)
  client.end()
  await closed
  clearTimeout(limit)
}

const exec = (client: Client, line: string, gone: () => UserError | undefined): Promise<StartedShell> =>
  new Promise((resolve, reject) => {
    client.exec(line, (error, channel) => (error ? reject(error) : resolve(overChannel(channel, gone))))
  })

function overChannel(channel: ClientChannel, gone: () => UserError | undefined): StartedShell {
  let exitCode: number | undefined
  channel.on('exit', (code: number | null) => {
    exitCode = code ?? undefined
  })
  for (const stream of [channel, channel.stderr]) stream.on('error', () => {})
  const closed = new Promise<void>(resolve => channel.on('close', resolve))
  const stderrRead = new Promise<void>(resolve => channel.stderr.on('end', resolve))
  const ended = Promise.all([closed, stderrRead]).then(() => {
    const reason = gone()
    // Also with an exit code: sshd may send it before the last of the output.
    if (reason) throw reason
    return exitCode
  })
  // Nobody listens any more once a script was given up.
  ended.catch(() => {})
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, kill: () => channel.close() }
}
