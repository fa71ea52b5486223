import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect } from '../../../src/runner/transport/connect.ts'
import type { Identity, Target } from '../../../src/runner/transport/transport.ts'
import { fakeSudo } from './fake_sudo.ts'

const target: Target = {
  name: 'here',
  connection: 'local',
  host: 'here',
  port: 22,
  user: 'ignored',
  privateKeyFile: undefined,
  connectTimeout: 10,
}
const open = () => connect(target, { knownHostsFiles: [], acceptNewHostKeys: false, passphrase: undefined })
const login: Identity = { become: undefined }
// Not root, which the tests may run as, and which needs no sudo to become itself.
const other = (password: string | undefined): Identity => ({
  become: { method: 'sudo', user: 'other', password },
})

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vfio-run-local-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

describe('a script on this machine', () => {
  it('gets its exit code, stdout and stderr back apart', async () => {
    await using here = await open()
    const result = await here.sh('main() { cat; echo out; echo err >&2; exit 3; }\nmain </dev/null\n', {
      identity: login,
    })
    expect({ ...result, stdout: `${result.stdout}` }).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('may be megabytes, and print megabytes', async () => {
    await using here = await open()
    const script = `# ${'x'.repeat(3_000_000)}\nmain() { head -c 6000000 /dev/zero; echo end >&2; }\nmain </dev/null\n`
    const result = await here.sh(script, { identity: login })
    expect([result.exitCode, result.stdout.length, result.stderr]).toEqual([0, 6_000_000, 'end\n'])
  })

  it('that ends before it has read all of itself is no error', async () => {
    await using here = await open()
    expect(await here.sh(`exit 4\n${'#'.repeat(3_000_000)}`, { identity: login })).toMatchObject({
      exitCode: 4,
    })
  })

  it('that a signal ended has no exit code', async () => {
    await using here = await open()
    expect(await here.sh('kill -KILL $$', { identity: login })).toMatchObject({ exitCode: undefined })
  })

  it('runs in a session of its own, which Ctrl-C at the terminal does not reach', async () => {
    await using here = await open()
    const { stdout } = await here.sh('cut -d " " -f 1,6 /proc/$$/stat', { identity: login })
    const [pid, session] = `${stdout}`.trim().split(' ')
    expect(session).toBe(pid)
  })

  it('is ended, with what it started, when its signal is aborted', async () => {
    await using here = await open()
    const abort = new AbortController()
    let child = 0
    const work = here.sh('sleep 600 & echo $!; wait', {
      identity: login,
      signal: abort.signal,
      onStdout: piece => {
        child = Number(`${piece}`)
        abort.abort(new Error('enough'))
      },
    })
    await expect(work).rejects.toThrow('enough')
    await vi.waitUntil(() => isGone(child))
  })
})

/** Ended; also where nobody has asked for its exit code yet. */
const isGone = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => 'gone')
  return stat === 'gone' || /\) Z /.test(stat)
}

describe('sudo on this machine', () => {
  const play = (sudo: { folder: string }, mode: string) => {
    vi.stubEnv('PATH', `${sudo.folder}:${process.env.PATH}`)
    vi.stubEnv('FAKE_SUDO', mode)
    vi.stubEnv('FAKE_PASSWORD', 'correct horse')
  }
  // Whatever is on stdin behind the script's first line would be printed.
  const script = 'main() { cat; echo "as $FAKE_USER"; }\nmain </dev/null\n'

  it.each(['asks', 'one_try', 'silent'])(
    'that plays %s lets the script through, and nothing else',
    async mode => {
      await using sudo = await fakeSudo()
      play(sudo, mode)
      await using here = await open()
      const result = await here.sh(script, { identity: other('correct horse') })
      expect({ ...result, stdout: `${result.stdout}` }).toEqual({
        exitCode: 0,
        stdout: 'as other\n',
        stderr: '',
      })
    },
  )

  it.each([
    ['asks', 'wrong', `sudo: wrong password for ${userInfo().username}`],
    ['asks', undefined, 'sudo asks for a password'],
    ['no_rights', 'correct horse', 'deploy is not in the sudoers file.'],
  ])('that plays %s, given %s: %s', async (mode, password, why) => {
    await using sudo = await fakeSudo()
    play(sudo, mode)
    await using here = await open()
    const work = here.sh(script, { identity: other(password) })
    await expect(work).rejects.toMatchObject({ kind: 'failed', where: 'here', why })
  })

  it.each(['missing', 'not executable'])('that is %s', async how => {
    await using sudo = await fakeSudo()
    if (how === 'missing') await rm(join(sudo.folder, 'sudo'))
    else await chmod(join(sudo.folder, 'sudo'), 0o644)
    vi.stubEnv('PATH', sudo.folder)
    await using here = await open()
    const work = here.sh(script, { identity: other('correct horse') })
    await expect(work).rejects.toMatchObject({
      kind: 'failed',
      where: 'here',
      why: expect.stringMatching(/^sudo/),
    })
  })
})
