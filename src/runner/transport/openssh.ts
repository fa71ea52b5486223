import { createWriteStream, existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Argv } from '../../host/change.ts'
import { commandLine } from './become.ts'
import { CHANNELS, limited } from './channels.ts'
import { explainOpenssh, isDenied, noSsh } from './openssh_errors.ts'
import { type Machine, runScript, type StartedShell } from './shell.ts'
import { disposed, lost } from './ssh_errors.ts'
import type { ConnectOptions, OpensshCall, Target, Transport } from './transport.ts'

/**
 * The system's ssh, for what ssh2 cannot do: security keys, certificates of hosts and users, GSSAPI, any ProxyCommand.
 * One master connection (ControlMaster of ssh_config(5)) for all scripts of a machine.
 */
export async function connectOpenssh(
  target: Target,
  options: ConnectOptions,
  folder: OpensshFolder,
): Promise<Transport> {
  options.signal?.throwIfAborted()
  const socket = await folder.newSocket()
  const call: Call = { ...(target.openssh ?? callOf(target)), socket }
  try {
    await startMaster(target, call, options, folder)
  } catch (error) {
    // The user's Ctrl-C may come when it is already there, in the background.
    if (existsSync(socket)) await tellMaster(call, 'exit')
    throw error
  }
  let isDisposed = false
  const inTurn = limited(CHANNELS)
  const machine: Machine = {
    name: target.name,
    login: target.user,
    async start(argv) {
      if (isDisposed) throw disposed(target)
      // Without its master ssh would connect anew in silence, maybe to a machine that has rebooted.
      if (!existsSync(socket)) throw gone(target)
      return startSession(target, call, argv)
    },
  }
  return {
    sh: (script, shOptions) => inTurn(() => runScript(machine, script, shOptions)),
    async [Symbol.asyncDispose]() {
      isDisposed = true
      await tellMaster(call, 'exit')
    },
  }
}

/** Where the masters of a run listen; only its user can enter. */
export class OpensshFolder implements AsyncDisposable {
  #folder: Promise<string> | undefined
  #sockets = 0
  /** At the terminal one question is asked at a time. */
  readonly oneAtATime = limited(1)

  /** Short: a socket's path has some hundred bytes at most (unix(7)). */
  async newSocket(): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'vfio-run-'))
    return join(await this.#folder, `${++this.#sockets}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const folder = await this.#folder
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

interface Call extends OpensshCall {
  readonly socket: string
}

/** Of a target that nobody has made for it. */
const callOf = ({ host, port, user, privateKeyFile }: Target): OpensshCall => ({
  destination: host,
  options: [
    ...['-o', `Port=${port}`, '-o', `User=${user}`],
    ...(privateKeyFile === undefined ? [] : ['-o', `IdentityFile="${privateKeyFile}"`]),
  ],
})

/** Seconds that a master whose run was killed lives on. */
const MASTER_LIFE = 43_200

/** Seconds beside ConnectTimeout: for a touch of a security key, or a command of ssh_config. */
const GRACE = 60

async function startMaster(
  target: Target,
  call: Call,
  options: ConnectOptions,
  folder: OpensshFolder,
): Promise<void> {
  const silent = await runMaster(target, call, options, true)
  const { whileAsking } = options
  const heard =
    isDenied(silent.stderr) && whileAsking
      ? await folder.oneAtATime(() => whileAsking(() => runMaster(target, call, options, false)))
      : silent
  options.signal?.throwIfAborted()
  if (heard.exitCode === 0) return
  if (heard.code === 'ENOENT') throw noSsh(target, heard)
  throw explainOpenssh(target, call.destination, heard.stderr, heard.timedOut)
}

async function runMaster(target: Target, call: Call, options: ConnectOptions, isBatch: boolean) {
  const { signal } = options
  const args = [
    ...['-f', '-N', '-o', 'ControlMaster=yes', '-o', `ControlPersist=${MASTER_LIFE}`],
    ...['-o', `BatchMode=${isBatch ? 'yes' : 'no'}`],
    ...forced(target, options),
    ...commonArgs(call),
  ]
  // A file, as a ProxyCommand that lives on would keep a pipe open.
  const words = `${call.socket}.log`
  await using file = await open(words, 'w', 0o600)
  const { exitCode, code, timedOut } = await execa('ssh', args, {
    stdin: isBatch ? 'ignore' : 'inherit',
    stdout: 'ignore',
    stderr: createWriteStream(words, { fd: file.fd, autoClose: false }),
    reject: false,
    // Ctrl-C at the terminal is for the runner; where ssh asks, it must have the terminal.
    detached: isBatch,
    timeout: isBatch ? (target.connectTimeout + GRACE) * 1000 : 0,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  return { exitCode, code, timedOut, stderr: await readFile(words, 'utf8') }
}

/** What stands before all configuration: the first value wins. */
const forced = (target: Target, options: ConnectOptions): readonly string[] => {
  const { connectTimeout, ssh } = target
  const acceptsNew = options.acceptNewHostKeys || ssh?.acceptNewHostKeys
  const files = options.knownHostsByDefault ? [] : options.knownHostsFiles.map(file => `"${file}"`)
  return [
    ...['-o', `StrictHostKeyChecking=${acceptsNew ? 'accept-new' : 'yes'}`],
    ...['-o', `ConnectTimeout=${Math.ceil(connectTimeout)}`],
    ...['-o', `ServerAliveInterval=${ssh?.keepAlive?.seconds ?? 15}`],
    ...['-o', `ServerAliveCountMax=${ssh?.keepAlive?.count ?? 3}`],
    ...(files.length === 0 ? [] : ['-o', `UserKnownHostsFile=${files.join(' ')}`]),
  ]
}

const commonArgs = ({ socket, destination, options }: Call): readonly string[] => [
  ...['-T', '-o', `ControlPath=${socket.replaceAll('%', '%%')}`],
  // What a configuration may ask for besides would run beside the script, or instead of it.
  ...['-o', 'RemoteCommand=none', '-o', 'ClearAllForwardings=yes', '-o', 'LogLevel=ERROR'],
  ...options,
  ...['--', destination],
]

function startSession(target: Target, call: Call, argv: Argv): StartedShell {
  const args = [...OVER_MASTER_ONLY, ...commonArgs(call), commandLine(argv)]
  const child = execa('ssh', args, { stdin: 'pipe', buffer: false, reject: false, detached: true })
  const ended = child.then(async ({ exitCode }) => {
    // 255 is ssh's own word for a loss, and what a script may end with.
    if (exitCode === 255 && !(await tellMaster(call, 'check'))) throw gone(target)
    return exitCode
  })
  ended.catch(() => {})
  const kill = () => {
    child.kill('SIGTERM')
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  }
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, kill }
}

/**
 * Where nobody listens at the socket any more ssh connects anew, with what the configuration says of host keys
 * (ControlPath of ssh_config(5)): this way leads nowhere.
 */
const OVER_MASTER_ONLY = ['-o', 'ControlMaster=no', '-o', 'ProxyCommand=false', '-o', 'BatchMode=yes']

const gone = (target: Target) => lost(target, new Error('the machine closed the connection'))

/** Milliseconds; it is on this machine. */
const MASTER_LIMIT = 5000

/** Whether there is one that answers. */
async function tellMaster(call: Call, word: 'check' | 'exit'): Promise<boolean> {
  const { exitCode } = await execa('ssh', ['-O', word, ...commonArgs(call)], {
    stdio: 'ignore',
    reject: false,
    timeout: MASTER_LIMIT,
  })
  return exitCode === 0
}
