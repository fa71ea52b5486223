import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect as openSocket, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { connect } from '../../../src/runner/transport/connect.ts'
import { HostKeyRefusal } from '../../../src/runner/transport/host_key.ts'
import type { ConnectOptions, Identity, Target } from '../../../src/runner/transport/transport.ts'
import { newKeyPair } from '../../sandbox/keys.ts'
import { fakeSudo } from './fake_sudo.ts'
import { startCutter, startSshServer, startTcpServer } from './ssh_server.ts'

const { generateKeyPairSync } = ssh2.utils
const hostKey = newKeyPair()
const otherHostKey = newKeyPair()
const rsaHostKey = generateKeyPairSync('rsa', { bits: 2048 })
const userKey = newKeyPair()

let folder = ''
let knownHosts = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vfio-run-ssh-'))
  knownHosts = join(folder, 'known_hosts')
  await mkdir(join(folder, '.ssh'))
  // No key and no agent of whoever runs the tests.
  vi.stubEnv('HOME', folder)
  vi.stubEnv('SSH_AUTH_SOCK', '')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const login: Identity = { become: undefined }
const root = (password: string | undefined): Identity => ({
  become: { method: 'sudo', user: 'root', password },
})

const target = (port: number, more: Partial<Target> = {}): Target => ({
  name: 'vm1',
  connection: 'ssh',
  host: '127.0.0.1',
  port,
  user: 'deploy',
  privateKeyFile: undefined,
  connectTimeout: 10,
  ...more,
})
const options = (more: Partial<ConnectOptions> = {}): ConnectOptions => ({
  knownHostsFiles: [knownHosts],
  acceptNewHostKeys: false,
  passphrase: undefined,
  ...more,
})
const trust = (port: number, key: { public: string }) =>
  writeFile(knownHosts, `[127.0.0.1]:${port} ${key.public}\n`)

/** A server whose key is known. */
async function machine(more: Partial<Parameters<typeof startSshServer>[0]> = {}) {
  const server = await startSshServer({ hostKeys: [hostKey.private], ...more })
  await trust(server.port, hostKey)
  return server
}

const failure = async (work: Promise<unknown>): Promise<UserError> => {
  const error = await work.then(
    () => undefined,
    reason => reason,
  )
  if (!(error instanceof UserError)) throw error ?? new Error('nothing failed')
  return error
}

describe('a script over SSH', () => {
  it('travels on stdin; exit code, stdout and stderr come back apart', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const script = 'main() { cat; echo out; echo err >&2; exit 3; }\nmain </dev/null\n'
    const result = await vm.sh(script, { identity: login })
    expect({ ...result, stdout: `${result.stdout}` }).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(server.seen).toMatchObject({ lines: ['sh -s'], stdin: script, connections: 1 })
  })

  it('bytes that are not UTF-8 come back as they are', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const { stdout } = await vm.sh("printf '\\377\\000\\200'", { identity: login })
    expect([...stdout]).toEqual([255, 0, 128])
  })

  it('may be megabytes, and print megabytes', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const script = `# ${'x'.repeat(5_000_000)}\nmain() { head -c 6000000 /dev/zero; echo end >&2; }\nmain </dev/null\n`
    const result = await vm.sh(script, { identity: login })
    expect([result.exitCode, result.stdout.length, result.stderr]).toEqual([0, 6_000_000, 'end\n'])
    expect(server.seen.stdin).toBe(script)
  })

  it('shows its output while it runs', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    await mkdir(join(folder, 'go'))
    const pieces: string[] = []
    // Only what was shown lets the script end.
    const result = await vm.sh(`echo first; while [ -d ${folder}/go ]; do sleep 0.05; done; echo last`, {
      identity: login,
      onStdout: piece => {
        pieces.push(`${piece}`)
        if (pieces.join('') === 'first\n') void rm(join(folder, 'go'), { recursive: true })
      },
    })
    expect(pieces.join('')).toBe('first\nlast\n')
    expect(`${result.stdout}`).toBe('first\nlast\n')
  })

  it('that a signal ended has no exit code', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    expect(await vm.sh('kill -KILL $PPID $$', { identity: login })).toMatchObject({ exitCode: undefined })
  })

  it('twenty at once share one connection', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => vm.sh(`echo ${index}`, { identity: login })),
    )
    expect(results.map(({ stdout }) => `${stdout}`.trim())).toEqual(
      Array.from({ length: 20 }, (_, index) => `${index}`),
    )
    expect(server.seen.connections).toBe(1)
  })

  it('is given up when its signal is aborted; the connection goes on', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const abort = new AbortController()
    const work = vm.sh('echo started; sleep 600', {
      identity: login,
      signal: abort.signal,
      onStdout: () => abort.abort(new Error('enough')),
    })
    await expect(work).rejects.toThrow('enough')
    expect(await vm.sh('echo more', { identity: login })).toMatchObject({ exitCode: 0 })
    await expect(vm.sh('echo no', { identity: login, signal: abort.signal })).rejects.toThrow('enough')
    expect(server.seen.lines.length).toBe(2)
  })
})

