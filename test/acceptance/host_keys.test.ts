import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Outcome, vfioRun } from '../cli/vfio_run.ts'
import { noSshd, skipped, startSshd } from '../runner/transport/sshd.ts'
import { newKeyPair } from '../sandbox/keys.ts'

let folder = ''
let server: Awaited<ReturnType<typeof startSshd>>
let inventory = ''
/** Of the server: `[127.0.0.1]:port`, and its keys as `type base64`. */
let name = ''
const keys = { rsa: '', ed25519: '' }

beforeAll(async () => {
  if (noSshd) return
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-host-keys-'))
  const user = newKeyPair()
  writeFileSync(at('user_key'), user.private, { mode: 0o600 })
  writeFileSync(at('authorized_keys'), `${user.public}\n`)
  server = await startSshd(folder, '/none')
  name = `[127.0.0.1]:${server.port}`
  for (const type of ['rsa', 'ed25519'] as const)
    keys[type] = readFileSync(at(`host_${type}.pub`), 'utf8')
      .split(' ', 2)
      .join(' ')
  inventory = at('hosts')
  const login = `ansible_user=${userInfo().username} ansible_ssh_private_key_file=${at('user_key')}`
  writeFileSync(inventory, `lab ansible_host=127.0.0.1 ansible_port=${server.port} ${login}\n`)
  writeFileSync(at('play.yaml'), '- hosts: all\n  tasks:\n    - command: "true"\n')
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  if (folder !== '') rmSync(folder, { recursive: true })
})

const at = (file: string): string => join(folder, file)

let files = 0
function knownHosts(...lines: readonly string[]): string {
  const path = at(`known_hosts_${++files}`)
  writeFileSync(path, lines.map(line => `${line}\n`).join(''))
  return path
}

async function run(file: string, ...flags: string[]): Promise<Outcome & { readonly told: string }> {
  const outcome = await vfioRun(at('play.yaml'), '-i', inventory, '--known-hosts', file, ...flags)
  return { ...outcome, told: outcome.stdout.replaceAll(/\s+/g, ' ') }
}

/** As ssh-keygen tells it. */
const fingerprintOf = async (file: string): Promise<string> =>
  (await execa('ssh-keygen', ['-lf', at(file)])).stdout.split(' ')[1] ?? ''

/** How far the clients came, as the server tells. */
const logins = (): number => server.log().match(/Accepted publickey/g)?.length ?? 0

const stranger = (): string => newKeyPair().public.split(' ', 2).join(' ')

/** ssh2 accepts every key unless it is told otherwise, and reads no known_hosts. */
describe.skipIf(noSshd)(`no host is trusted that has not proved who it is${skipped(noSshd)}`, () => {
  test.each<[string, () => Promise<string> | string]>([
    ['by its Ed25519 key', () => knownHosts(`${name} ${keys.ed25519}`)],
    ['by its RSA key alone, which it is asked for then', () => knownHosts(`${name} ${keys.rsa}`)],
    ['by a wildcard', () => knownHosts(`[127.0.0.*]:${server.port} ${keys.ed25519}`)],
    ['in a hashed file', () => hashed(`${name} ${keys.ed25519}`)],
    [
      'beside a revoked key of somebody else',
      () => knownHosts(`@revoked * ${stranger()}`, `${name} ${keys.rsa}`),
    ],
  ])('a host that is known %s is reached', async (_, file) => {
    const before = logins()
    const { exitCode, told } = await run(await file())
    expect([exitCode, told, logins() - before]).toEqual([0, expect.stringContaining('unreachable=0'), 1])
  })

  test('an unknown key is refused, with its fingerprint and the way out', async () => {
    const before = logins()
    const { exitCode, told } = await run(knownHosts())
    expect([exitCode, logins() - before]).toEqual([4, 0])
    expect(told).toContain(`its host key ssh-ed25519 ${await fingerprintOf('host_ed25519.pub')} is not known`)
    expect(told).toContain('--accept-new-host-keys')
    expect(told).toContain(`ssh -p ${server.port} ${userInfo().username}@127.0.0.1`)
  })

  test('the way out writes it down, and the next run needs none', async () => {
    const file = knownHosts()
    expect((await run(file, '--accept-new-host-keys')).exitCode).toBe(0)
    expect((await run(file)).exitCode).toBe(0)
    expect((await execa('ssh-keygen', ['-F', name, '-f', file])).stdout).toContain(keys.ed25519)
  })

  test.each<[string, () => Promise<string> | string]>([
    ['a changed key', () => knownHosts(`${name} ${stranger()}`)],
    ['a changed key in a hashed file', () => hashed(`${name} ${stranger()}`)],
  ])('%s is refused, also with --accept-new-host-keys, and nothing is written down', async (_, make) => {
    const file = await make()
    copyFileSync(file, `${file}.before`)
    const before = logins()
    for (const flags of [[], ['--accept-new-host-keys']]) {
      const { exitCode, told } = await run(file, ...flags)
      expect(exitCode).toBe(4)
      expect(told).toContain(`its host key has changed: ${file}:1 holds`)
      expect(told).toContain(`ssh-keygen -R '${name}' -f ${file}`)
    }
    expect([logins() - before, readFileSync(file, 'utf8')]).toEqual([
      0,
      readFileSync(`${file}.before`, 'utf8'),
    ])
  })

  test('a revoked key is refused, though another line holds it', async () => {
    const file = knownHosts(`${name} ${keys.ed25519}`, `@revoked * ${keys.ed25519}`)
    for (const flags of [[], ['--accept-new-host-keys']]) {
      const { exitCode, told } = await run(file, ...flags)
      expect([exitCode, told]).toEqual([4, expect.stringContaining(`is revoked in ${file}:2`)])
    }
  })

  test('where only an authority is known, the connection that checks certificates is named', async () => {
    const file = knownHosts(`@cert-authority * ${stranger()}`)
    const { exitCode, told } = await run(file)
    expect([exitCode, told]).toEqual([4, expect.stringContaining('ansible_connection: openssh')])
  })
})

/** What `HashKnownHosts yes` makes of it. */
async function hashed(line: string): Promise<string> {
  const file = knownHosts(line)
  await execa('ssh-keygen', ['-Hf', file])
  return file
}
