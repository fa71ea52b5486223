import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { vi } from 'vitest'
import { untilListening } from './listening.ts'

const SSHD = ['/usr/sbin/sshd', '/usr/bin/sshd'].find(existsSync)
const AGENT = ['/usr/bin/ssh-agent'].find(existsSync)
const isRoot = userInfo().uid === 0
const hasNoLogin = /nologin|false$/.test(userInfo().shell ?? '')

/** Why the real sshd cannot be tested here. */
export const noSshd =
  SSHD === undefined ? 'sshd is not installed' : hasNoLogin && `${userInfo().username} may not log in`
export const noAgent = AGENT === undefined && 'ssh-agent is not installed'
export const skipped = (missing: string | false | undefined) => (missing ? ` (skipped: ${missing})` : '')

/** As the user who runs the tests, on a free port, with nothing outside `folder`. */
export async function startSshd(folder: string, path: string, more: readonly string[] = []) {
  const port = await freePort()
  for (const type of ['rsa', 'ed25519'])
    await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(folder, `host_${type}`)])
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host_ed25519`,
    `HostKey ${folder}/host_rsa`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'PermitRootLogin yes',
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
    `SetEnv PATH=${path}:${process.env.PATH} FAKE_SUDO=by_user FAKE_PASSWORD="correct horse"`,
    ...more,
  ]
  await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
  // Started as root, sshd insists on this folder; Debian makes it when its own sshd starts.
  if (isRoot) mkdirSync('/run/sshd', { mode: 0o755, recursive: true })
  const child = spawn(SSHD ?? '', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.on('exit', () => resolve()))
  const log = await untilListening(child)
  return {
    port,
    pid: child.pid,
    log,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

export async function startAgent(socket: string) {
  const child = spawn(AGENT ?? '', ['-D', '-a', socket], { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  await vi.waitUntil(() => existsSync(socket))
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