describe('a connection that is lost', () => {
  it('in the middle of a script is unreachable, with a cause, for that script and later ones', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port), options())
    const work = vm.sh('echo started; sleep 600', { identity: login, onStdout: () => server.cut() })
    expect(await failure(work)).toMatchObject({ kind: 'unreachable', where: 'vm1', cause: expect.any(Error) })
    expect(await failure(vm.sh('echo more', { identity: login }))).toMatchObject({ kind: 'unreachable' })
  })

  it('before sudo answers is unreachable', async () => {
    await using server = await machine({ deaf: true })
    await using vm = await connect(target(server.port), options())
    const work = vm.sh('echo', { identity: root('secret') })
    await vi.waitUntil(() => server.seen.lines.length === 1)
    server.cut()
    expect(await failure(work)).toMatchObject({ kind: 'unreachable' })
    expect(server.seen.stdin).toBe('')
  })

  it('is no matter to a caller who disposes, once or twice', async () => {
    await using server = await machine()
    const vm = await connect(target(server.port), options())
    const work = failure(vm.sh('echo started; sleep 600', { identity: login, onStdout: () => server.cut() }))
    await vm[Symbol.asyncDispose]()
    await vm[Symbol.asyncDispose]()
    expect(await work).toMatchObject({ kind: 'unreachable' })
    expect(await failure(vm.sh('echo', { identity: login }))).toMatchObject({ kind: 'unreachable' })
  })

  it('by a machine that answers no more is left within two seconds', async () => {
    await using server = await machine()
    let isDead = false
    await using between = await startTcpServer(near => {
      const far = openSocket(server.port, '127.0.0.1')
      far.on('error', () => {})
      near.on('data', piece => isDead || far.write(piece))
      far.on('data', piece => isDead || near.write(piece))
      near.on('close', () => far.destroy())
      // The FIN is lost like everything else.
      near.allowHalfOpen = true
    })
    await trust(between.port, hostKey)
    const vm = await connect(target(between.port), options())
    isDead = true
    const start = performance.now()
    await vm[Symbol.asyncDispose]()
    expect(performance.now() - start).toBeLessThan(2000)
  })

  it.each(['to', 'from'] as const)('after any number of bytes %s the machine never hangs', async way => {
    await using server = await machine()
    const outcomes = { unreachable: 0, done: 0 }
    for (let limit = 0; limit <= 6000; limit += 211) {
      await using cutter = await startCutter(server.port, way, limit)
      await trust(cutter.port, hostKey)
      const work = async () => {
        await using vm = await connect(target(cutter.port), options())
        return await vm.sh('main() { echo done; }\nmain </dev/null\n', { identity: login })
      }
      const outcome = await work().catch(error => error)
      if (outcome instanceof UserError) {
        expect(outcome.kind).toBe('unreachable')
        outcomes.unreachable++
      } else {
        expect(outcome).toMatchObject({ exitCode: 0, stdout: Buffer.from('done\n') })
        outcomes.done++
      }
    }
    expect(outcomes.unreachable).toBeGreaterThan(5)
    expect(outcomes.done).toBeGreaterThan(0)
  })
})

