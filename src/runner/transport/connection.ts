import type { Duplex } from 'node:stream'
import type { Client, ClientChannel } from 'ssh2'
import type { UserError } from '../../errors.ts'
import { prepareHostKeyCheck } from './host_key.ts'
import { findKeys } from './keys.ts'
import { isFatal, type Login, logIn } from './login.ts'
import type { StartedShell } from './shell.ts'
import { disposed, lost, refused } from './ssh_errors.ts'
import type { ConnectOptions, Target } from './transport.ts'

/** Host key checked and logged in, directly or by way of another machine. Throws UserError. */
export async function openConnection(
  target: Target,
  options: ConnectOptions,
  findWay: () => Promise<Way | undefined>,
): Promise<Connection> {
  options.signal?.throwIfAborted()
  const hostKey = await prepareHostKeyCheck(target, options)
  const keys = await findKeys(target, options.passphrase)
  const way = await findWay()
  const login = await logIn(target, keys, hostKey, { signal: options.signal, way: way?.stream }).catch(
    error => {
      throw way?.gone(target) ?? error
    },
  )
  const connection = hold(target, login, way)
  try {
    await hostKey.remember()
  } catch (error) {
    await connection.end()
    throw error
  }
  return connection
}

/** A channel to the target of a connection to another machine. */
export interface Way {
  readonly stream: Duplex
  /** What the other machine's end means for the target. */
  gone(target: Target): UserError | undefined
}

export interface Connection {
  /** Throws UserError. */
  start(line: string): Promise<StartedShell>
  /** A channel to another machine; sshd's MaxSessions does not count it. Rejects with ssh2's error. */
  forward(host: string, port: number): Promise<Duplex>
  /** Why it is gone; undefined while it is there. */
  gone(): UserError | undefined
  /** Settles once it is gone. */
  readonly closed: Promise<void>
  /** Also where the other side is gone, without a word. */
  end(): Promise<void>
}

/** Milliseconds for the goodbye; a machine that reboots does not answer it. */
const GOODBYE_LIMIT = 1000

/** Keeps the first reason why the connection is gone, for every script that is under way or comes later. */
function hold(target: Target, { client, socket }: Login, way: Way | undefined): Connection {
  let gone: UserError | undefined
  client.on('error', error => {
    if (!isFatal(error)) return
    gone ??= way?.gone(target) ?? lost(target, error)
    socket.destroy()
  })
  const closed = new Promise<void>(resolve => {
    client.on('close', () => {
      gone ??= way?.gone(target) ?? lost(target, new Error('the machine closed the connection'))
      resolve()
    })
  })
  return {
    async start(line) {
      if (gone) throw gone
      return exec(client, line, () => gone).catch(cause => Promise.reject(gone ?? refused(target, cause)))
    },
    forward: (host, port) =>
      new Promise((resolve, reject) => {
        // The origin is for the other side's log only (RFC 4254, 7.2).
        client.forwardOut('127.0.0.1', 0, host, port, (error, channel) =>
          error ? reject(error) : resolve(channel),
        )
      }),
    gone: () => gone,
    closed,
    async end() {
      gone ??= disposed(target)
      await sayGoodbye(client, socket, closed)
    },
  }
}

async function sayGoodbye(client: Client, socket: Duplex, closed: Promise<void>): Promise<void> {
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
