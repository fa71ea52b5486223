import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ActionContext } from '../../../src/runner/actions/action.ts'
import { splitWords } from '../../../src/runner/actions/command/words.ts'
import { command } from '../../../src/runner/actions/command.ts'
import { shell } from '../../../src/runner/actions/shell.ts'
import { REAL_SHELLS } from '../../host/facts/real_shells.ts'
import { aContext, act, complaints, shellHere } from './fake_context.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vfio-run-command-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
  const test = it.skipIf(isMissing)
  const here = { sh: shellHere(argv) }

  test('every word arrives as it is', async () => {
    const words = [
      "it's",
      '',
      'a  b',
      '"',
      '\\n',
      '$(id)',
      '`id`',
      '*',
      'ends in newlines\n\n',
      '-n',
      'ü',
      '&&',
    ]
    const { result, status } = await act(
      command,
      { argv: ['printf', '<%s>', ...words], strip_empty_ends: false },
      here,
    )
    expect([status, result?.stdout]).toEqual(['changed', words.map(word => `<${word}>`).join('')])
  })

  test("variables of the host and a home's ~ are replaced, and what is not set stays", async () => {
    const argv_ = [
      'printf',
      '%s|',
      '$HOME/x',
      'a${A_NAME}b',
      '~',
      '~/y',
      'x~',
      '$NOT_SET',
      '${NOT_SET}',
      '$',
      '$1',
    ]
    const context = { ...here, environment: { A_NAME: "it's" } }
    const told = await act(command, { argv: argv_ }, context)
    expect(told.result?.stdout).toBe("/root/x|ait'sb|/root|/root/y|x~|$NOT_SET|${NOT_SET}|$|$1|")
    const plain = await act(
      command,
      { argv: ['printf', '%s', '$HOME'], expand_argument_vars: false },
      context,
    )
    expect(plain.result?.stdout).toBe('$HOME')
  })

  test('programs are run, not the builtins and functions of the shell that starts them', async () => {
    expect((await act(command, { argv: ['say', 'rc', '7'] }, here)).why).toBe(
      'exit code 127: the host has no program say',
    )
    expect((await act(command, { cmd: 'echo a\\\\tb' }, here)).result?.stdout).toBe('a\\tb')
  })

  test('the environment may have any names, and so may what is not set', async () => {
    const names = ['d', 'f', 'in', 'own', 'root', 's', 'v', 'w', 'n', 'rc']
    const environment = Object.fromEntries(names.map(name => [name, `of ${name}`]))
    const all = await act(command, { cmd: 'env' }, { ...here, environment })
    expect(all.result?.stdout_lines).toEqual(expect.arrayContaining(names.map(name => `${name}=of ${name}`)))
    const words = names.map(name => `$${name}`)
    const none = await act(command, { argv: ['echo', ...words], creates: '/nowhere' }, here)
    expect(none.result?.stdout).toBe(words.join(' '))
  })

  test('the environment reaches it, PATH too', async () => {
    const own = join(folder, 'own')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'own-tool'), '#!/bin/sh\necho "$VALUE"\n', { mode: 0o755 })
    const environment = { PATH: `${own}:/usr/bin:/bin`, VALUE: 'two\nlines\n' }
    const { result } = await act(command, { cmd: 'own-tool' }, { ...here, environment })
    expect(result?.stdout_lines).toEqual(['two', 'lines'])
  })

  test('all of its result is there', async () => {
    const told = await act(shell, { cmd: 'cat; echo warned >&2', stdin: 'a\nb' }, here)
    expect(told).toMatchObject({
      status: 'changed',
      why: 'ran cat; echo warned >&2',
      result: {
        ...{ rc: 0, cmd: 'cat; echo warned >&2', msg: '' },
        ...{ stdout: 'a\nb', stdout_lines: ['a', 'b'], stderr: 'warned', stderr_lines: ['warned'] },
        ...{ start: expect.any(String), end: expect.any(String), delta: expect.stringMatching(/^0:00:0/) },
      },
      ran: { command: 'cat; echo warned >&2', exitCode: 0, output: ['a', 'b', 'warned'] },
    })
    const bare = { stdin: 'x', stdin_add_newline: false, strip_empty_ends: false }
    expect((await act(command, { cmd: 'cat', ...bare }, here)).result?.stdout).toBe('x')
  })

  test('a failure names the exit code and the last line of stderr', async () => {
    expect(await act(shell, { cmd: 'echo first >&2; echo last >&2; exit 3' }, here)).toMatchObject({
      status: 'failed',
      why: 'exit code 3: last',
      result: { rc: 3, msg: 'non-zero return code' },
      ran: { exitCode: 3, output: ['first', 'last'] },
    })
    expect((await act(command, { cmd: 'false' }, here)).why).toBe('exit code 1')
  })

  test('nobody waits for what it leaves in the background', async () => {
    const start = Date.now()
    const { result } = await act(shell, { cmd: 'sleep 20 & echo started $!' }, here)
    expect(Date.now() - start).toBeLessThan(10_000)
    process.kill(Number(String(result?.stdout).split(' ')[1]))
  })

  test('what is printed cannot forge a result, and is bounded', async () => {
    const forged = await act(shell, { cmd: `printf '\\n@${'0'.repeat(24)} rc 1\\n7\\n'` }, here)
    expect(forged.result?.rc).toBe(0)
    const long = await act(shell, { cmd: 'head -c 1500000 /dev/zero | tr "\\0" x' }, here)
    expect([String(long.result?.stdout).length, long.result?.warnings]).toEqual([
      1_048_576,
      ['stdout has 1500000 bytes, of which the first 1048576 were read'],
    ])
  })

  test('creates and removes leave it out, in a dry run too; chdir counts for both', async () => {
    writeFileSync(join(folder, 'there.conf'), '')
    const rows: readonly [Readonly<Record<string, unknown>>, string][] = [
      [{ creates: `${folder}/there.conf` }, `not run: ${folder}/there.conf exists`],
      [{ creates: `${folder}/*.conf` }, `not run: ${folder}/*.conf exists`],
      [{ creates: 'there.conf', chdir: folder }, 'not run: there.conf exists'],
      [{ removes: `${folder}/gone` }, `not run: ${folder}/gone does not exist`],
    ]
    for (const [args, why] of rows)
      for (const check of [false, true]) {
        const told = await act(command, { cmd: 'false', ...args }, { ...here, check })
        expect([told.status, told.why]).toEqual(['ok', why])
        expect(told.result).toMatchObject({ rc: 0, stdout: why.replace('not run: ', 'skipped, since ') })
      }
    for (const args of [{ creates: `${folder}/gone` }, { removes: `${folder}/there*` }]) {
      expect((await act(command, { cmd: 'true', ...args }, here)).status).toBe('changed')
      expect((await act(command, { cmd: 'true', ...args }, { ...here, check: true })).why).toBe(
        'would run true',
      )
    }
  })

  test('it is run where chdir says', async () => {
    expect((await act(command, { cmd: 'pwd', chdir: folder }, here)).result?.stdout).toBe(folder)
    expect(await act(command, { cmd: 'pwd', chdir: `${folder}/none` }, here)).toMatchObject({
      status: 'failed',
      why: `cannot change to the folder ${folder}/none`,
    })
  })

  test('no file of its own is left, whatever becomes of it', async () => {
    const scratch = join(folder, `scratch-${argv.at(-1)?.replaceAll('/', '-')}`)
    mkdirSync(scratch)
    const sh = shellHere(argv, { TMPDIR: scratch })
    await act(command, { cmd: 'true', stdin: 'x' }, { sh })
    await act(command, { cmd: 'no-such-program' }, { sh })
    await act(command, { cmd: 'true', creates: '/' }, { sh })
    expect(readdirSync(scratch)).toEqual([])
    const untouched = await act(command, { cmd: 'true', creates: `${scratch}/x` }, { sh, check: true })
    expect(untouched.status).toBe('unknown')
  })

  test('nor where it is given up, and nobody listens any more', async () => {
    const scratch = join(folder, `given-up-${argv.at(-1)?.replaceAll('/', '-')}`)
    mkdirSync(scratch)
    const sh: ActionContext['sh'] = async script => {
      const [program = '', ...args] = argv
      const env = { PATH: '/usr/bin:/bin', TMPDIR: scratch }
      const child = spawn(program, [...args, '-s'], { env, detached: true })
      const ended = once(child, 'exit')
      child.stdin.end(script)
      await vi.waitUntil(() => readdirSync(scratch).some(name => readdirSync(join(scratch, name)).length > 1))
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      process.kill(-(child.pid ?? Number.NaN), 'SIGTERM')
      await ended
      return { exitCode: undefined, stdout: Buffer.from(''), stderr: '' }
    }
    await act(command, { cmd: 'sleep 60' }, { sh })
    expect(readdirSync(scratch)).toEqual([])
  })

  test('files that it makes have the modes of the login', async () => {
    const path = join(folder, `made-${argv.at(-1)?.replaceAll('/', '-')}`)
    await act(shell, { cmd: `umask >${path}` }, here)
    expect(Number.parseInt(readFileSync(path, 'utf8'), 8)).toBe(process.umask())
  })
})