describe('sudo over SSH', () => {
  const PASSWORD = 'correct horse'
  const env = (folder: string, mode: string) => ({
    PATH: `${folder}:${process.env.PATH}`,
    FAKE_SUDO: mode,
    FAKE_PASSWORD: PASSWORD,
  })
  const script = 'main() { cat; echo "as $FAKE_USER"; echo err >&2; }\nmain </dev/null\n'

  it.each([
    ['asks', false, `${PASSWORD}\n${script}`],
    ['asks', true, `${PASSWORD}\n${script}`],
    ['one_try', false, `${PASSWORD}\n${script}`],
    ['silent', false, script],
    ['silent', true, script],
  ])('that %s (bytewise: %s) gets what it must, and the script runs', async (mode, bytewise, sent) => {
    await using sudo = await fakeSudo()
    await using server = await machine({ env: env(sudo.folder, mode), bytewise })
    await using vm = await connect(target(server.port), options())
    const shown: Buffer[] = []
    const result = await vm.sh(script, { identity: root(PASSWORD), onStdout: piece => shown.push(piece) })
    expect({ ...result, stdout: `${result.stdout}` }).toEqual({
      exitCode: 0,
      stdout: 'as root\n',
      stderr: 'err\n',
    })
    expect(`${Buffer.concat(shown)}`).toBe('as root\n')
    expect(server.seen.stdin).toBe(sent)
    expect(server.seen.lines.join('\n')).not.toContain(PASSWORD)
  })

  it.each([
    ['asks', 'wrong', 'sudo: wrong password for deploy', '-K'],
    ['one_try', 'wrong', 'sudo: wrong password for deploy', '-K'],
    ['asks', undefined, 'sudo asks for a password', '-K'],
    ['no_rights', PASSWORD, 'deploy is not in the sudoers file.', 'visudo'],
    ['no_tty', PASSWORD, 'sudo: sorry, you must have a tty to run sudo', 'requiretty'],
  ])('that plays %s, given %s: %s', async (mode, password, why, hint) => {
    await using sudo = await fakeSudo()
    await using server = await machine({ env: env(sudo.folder, mode) })
    await using vm = await connect(target(server.port), options())
    const error = await failure(vm.sh(script, { identity: root(password) }))
    expect(error).toMatchObject({ kind: 'failed', where: 'vm1', why, hint: expect.stringContaining(hint) })
    expect(JSON.stringify(error) + error.stack).not.toContain(`${password}\n`)
    expect(server.seen.stdin).not.toContain('main()')
  })

  it.for(['bash', 'dash', 'fish', 'tcsh', 'zsh'])(
    'works where the login shell is %s',
    async (name, context) => {
      const loginShell = [`/bin/${name}`, `/usr/bin/${name}`].find(existsSync)
      if (loginShell === undefined) return context.skip(`${name} is not installed`)
      await using sudo = await fakeSudo()
      await using server = await machine({ env: { ...env(sudo.folder, 'asks'), HOME: folder }, loginShell })
      await using vm = await connect(target(server.port), options())
      const result = await vm.sh(script, { identity: root(PASSWORD) })
      expect({ ...result, stdout: `${result.stdout}` }).toEqual({
        exitCode: 0,
        stdout: 'as root\n',
        stderr: 'err\n',
      })
    },
  )

  it('is not needed by who is the user already', async () => {
    await using server = await machine()
    await using vm = await connect(target(server.port, { user: 'root' }), options())
    await vm.sh(script, { identity: root(PASSWORD) })
    expect(server.seen).toMatchObject({ lines: ['sh -s'], stdin: script })
  })

  it('that is not there', async () => {
    await using bin = await fakeSudo()
    await rm(join(bin.folder, 'sudo'))
    await using server = await machine({ env: { PATH: bin.folder } })
    await using vm = await connect(target(server.port), options())
    const error = await failure(vm.sh(script, { identity: root(PASSWORD) }))
    expect(error).toMatchObject({ kind: 'failed', hint: expect.stringContaining('install sudo') })
    expect(error.why).toContain('not found')
  })

  it('that says nothing within a minute', async () => {
    await using server = await machine({ deaf: true })
    await using vm = await connect(target(server.port), options())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const work = failure(vm.sh(script, { identity: root(PASSWORD) }))
      await vi.waitUntil(() => vi.getTimerCount() > 0 && server.seen.lines.length > 0)
      vi.advanceTimersByTime(60_000)
      expect(await work).toMatchObject({ kind: 'failed', why: expect.stringContaining('within 60 s') })
    } finally {
      vi.useRealTimers()
    }
    expect(server.seen.stdin).toBe('')
  })
})

