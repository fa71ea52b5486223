import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../../src/runner/transport/connect.ts'
import type { Become, ShResult, Target } from '../../../src/runner/transport/transport.ts'
import { type Accounts, LOGIN, noAccounts, OTHER, PASSWORDS, startAccounts } from './real_accounts.ts'

const missing = noAccounts('/usr/bin/sudo')
const noDoas = missing ?? (existsSync('/usr/bin/doas') ? undefined : 'doas is not installed')
const skipped = (reason: string | undefined) => (reason ? ` (skipped: ${reason})` : '')

/** Seconds within which a refusal must be known: PAM waits about two after a wrong password. */
const SOON = 8

let accounts: Accounts | undefined
beforeAll(async () => {
  if (missing) return
  accounts = await startAccounts({
    sudoers: `${LOGIN} ALL=(${OTHER}) ALL`,
    doas: `permit nopass ${LOGIN} as ${OTHER}\npermit ${LOGIN} as root`,
  })
})
afterAll(() => accounts?.[Symbol.asyncDispose]())

async function enter(become: Become, script: string): Promise<ShResult> {
  const target: Target = {
    name: 'vm',
    connection: 'ssh',
    host: '127.0.0.1',
    port: accounts?.port ?? 0,
    user: LOGIN,
    privateKeyFile: accounts?.keyFile,
    connectTimeout: 20,
  }
  await using vm = await connect(target, {
    knownHostsFiles: [accounts?.knownHosts ?? ''],
    acceptNewHostKeys: false,
    passphrase: undefined,
  })
  return await vm.sh(script, { identity: { become } })
}

const other = (method: Become['method'], password: string | undefined): Become => ({
  method,
  user: OTHER,
  password,
})

/** Echoes what is left on its stdin, where a stray password would be, and bytes of all values. */
const SCRIPT = 'main() { id -un; cat; printf "\\000\\377\\r\\n"; echo end >&2; exit 3; }\nmain </dev/null\n'

describe.skipIf(missing)(`a script by way of OpenSSH's sshd${skipped(missing)}`, () => {
  it.each([
    other('sudo', PASSWORDS[LOGIN]),
    { ...other('sudo', PASSWORDS[LOGIN]), exe: '/usr/bin/sudo', flags: ['-H'] },
    other('su', PASSWORDS[OTHER]),
    { ...other('su', PASSWORDS[OTHER]), flags: ['-l'] },
  ])('runs as the other user: %o', async become => {
    const { exitCode, stdout, stderr } = await enter(become, SCRIPT)
    expect([exitCode, stdout.toString('latin1'), stderr]).toEqual([3, `${OTHER}\n\0\xff\r\n`, 'end\n'])
  })

  it.each([
    ['sudo', `sudo: wrong password for ${LOGIN}`],
    ['su', `su: wrong password for ${OTHER}`],
  ] as const)(
    '%s: a wrong password is told within seconds, and is nowhere in the words',
    async (method, why) => {
      const before = performance.now()
      const error = await enter(other(method, 'hunter2'), SCRIPT).catch(reason => reason)
      expect(error).toMatchObject({ kind: 'failed', where: 'vm', why })
      expect(`${error.message} ${error.hint}`).not.toContain('hunter2')
      expect((performance.now() - before) / 1000).toBeLessThan(SOON)
    },
  )

  it.each([
    ['sudo', 'sudo asks for a password'],
    ['su', 'su asks for a password'],
  ] as const)('%s: no password is told by name', async (method, why) => {
    await expect(enter(other(method, undefined), SCRIPT)).rejects.toMatchObject({ kind: 'failed', why })
  })

  it.each<[string, Become, RegExp, RegExp]>([
    [
      'no such user, su',
      { ...other('su', 'x'), user: 'nobody-here' },
      /nobody-here does not exist/,
      /become_user/,
    ],
    [
      'no such user, sudo',
      { ...other('sudo', PASSWORDS[LOGIN]), user: 'nobody-here' },
      /unknown user:? nobody-here/,
      /become_user/,
    ],
    ['no right', { ...other('sudo', PASSWORDS[LOGIN]), user: 'root' }, /is not allowed to execute/, /visudo/],
    ['no program', { ...other('su', 'x'), exe: '/opt/none/su' }, /No such file/, /install su/],
  ])('%s is told by name', async (_, become, why, hint) => {
    await expect(enter(become, SCRIPT)).rejects.toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(why),
      hint: expect.stringMatching(hint),
    })
  })
})

describe.skipIf(noDoas)(`doas${skipped(noDoas)}`, () => {
  it.each([undefined, 'not asked for'])(
    'runs the script where its rule has nopass (password: %s)',
    async password => {
      const { exitCode, stdout, stderr } = await enter(other('doas', password), SCRIPT)
      expect([exitCode, stdout.toString('latin1'), stderr]).toEqual([3, `${OTHER}\n\0\xff\r\n`, 'end\n'])
    },
  )

  it.each<[string, string, RegExp]>([
    ['root', 'doas asks for a password', /nopass/],
    ['nobody-here', 'doas: unknown user', /become_user/],
    ['games', 'doas: Operation not permitted', /doas\.conf/],
  ])('as %s: %s', async (user, why, hint) => {
    await expect(enter({ method: 'doas', user, password: 'secret' }, SCRIPT)).rejects.toMatchObject({
      kind: 'failed',
      why,
      hint: expect.stringMatching(hint),
    })
  })
})
