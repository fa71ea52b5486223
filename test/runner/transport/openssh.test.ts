import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '../../../src/runner/transport/connect.ts'
import type { ConnectOptions, Identity, Target } from '../../../src/runner/transport/transport.ts'
import { newKeyPair } from '../../sandbox/keys.ts'
import { fakeSudo } from './fake_sudo.ts'
import { noAgent, noSshd, skipped, startAgent, startSshd } from './sshd.ts'

const SUDO = ['/usr/bin/sudo'].find(existsSync)
const isRoot = userInfo().uid === 0
const noSudo = (SUDO === undefined && 'sudo is not installed') || (!isRoot && 'needs root')

describe.skipIf(noSshd)(`OpenSSH's sshd${skipped(noSshd)}`, () => {
  const userKey = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
  const login: Identity = { become: undefined }
  let server: Awaited<ReturnType<typeof startSshd>>
  let folder = ''
  let target: Target
  let options: ConnectOptions
  let sudo: Awaited<ReturnType<typeof fakeSudo>>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vfio-run-sshd-'))
    sudo = await fakeSudo()
    await writeFile(join(folder, 'user_key'), userKey.private, { mode: 0o600 })
    await writeFile(join(folder, 'authorized_keys'), `${userKey.public}\n`)
    server = await startSshd(folder, sudo.folder)
    target = {
      name: 'vm1',
      connection: 'ssh',
      host: '127.0.0.1',
      port: server.port,
      user: userInfo().username,
      privateKeyFile: join(folder, 'user_key'),
      connectTimeout: 20,
    }
    options = {
      knownHostsFiles: [join(folder, 'known_hosts')],
      acceptNewHostKeys: true,
      passphrase: undefined,
    }
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await sudo[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('runs a script of megabytes with its streams apart', async () => {
    await using vm = await connect(target, options)
    const script = `# ${'x'.repeat(5_000_000)}\nmain() { cat; head -c 3000000 /dev/zero; echo end >&2; exit 3; }\nmain </dev/null\n`
    const result = await vm.sh(script, { identity: login })
    expect([result.exitCode, result.stdout.length, result.stderr]).toEqual([3, 3_000_000, 'end\n'])
  })

  it('takes twelve scripts at once, though it allows ten sessions', async () => {
    await using vm = await connect(target, options)
    const results = await Promise.all(Array.from({ length: 12 }, () => vm.sh('echo ok', { identity: login })))
    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 12 }, () => 0))
  })

  it('shows the key again that was written down, and is refused with another', async () => {
    await using _vm = await connect(target, options)
    const strict = { ...options, acceptNewHostKeys: false }
    await using _again = await connect(target, strict)
    const other = newKeyPair()
    const file = join(folder, 'other_known_hosts')
    await writeFile(file, `[127.0.0.1]:${server.port} ${other.public}\n`)
    await expect(connect(target, { ...options, knownHostsFiles: [file] })).rejects.toThrow(
      'its host key has changed',
    )
  })

  it.each([
    ['rsa', 'ssh-keygen -t rsa'],
    ['ed25519', 'the first choice'],
  ])('is known by any of its keys: %s', async type => {
    const file = join(folder, `known_by_${type}`)
    const { stdout } = await execa('ssh-keyscan', ['-t', type, '-p', `${server.port}`, '127.0.0.1'])
    await writeFile(file, stdout)
    await execa('ssh-keygen', ['-H', '-f', file])
    await using _vm = await connect(target, { ...options, knownHostsFiles: [file], acceptNewHostKeys: false })
  })

  it('is lost in the middle of a script', async () => {
    await using vm = await connect(target, options)
    // The session's own sshd is the nearest ancestor of that name (sshd-session since OpenSSH 9.8).
    const work = vm.sh(
      `p=$PPID
until grep -q ^sshd /proc/$p/comm; do p=$(cut -d ' ' -f 4 /proc/$p/stat); done
kill $p
sleep 2`,
      { identity: login },
    )
    await expect(work).rejects.toMatchObject({ kind: 'unreachable', where: 'vm1' })
  })

  it.skipIf(noAgent)(`takes the agent's key, also for an encrypted file${skipped(noAgent)}`, async () => {
    const encrypted = join(folder, 'encrypted_key')
    await writeFile(encrypted, userKey.private, { mode: 0o600 })
    await execa('ssh-keygen', ['-p', '-q', '-f', encrypted, '-N', 'open sesame'])
    await using agent = await startAgent(join(folder, 'agent'))
    vi.stubEnv('SSH_AUTH_SOCK', agent.socket)
    vi.stubEnv('HOME', folder)
    await execa('ssh-add', ['-q', join(folder, 'user_key')])
    for (const privateKeyFile of [undefined, encrypted]) {
      await using _vm = await connect({ ...target, privateKeyFile }, options)
    }
  })

  it.each(['asks', 'silent'])('plays sudo that %s', async mode => {
    await using vm = await connect({ ...target, user: userInfo().username }, options)
    const identity: Identity = { become: { method: 'sudo', user: `${mode}-user`, password: 'correct horse' } }
    const result = await vm.sh('main() { cat; echo "as $FAKE_USER"; }\nmain </dev/null\n', { identity })
    expect({ ...result, stdout: `${result.stdout}` }).toEqual({
      exitCode: 0,
      stdout: `as ${mode}-user\n`,
      stderr: '',
    })
  })
})

describe.skipIf(noSudo)(`the real sudo${skipped(noSudo)}`, () => {
  it('that does not ask root runs the script as another user', async () => {
    const target: Target = {
      name: 'here',
      connection: 'local',
      host: 'here',
      port: 22,
      user: 'root',
      privateKeyFile: undefined,
      connectTimeout: 10,
    }
    await using here = await connect(target, {
      knownHostsFiles: [],
      acceptNewHostKeys: false,
      passphrase: undefined,
    })
    const identity: Identity = { become: { method: 'sudo', user: 'nobody', password: 'never to be sent' } }
    const result = await here.sh('main() { cat; id -un; }\nmain </dev/null\n', { identity })
    expect({ ...result, stdout: `${result.stdout}` }).toEqual({ exitCode: 0, stdout: 'nobody\n', stderr: '' })
    const unknown: Identity = { become: { method: 'sudo', user: 'no-such-user', password: undefined } }
    await expect(here.sh('echo no', { identity: unknown })).rejects.toMatchObject({
      kind: 'failed',
      hint: 'mend become_user',
    })
  })
})