describe('the host key', () => {
  it('that is unknown is refused with its fingerprint and the way out', async () => {
    await using server = await startSshServer({ hostKeys: [hostKey.private] })
    const error = await failure(connect(target(server.port), options()))
    expect(error).toBeInstanceOf(HostKeyRefusal)
    expect(error.why).toMatch(/ssh-ed25519 SHA256:[A-Za-z0-9+/]{43} is not known/)
    expect(error.hint).toContain('--accept-new-host-keys')
  })

  it('that is unknown is written down with acceptNewHostKeys, for good', async () => {
    await using server = await startSshServer({ hostKeys: [hostKey.private] })
    const file = join(folder, 'new', 'known_hosts')
    const accepting = options({ knownHostsFiles: [file, knownHosts], acceptNewHostKeys: true })
    await using _first = await connect(target(server.port), accepting)
    await using _again = await connect(target(server.port), options({ knownHostsFiles: [file] }))
    expect(await readFile(file, 'utf8')).toBe(`[127.0.0.1]:${server.port} ${hostKey.public.trim()}\n`)
    expect([(await stat(file)).mode & 0o777, (await stat(join(folder, 'new'))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ])
  })

  it('is written on a line of its own behind a file without a last line break', async () => {
    await using server = await startSshServer({ hostKeys: [hostKey.private] })
    await writeFile(knownHosts, `other ${otherHostKey.public.trim()}`)
    await using _vm = await connect(target(server.port), options({ acceptNewHostKeys: true }))
    expect((await readFile(knownHosts, 'utf8')).split('\n').length).toBe(3)
  })

  it.each([false, true])(
    'that changed is refused, file and line named (acceptNewHostKeys: %s)',
    async acceptNewHostKeys => {
      await using server = await startSshServer({ hostKeys: [hostKey.private] })
      await trust(server.port, otherHostKey)
      const before = await readFile(knownHosts, 'utf8')
      const error = await failure(connect(target(server.port), options({ acceptNewHostKeys })))
      expect(error).toBeInstanceOf(HostKeyRefusal)
      expect(error.why).toContain(`${knownHosts}:1 holds`)
      expect(error.hint).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}'`)
      expect(await readFile(knownHosts, 'utf8')).toBe(before)
    },
  )

  it('of a host known by RSA is asked for as RSA, though the host has an Ed25519 key too', async () => {
    await using server = await startSshServer({ hostKeys: [hostKey.private, rsaHostKey.private] })
    await trust(server.port, rsaHostKey)
    await using vm = await connect(target(server.port), options())
    expect(await vm.sh('true', { identity: login })).toMatchObject({ exitCode: 0 })
  })

  it('that is revoked is refused', async () => {
    await using server = await startSshServer({ hostKeys: [hostKey.private] })
    await writeFile(knownHosts, `@revoked * ${hostKey.public}\n`)
    const error = await failure(connect(target(server.port), options({ acceptNewHostKeys: true })))
    expect(error.why).toContain(`revoked in ${knownHosts}:1`)
  })
})

