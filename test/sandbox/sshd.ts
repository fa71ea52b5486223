import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { newKeyPair } from './keys.ts'
import { endWithChildren } from './leftovers.ts'
import type { Sandbox } from './machine.ts'
import type { Counters, SandboxServer, ServeOptions } from './ssh_server.ts'

const SSHD = ['/usr/sbin/sshd', '/usr/bin/sshd'].find(existsSync)

/** Why OpenSSH's sshd cannot be started here; undefined where it can. */
export const noSshd: string | undefined =
  SSHD === undefined
    ? 'sshd is not installed'
    : /nologin|false$/.test(userInfo().shell ?? '')
      ? `${userInfo().username} may not log in`
      : undefined

/**
 * A sandbox behind OpenSSH's own sshd, on loopback: whoever runs the tests logs in, and each command runs in the
 * sandbox's folder and environment, after what PROFILE says. While the machine reboots, nobody listens.
 */
export async function serveBySshd(sandbox: Sandbox, options: ServeOptions): Promise<Sshd> {
  sandbox.write('/.sandbox/user', `${options.user}\n`)
  sandbox.write('/.sandbox/sudo', `${options.sudo === 'root' ? 'nopasswd' : options.sudo}\n`)
  sandbox.write('/.sandbox/sudo-password', `${options.password ?? ''}\n`)
  const server = new Sshd(sandbox, options, await freePort())
  await server.up()
  return server
}

/** A file of the sandbox that a test may write: what the login shell reads first, as bash reads ~/.bashrc. */
export const PROFILE = '/.sandbox/profile'

export class Sshd implements SandboxServer {
  readonly port: number
  readonly hostKeyPublic: string
  readonly counters: Counters = { connections: 0, execs: [], bytesIn: 0, bytesOut: 0 }
  readonly #folder = mkdtempSync(join(tmpdir(), 'vfio-run-sshd-'))
  readonly #ignoreReboots: () => void
  #child: ChildProcess | undefined

  constructor(sandbox: Sandbox, options: ServeOptions, port: number) {
    this.port = port
    const key = newKeyPair()
    this.hostKeyPublic = key.public.split(' ').slice(0, 2).join(' ')
    writeFileSync(join(this.#folder, 'host_key'), options.hostKey ?? key.private, { mode: 0o600 })
    writeFileSync(join(this.#folder, 'authorized_keys'), `${options.authorizedKey}\n`)
    writeFileSync(join(this.#folder, 'sshd_config'), configOf(this.#folder, port, sandbox, options))
    this.#ignoreReboots = sandbox.onReboot(this)
  }

  async up(): Promise<void> {
    // Started as root, sshd insists on this folder; Debian makes it when its own sshd starts.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { mode: 0o755, recursive: true })
    const child = spawn(SSHD ?? '', ['-D', '-e', '-f', join(this.#folder, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (piece: Buffer) => {
        log = this.#count(log + String(piece), resolve)
      })
      child.on('exit', () => reject(new Error(`sshd ended: ${log}`)))
    })
  }

  /** @returns the line that is not whole yet. */
  #count(log: string, onListening: () => void): string {
    const lines = log.split(/\r?\n/)
    for (const line of lines.slice(0, -1)) {
      if (line.startsWith('Server listening')) onListening()
      if (line.startsWith('Accepted publickey ')) this.counters.connections++
      if (line.startsWith('Starting session: ')) this.counters.execs.push(line)
    }
    return lines.at(-1) ?? ''
  }

  /** With all its sessions, as a machine that goes down. */
  async down(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    endWithChildren(child.pid)
    await ended
  }

  /** From its next start on, as after an installation: a host key that nobody knows. */
  changeHostKey(): void {
    writeFileSync(join(this.#folder, 'host_key'), newKeyPair().private, { mode: 0o600 })
  }

  cutAfter(): void {
    throw new Error('only the sandbox’s own server counts bytes')
  }

  async stop(): Promise<void> {
    this.#ignoreReboots()
    await this.down()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

function configOf(folder: string, port: number, sandbox: Sandbox, { user, sudo }: ServeOptions): string {
  const { root, path, machine } = sandbox
  const { gateway, address } = machine.network
  const environment = {
    PATH: path,
    VFIO_RUN_ROOT: root,
    VFIO_RUN_PATH: path,
    SANDBOX_UID: sudo === 'root' || user === 'root' ? '0' : '1000',
  }
  const settings = Object.entries(environment).map(([name, value]) => `"${name}=${value}"`)
  return `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PermitRootLogin yes
UsePAM no
StrictModes no
PidFile none
LogLevel VERBOSE
SetEnv ${settings.join(' ')}
ForceCommand cd '${root}' && if [ -e .${PROFILE} ]; then . .${PROFILE}; fi && export SSH_CONNECTION='${gateway} 50022 ${address} 22' && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  await new Promise(resolve => server.close(resolve))
  return port
}
