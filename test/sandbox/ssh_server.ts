import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2'
import { newKeyPair } from './keys.ts'
import type { Sandbox } from './machine.ts'
import { type Cut, Meter } from './meter.ts'

const { Server, utils } = ssh2

export interface ServeOptions {
  readonly user: string
  /** A line of authorized_keys. */
  readonly authorizedKey: string
  /** How sudo is set up for the user; `root`: the login is root's. */
  readonly sudo: 'nopasswd' | 'password' | 'denied' | 'root'
  readonly password?: string
  /** Private key in OpenSSH's format; made up if not given. */
  readonly hostKey?: string
}

export interface SandboxServer extends AsyncDisposable {
  readonly port: number
  /** As known_hosts has it behind the host's name: `ssh-ed25519 AAAA…`. */
  readonly hostKeyPublic: string
  readonly counters: Counters
  /** From now on, the connection that carries the byte after the limit is lost, once. */
  cutAfter(cut: Cut): void
  stop(): Promise<void>
}

/** What the clients made of the server so far. */
export interface Counters {
  connections: number
  /** Command lines of the exec requests, in order. */
  readonly execs: string[]
  /** Bytes from and to the clients, as they are on the wire. */
  bytesIn: number
  bytesOut: number
}

/**
 * sshd for a sandbox, on loopback: public keys only, exec only. A command runs under the real /bin/sh, in the
 * sandbox's folder and an environment of its own, and outlives a lost connection as it does under sshd without a
 * terminal. While the machine reboots, nobody listens.
 */
export async function serveSandbox(sandbox: Sandbox, options: ServeOptions): Promise<SandboxServer> {
  configureSudo(sandbox, options)
  const server = new LoopbackServer(sandbox, options)
  await server.up()
  return server
}

function configureSudo(sandbox: Sandbox, { user, sudo, password }: ServeOptions): void {
  sandbox.write('/.sandbox/user', `${user}\n`)
  sandbox.write('/.sandbox/sudo', `${sudo === 'root' ? 'nopasswd' : sudo}\n`)
  sandbox.write('/.sandbox/sudo-password', `${password ?? ''}\n`)
}

/** Milliseconds that commands get to end by themselves when the machine goes down, as systemd's stop jobs would give. */
const GRACE = 500

class LoopbackServer implements SandboxServer {
  port = 0
  readonly hostKeyPublic: string
  readonly counters: Counters = { connections: 0, execs: [], bytesIn: 0, bytesOut: 0 }
  readonly #sandbox: Sandbox
  readonly #options: ServeOptions
  readonly #authorizedKey: ParsedKey
  readonly #ssh: InstanceType<typeof Server>
  readonly #meter = new Meter(this.counters)
  /** The clients' sockets, and the side that the SSH protocol writes to. */
  readonly #links = new Map<Socket, Duplex>()
  readonly #children = new Set<ChildProcess>()
  #listener: NetServer | undefined
  readonly #ignoreReboots: () => void

  constructor(sandbox: Sandbox, options: ServeOptions) {
    this.#sandbox = sandbox
    this.#options = options
    this.#authorizedKey = parseKey(options.authorizedKey)
    const hostKey = options.hostKey ?? newKeyPair().private
    const parsed = parseKey(hostKey)
    this.hostKeyPublic = `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`
    this.#ssh = new Server({ hostKeys: [hostKey] }, connection => this.#serve(connection))
    this.#ignoreReboots = sandbox.onReboot(this)
  }