describe('the login', () => {
  const encrypted = newKeyPair('open sesame')
  const ecdsa = generateKeyPairSync('ecdsa', { bits: 256 })
  const rsa = generateKeyPairSync('rsa', { bits: 2048 })
  const keyFile = async (name: string, text: string) => {
    const file = join(folder, '.ssh', name)
    await writeFile(file, text, { mode: 0o600 })
    return file
  }

  it.each([
    ['Ed25519', userKey],
    ['ECDSA', ecdsa],
    ['RSA', rsa],
  ])('takes a key file: %s', async (_type, key) => {
    await using server = await machine({ keys: [key.public] })
    const privateKeyFile = await keyFile('given', key.private)
    await using vm = await connect(target(server.port, { privateKeyFile }), options())
    expect(await vm.sh('true', { identity: login })).toMatchObject({ exitCode: 0 })
  })

  it('offers the usual files one by one, and asks for no passphrase of a key that the machine does not take', async () => {
    await keyFile('id_ed25519', encrypted.private)
    await keyFile('id_ecdsa', 'no key at all')
    await keyFile('id_rsa', rsa.private)
    await using server = await machine({ keys: [rsa.public] })
    const passphrase = vi.fn(async () => 'open sesame')
    await using _vm = await connect(target(server.port), options({ passphrase }))
    expect(server.seen.offered).toEqual([encrypted, rsa].map(key => key.public.split(' ')[1]))
    expect(passphrase).not.toHaveBeenCalled()
  })

  it('asks for the passphrase of an encrypted file once, for all connections', async () => {
    const privateKeyFile = await keyFile('given', encrypted.private)
    await using server = await machine({ keys: [encrypted.public] })
    const passphrase = vi.fn(async () => 'open sesame')
    const open = () => connect(target(server.port, { privateKeyFile }), options({ passphrase }))
    const [one, two] = await Promise.all([open(), open()])
    const three = await open()
    expect(passphrase.mock.calls).toEqual([[privateKeyFile]])
    for (const vm of [one, two, three]) await vm[Symbol.asyncDispose]()
  })

  it('does not count the time in which the passphrase is typed', async () => {
    const privateKeyFile = await keyFile('given', encrypted.private)
    await using server = await machine({ keys: [encrypted.public] })
    const passphrase = () => new Promise<string>(resolve => setTimeout(resolve, 700, 'open sesame'))
    await using _vm = await connect(
      target(server.port, { privateKeyFile, connectTimeout: 0.5 }),
      options({ passphrase }),
    )
  })

  it.each<[string, () => Promise<string>, ConnectOptions['passphrase'], string]>([
    [
      'a wrong passphrase',
      () => keyFile('given', encrypted.private),
      async () => 'wrong',
      'wrong passphrase for the key file',
    ],
    [
      'no passphrase',
      () => keyFile('given', encrypted.private),
      async () => undefined,
      'wrong passphrase for the key file',
    ],
    [
      'nobody to ask',
      () => keyFile('given', encrypted.private),
      undefined,
      'is encrypted, and nobody can be asked',
    ],
    ['a missing file', async () => join(folder, 'missing'), undefined, 'does not exist'],
    ['a file that is no key', () => keyFile('given', 'no key'), undefined, 'is not understood'],
    ['a public key', () => keyFile('given', userKey.public), undefined, 'is a public key'],
  ])('fails with %s, naming the file', async (_title, file, passphrase, why) => {
    const privateKeyFile = await file()
    await using server = await machine({ keys: [encrypted.public] })
    const error = await failure(connect(target(server.port, { privateKeyFile }), options({ passphrase })))
    expect(error).toMatchObject({ kind: 'unreachable', where: 'vm1', why: expect.stringContaining(why) })
    expect(error.why).toContain(privateKeyFile)
  })

  it('that no key opens says what was tried', async () => {
    await keyFile('id_ed25519', userKey.private)
    await keyFile('id_rsa', 'no key')
    await using server = await machine({ keys: [rsa.public] })
    const error = await failure(connect(target(server.port), options()))
    expect(error).toMatchObject({ kind: 'unreachable', why: 'no key was accepted for user deploy' })
    for (const words of [
      join(folder, '.ssh/id_ed25519'),
      'no agent runs',
      'id_rsa is not understood',
      'publickey',
    ])
      expect(error.hint).toContain(words)
  })

  it('without any key says so', async () => {
    await using server = await machine({ keys: [rsa.public] })
    const error = await failure(connect(target(server.port), options()))
    expect(error.hint).toContain('there is none to offer')
  })

  it('goes on to the files when the agent does not answer', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', join(folder, 'no-agent'))
    await keyFile('id_ed25519', userKey.private)
    await using server = await machine({ keys: [userKey.public] })
    await using _vm = await connect(target(server.port), options())
  })

  it('leaves known_hosts that cannot be read alone, and says so', async () => {
    await mkdir(knownHosts)
    const error = await failure(connect(target(1), options()))
    expect(error).toMatchObject({ kind: 'unreachable', why: expect.stringContaining(knownHosts) })
    await chmod(knownHosts, 0o700)
  })
})

