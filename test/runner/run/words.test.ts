import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { CLOSED, CLOSED_FILE, SECRETS, tagged } from '../yaml/closed.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { type Played, type PlayOptions, playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'

/** Runs tasks on the guide's machine, as root. */
const play = (fleet: Fleet, tasks: string, options: PlayOptions = {}): Promise<Played> =>
  playFleet(fleet, {
    ...options,
    playbook: writePlaybook(
      fleet,
      `- hosts: all\n  become: true\n  tasks:\n${tasks.replace(/^/gm, '    ')}\n`,
    ),
  })

const told = (played: Played): string[] =>
  played.of('task').map(({ module, status, why }) => `${module} ${status}: ${why}`)

describe.concurrent('texts on hosts', () => {
  const TASKS = `- copy:
    content: "listen = {{ inventory_hostname }}\\n"
    dest: /etc/qemu.conf
    mode: "0600"
- template:
    src: hosts.j2
    dest: /etc/guests`

  test('are written as the dry run has shown, once, and a converged host is looked at once', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    mkdirSync(join(fleet.folder, 'templates'))
    writeFileSync(
      join(fleet.folder, 'templates/hosts.j2'),
      '{% for n in [1, 2] %}\nguest{{ n }}\n{% endfor %}\n',
    )
    const before = hostTree(sandbox)
    const dry = await play(fleet, TASKS, { check: true })
    expect(differences(before, hostTree(sandbox))).toEqual([])
    const run = await play(fleet, TASKS)
    expect([run.exitCode, run.failure(HOST), told(run)]).toEqual([
      0,
      '',
      ['copy changed: /etc/qemu.conf is new', 'template changed: /etc/guests is new'],
    ])
    expect(run.of('diff')).toEqual(dry.of('diff'))
    // They are none of the boot's.
    expect(run.of('boots')).toEqual([])
    expect([sandbox.read('/etc/qemu.conf'), sandbox.read('/etc/guests')]).toEqual([
      `listen = ${HOST}\n`,
      'guest1\nguest2\n',
    ])
    expect(lstatSync(sandbox.at('/etc/qemu.conf')).mode & 0o777).toBe(0o600)
    expect(run.of('prediction').flatMap(({ wrong }) => wrong)).toEqual([])
    const again = await play(fleet, TASKS)
    expect([again.recap(HOST).changed, again.cost(HOST).execs]).toEqual([0, 1])
    // What it was doing goes on once it is connected.
    const phases = again.of('phase').map(({ phase }) => phase)
    expect(phases).toEqual(['look', 'connect', 'look', 'plan', 'done'])
  })

  test('out of ansible-vault arrive open, and nothing that is told shows them', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    mkdirSync(join(fleet.folder, 'files'))
    writeFileSync(join(fleet.folder, 'files/closed'), CLOSED_FILE)
    const playbook = writePlaybook(
      fleet,
      `- hosts: all
  become: true
  vars:
    word: ${tagged(CLOSED, '      ')}  tasks:
    - copy: {src: closed, dest: /etc/token, mode: "0600"}
    - command: echo {{ word }} t0ken-in-file
    - debug: {msg: "it is {{ word }}"}
    - fail: {msg: "not {{ word }}"}
`,
    )
    const run = await playFleet(fleet, { playbook, vault: SECRETS, diff: true, verbosity: 3 })
    expect(sandboxOf(fleet).read('/etc/token')).toBe('token: t0ken-in-file\nnumber: 7\n')
    expect(told(run)).toEqual([
      'copy changed: /etc/token is new',
      'command changed: ran echo (secret) t0ken-in-file',
      'debug ok: it is (secret)',
      'fail failed: not (secret)',
    ])
    expect(JSON.stringify(run.events)).not.toContain('s3cret value')
    expect(run.of('diff').map(({ after }) => after)).toEqual(['(secret)\n'])
  })

  test('are put back where a later step fails', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const sandbox = sandboxOf(fleet)
    replaceProgram(sandbox, 'apt-get', 'echo "E: Unable to locate package qemu" >&2; exit 100')
    replaceProgram(sandbox, 'dpkg-query', 'exit 0')
    const run = await play(
      fleet,
      `- copy:\n    content: x\n    dest: /etc/qemu.conf\n- package:\n    name: qemu`,
    )
    expect(run.exitCode).toBe(2)
    expect(run.failure(HOST)).toMatch(/install qemu failed with exit code 100/)
    expect(() => sandbox.read('/etc/qemu.conf')).toThrow('ENOENT')
  })

  test('need a folder, which is said before anything is written', async () => {
    await using fleet = await startFleet({ [HOST]: oneKernel })
    const run = await play(
      fleet,
      `- copy:\n    content: x\n    dest: /etc/one\n- copy:\n    content: x\n    dest: /opt/none/two`,
    )
    expect(run.failure(HOST)).toMatch(/there is no folder \/opt\/none on the host\nmake it first/)
    expect(() => sandboxOf(fleet).read('/etc/one')).toThrow('ENOENT')
  })
})

test('packages that are there are installed already, and others are there afterwards', async () => {
  await using fleet = await startFleet({ [HOST]: oneKernel })
  const sandbox = sandboxOf(fleet)
  sandbox.write('/var/lib/database', 'installed|libvirt|amd64|9.0|\n')
  replaceProgram(sandbox, 'dpkg-query', 'cat "$VFIO_RUN_ROOT/var/lib/database"')
  replaceProgram(
    sandbox,
    'apt-get',
    'for last; do :; done; echo "installed|$last|amd64|1:7.2|" >>"$VFIO_RUN_ROOT/var/lib/database"',
  )
  const tasks = '- package:\n    name: [libvirt, qemu]\n    update_cache: false'
  expect(told(await play(fleet, tasks))).toEqual(['package changed: installs qemu'])
  expect(told(await play(fleet, tasks))).toEqual(['package ok: libvirt 9.0, qemu 1:7.2: installed already'])
})

test('commands run in the order of the tasks, and what follows sees what they did', async () => {
  await using fleet = await startFleet({ [HOST]: oneKernel })
  const run = await play(
    fleet,
    `- command: mkdir -p /tmp creates=/etc/guests
- shell: mkdir -p "$VFIO_RUN_ROOT/opt/guests"
- copy:
    content: x
    dest: /opt/guests/one
- command: cat one chdir=/opt/guests
  register: shown
- assert:
    that: shown.stdout == 'x'`,
  )
  expect([run.exitCode, run.failure(HOST)]).toEqual([0, ''])
  expect(told(run).map(line => line.split(':')[0])).toEqual([
    ...['command changed', 'shell changed', 'copy changed', 'command changed', 'assert ok'],
  ])
})