  async up(): Promise<void> {
    const listener = createServer(socket => this.#accept(socket))
    listener.listen(this.port, '127.0.0.1')
    await once(listener, 'listening')
    this.#listener = listener
    const address = listener.address()
    if (address !== null && typeof address === 'object') this.port = address.port
  }

  async down(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    listener?.close()
    await this.#commandsEnd()
    await this.#connectionsEnd()
  }

  cutAfter(cut: Cut): void {
    this.#meter.arm(cut)
  }

  async stop(): Promise<void> {
    this.#ignoreReboots()
    this.#children.forEach(end)
    await this.down()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Between the socket and the SSH protocol stands the meter, so that a cut can fall on any byte. */
  #accept(socket: Socket): void {
    this.counters.connections++
    // As sshd does: small packets do not wait for each other's acknowledgement.
    socket.setNoDelay(true)
    const [wire, protocol] = duplexPair()
    this.#links.set(socket, protocol)
    socket.on('close', () => this.#links.delete(socket))
    // A client that goes away without a word.
    socket.on('error', () => {})
    const lose = () => {
      socket.destroySoon()
      wire.destroy()
      protocol.destroy()
    }
    socket.pipe(this.#meter.in(lose)).pipe(wire).pipe(this.#meter.out(lose)).pipe(socket)
    socket.on('close', lose)
    this.#ssh.injectSocket(protocol as Socket)
  }

  #serve(connection: Connection): void {
    connection.on('error', () => {})
    connection.on('authentication', context => this.#authenticate(context))
    connection.on('session', accept => {
      const session = accept()
      session.on('exec', (acceptExec, _reject, { command }) => this.#execute(acceptExec(), command))
    })
  }

  #authenticate(context: AuthContext): void {
    if (context.username !== this.#options.user || context.method !== 'publickey') {
      context.reject(['publickey'])
      return
    }
    const isAuthorized = context.key.data.equals(this.#authorizedKey.getPublicSSH())
    // Without a signature the client only asks whether the key would do.
    const isSigned =
      context.blob === undefined ||
      context.signature === undefined ||
      this.#authorizedKey.verify(context.blob, context.signature, context.hashAlgo) === true
    if (isAuthorized && isSigned) context.accept()
    else context.reject(['publickey'])
  }

  #execute(channel: ServerChannel, command: string): void {
    this.counters.execs.push(command)
    this.#meter.onExec()
    const child = spawn('/bin/sh', ['-c', command], {
      cwd: this.#sandbox.root,
      env: this.#environment(),
      // A group of its own, as each session of sshd has.
      detached: true,
    })
    this.#children.add(child)
    child.on('close', (code, signal) => {
      this.#children.delete(child)
      if (signal !== null) channel.exit(signal.replace(/^SIG/, ''), false, '')
      else channel.exit(code ?? 255)
      channel.end()
    })
    connectStreams(channel, child)
  }

  #environment(): Record<string, string> {
    const { root, path, machine } = this.#sandbox
    const { user, sudo } = this.#options
    const { gateway, address } = machine.network
    return {
      HOME: user === 'root' ? '/root' : `/home/${user}`,
      USER: user,
      LANG: 'C.UTF-8',
      PATH: path,
      // As if the client had come by way of the machine's network card.
      SSH_CONNECTION: `${gateway} 50022 ${address} 22`,
      VFIO_RUN_ROOT: root,
      VFIO_RUN_PATH: path,
      SANDBOX_UID: sudo === 'root' ? '0' : '1000',
    }
  }

  async #commandsEnd(): Promise<void> {
    const running = [...this.#children]
    const ended = Promise.all(running.map(child => once(child, 'close')))
    const limit = setTimeout(() => running.forEach(end), GRACE)
    await ended
    clearTimeout(limit)
  }

  /** What has been written still arrives, then the connection is closed, without SSH's goodbye. */
  async #connectionsEnd(): Promise<void> {
    const links = [...this.#links]
    const ended = Promise.all(links.map(([socket]) => once(socket, 'close')))
    const limit = setTimeout(() => {
      for (const [socket] of links) socket.destroy()
    }, GRACE)
    for (const [, protocol] of links) protocol.end()
    await ended
    clearTimeout(limit)
  }
}

function parseKey(text: string): ParsedKey {
  const key = utils.parseKey(text)
  if (key instanceof Error) throw key
  return key
}

function connectStreams(channel: ServerChannel, child: ReturnType<typeof spawn>): void {
  if (child.stdin === null || child.stdout === null || child.stderr === null) return
  const { stdin, stdout, stderr } = child
  channel.pipe(stdin)
  stdout.pipe(channel, { end: false })
  stderr.pipe(channel.stderr, { end: false })
  // A command may end without having read its input.
  stdin.on('error', () => {})
  channel.on('error', () => {})
  // The client is gone: the pipes are closed, and who writes into them learns it; nobody is killed.
  channel.on('close', () => {
    for (const pipe of [stdin, stdout, stderr]) pipe.destroy()
  })
}

/** Its pipes too: what it started in another session may hold them open, and `close` would never come. */
function end(child: ChildProcess): void {
  for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy()
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