describe('a machine that is not reached', () => {
  it('refuses the connection', async () => {
    const server = await startTcpServer(() => {})
    await server[Symbol.asyncDispose]()
    const error = await failure(connect(target(server.port), options()))
    expect(error).toMatchObject({
      kind: 'unreachable',
      why: `127.0.0.1:${server.port} refuses the connection`,
    })
    expect(error.hint).toContain('sshd')
  })

  it('has a name that nobody knows', async () => {
    const error = await failure(connect(target(22, { host: 'no-such-host.invalid' }), options()))
    expect(error).toMatchObject({
      kind: 'unreachable',
      why: 'the name no-such-host.invalid cannot be resolved',
    })
  })

  it.each<[string, (socket: Socket) => void, string]>([
    ['takes the connection and says nothing', () => {}, 'did not finish the SSH handshake within 0.2 s'],
    ['closes at once', socket => socket.end(), 'SSH handshake'],
    ['resets at once', socket => socket.resetAndDestroy(), 'closed the connection'],
    ['speaks another protocol', socket => socket.end('HTTP/1.1 400\r\n\r\n'), 'SSH handshake'],
  ])('%s', async (_title, onConnection, why) => {
    await using server = await startTcpServer(onConnection)
    const error = await failure(connect(target(server.port, { connectTimeout: 0.2 }), options()))
    expect(error).toMatchObject({ kind: 'unreachable', where: 'vm1', why: expect.stringContaining(why) })
  })

  it('is given up when the signal is aborted', async () => {
    const abort = new AbortController()
    await using server = await startTcpServer(() => abort.abort(new Error('enough')))
    await expect(connect(target(server.port), options({ signal: abort.signal }))).rejects.toThrow('enough')
    await expect(connect(target(server.port), options({ signal: abort.signal }))).rejects.toThrow('enough')
  })
})

describe('a password', () => {
  it.each(['password', 'keyboard-interactive'] as const)('logs in by %s', async by => {
    await using server = await machine({ keys: [], password: { by, is: 'open sesame' } })
    await using _vm = await connect(target(server.port, { password: 'open sesame' }), options())
    expect(server.seen.passwords).toEqual(['open sesame'])
  })

  it.each(['password', 'keyboard-interactive'] as const)(
    'that is wrong is said once by %s, and not shown',
    async by => {
      await using server = await machine({ keys: [], password: { by, is: 'open sesame' } })
      const error = await failure(connect(target(server.port, { password: 'shut sesame' }), options()))
      expect(error.why).toBe('no key, and not the password, was accepted for user deploy')
      expect(`${error.why} ${error.hint}`).not.toContain('shut sesame')
      expect(server.seen.passwords).toEqual(['shut sesame'])
    },
  )

  it('is not sent to a machine that takes keys only', async () => {
    await using server = await machine({ keys: [userKey.public] })
    await writeFile(join(folder, '.ssh/id_ed25519'), userKey.private)
    await using _vm = await connect(target(server.port, { password: 'open sesame' }), options())
    expect(server.seen.passwords).toEqual([])
  })

  it('comes after a key that is named', async () => {
    await using server = await machine({
      keys: [userKey.public],
      password: { by: 'password', is: 'open sesame' },
    })
    const privateKeyFile = join(folder, 'named')
    await writeFile(privateKeyFile, userKey.private)
    await using _vm = await connect(
      target(server.port, { password: 'open sesame', privateKeyFile }),
      options(),
    )
    expect(server.seen.passwords).toEqual([])
  })
})