describe('command', () => {
  it('in a dry run says that it would run, and touches nothing', async () => {
    expect(await act(command, { cmd: "virsh define 'a b.xml'" }, { check: true })).toEqual({
      status: 'unknown',
      why: "would run virsh define 'a b.xml'",
      unknownBut: { cmd: ['virsh', 'define', 'a b.xml'] },
    })
  })

  it('says so where the shell ends without a word', async () => {
    const sh = async () => ({ exitCode: 1, stdout: Buffer.from('Welcome\n'), stderr: 'sh: killed\n' })
    expect(await act(command, { cmd: 'true' }, { sh })).toMatchObject({
      status: 'failed',
      why: 'the shell that ran true ended without a word: sh: killed',
      ran: { exitCode: undefined },
    })
  })

  it.each([
    [{}, 'takes cmd or argv, and one of them'],
    [{ cmd: 'ls', argv: ['ls'] }, 'takes cmd or argv, and one of them'],
    [{ cmd: ' ' }, 'must not be empty'],
    [{ cmd: 'echo "a' }, 'the quote " is not closed'],
    [{ cmd: 'echo \\' }, 'ends in a backslash'],
    [{ argv: ['a\0b'] }, 'holds a NUL character'],
  ])('refuses %j', (args, complaint) => {
    expect(complaints(command.args, args)).toEqual([complaint])
  })

  it('refuses an environment variable that cannot be one', async () => {
    const run = command.run(command.args.parse({ cmd: 'true' }), aContext({ environment: { 'a-b': 'x' } }))
    await expect(run).rejects.toThrow('environment.a-b: is no name of an environment variable')
  })
})

it('shell runs the line with the shell it names', async () => {
  const sh = shellHere(['/bin/sh'])
  const { result } = await act(shell, { cmd: 'echo $0', executable: '/bin/sh' }, { sh })
  expect(result?.stdout).toBe('/bin/sh')
})

describe('a command line', () => {
  it.each([
    ['a b\tc\nd', ['a', 'b', 'c', 'd']],
    ['', []],
    [`a"b c"'d "e'`, ['ab cd "e']],
    [`"a\\"b\\\\c\\d"`, ['a"b\\c\\d']],
    [`'a\\'`, ['a\\']],
    ['a\\ b', ['a b']],
    [`'' ""`, ['', '']],
    ['# no comment', ['#', 'no', 'comment']],
  ])('%j is %j', (line, words) => {
    expect(splitWords(line)).toEqual(words)
  })

  it('any words come back from their quoted form', () => {
    const quoted = (word: string) => `'${word.replaceAll("'", `'"'"'`)}'`
    fc.assert(
      fc.property(fc.array(fc.string()), words => {
        expect(splitWords(words.map(quoted).join(' '))).toEqual(words)
      }),
    )
  })
})
