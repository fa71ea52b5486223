import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa, execaSync } from 'execa'
import { newKeyPair } from '../../sandbox/keys.ts'
import { untilListening } from './listening.ts'

/** Why there can be no accounts of a test's own; undefined where there can. */
export function noAccounts(...programs: readonly string[]): string | undefined {
  if (userInfo().uid !== 0) return 'needs root'
  const needed = ['/usr/sbin/sshd', '/usr/bin/unshare', '/usr/bin/openssl', ...programs]
  const missing = needed.find(path => !existsSync(path))
  if (missing) return `${missing} is not there`
  return execaSync('/usr/bin/unshare', ['--mount', 'true'], { reject: false }).failed
    ? 'a container without mount namespaces'
    : undefined
}

export const LOGIN = 'vfio-run-login'
export const OTHER = 'vfio-run-other'
/** The login's and the other's. */
export const PASSWORDS = { [LOGIN]: 'Tr0ub4dor &3', [OTHER]: 'correct horse' }

const FIRST_ID = 64_242

export interface Accounts extends AsyncDisposable {
  readonly folder: string
  readonly port: number
  readonly keyFile: string
  readonly knownHosts: string
  /** Of the users. */
  readonly home: string
  /** What the other processes do not see: /var/lib. */
  readonly varLib: string
  /** How many clients have come so far, logged in or not. */
  connections(): number
}

/**
 * OpenSSH's sshd with two users that no other process sees: it runs in a mount namespace of its own, where /etc and
 * /var/lib are a test's: accounts, the rules of sudo and doas, our journal.
 */
export async function startAccounts(rules: {
  readonly sudoers?: string
  readonly doas?: string
}): Promise<Accounts> {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-accounts-'))
  chmodSync(folder, 0o755)
  const at = (name: string) => join(folder, name)
  const [user, host] = [newKeyPair(), newKeyPair()]
  const port = await freePort()
  writeFileSync(at('user_key'), user.private, { mode: 0o600 })
  writeFileSync(at('host_key'), host.private, { mode: 0o600 })
  writeFileSync(at('authorized_keys'), `${user.public}\n`)
  writeFileSync(at('known_hosts'), `[127.0.0.1]:${port} ${host.public}\n`)
  await execa('cp', ['-a', '/etc', folder])
  writeFileSync(at('etc/sudoers'), `Defaults timestamp_timeout=0\n${rules.sudoers ?? ''}\n`, { mode: 0o440 })
  writeFileSync(at('etc/doas.conf'), `${rules.doas ?? ''}\n`, { mode: 0o644 })
  for (const name of ['home', 'lib']) mkdirSync(at(name), { mode: 0o755 })
  chownSync(at('home'), FIRST_ID, FIRST_ID)
  for (const [n, name] of ([LOGIN, OTHER] as const).entries()) await addUser(folder, name, FIRST_ID + n)
  writeFileSync(at('sshd_config'), sshdConfig(folder, port))
  const child = spawn('/usr/bin/unshare', ['--mount', 'sh', '-c', NAMESPACE, 'sh', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.on('close', () => resolve()))
  const log = await untilListening(child)
  return {
    ...{ folder, port },
    home: at('home'),
    varLib: at('lib'),
    connections: () => log().match(/Connection from/g)?.length ?? 0,
    keyFile: at('user_key'),
    knownHosts: at('known_hosts'),
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** sshd insists on /run/sshd, and sudo keeps its tickets below /run. */
const NAMESPACE = `
set -e
mount -t tmpfs none /run
mkdir -m 755 /run/sshd
mount --bind "$1/etc" /etc
mount --bind "$1/lib" /var/lib
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"`

async function addUser(folder: string, name: keyof typeof PASSWORDS, id: number): Promise<void> {
  const { stdout } = await execa('openssl', ['passwd', '-6', '-stdin'], { input: PASSWORDS[name] })
  const append = (file: string, line: string) =>
    writeFileSync(join(folder, 'etc', file), `${line}\n`, { flag: 'a' })
  append('passwd', `${name}:x:${id}:${id}::${join(folder, 'home')}:/bin/sh`)
  append('group', `${name}:x:${id}:`)
  append('shadow', `${name}:${stdout}:19000:0:99999:7:::`)
}

const sshdConfig = (folder: string, port: number): string =>
  `${[
    `Port ${port}`,
    'LogLevel VERBOSE',
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    'UsePAM no',
    'StrictModes no',
    'PidFile none',
  ].join('\n')}\n`

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
