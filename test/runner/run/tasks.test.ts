import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel, z170a } from './members.ts'
import { lockOf, replaceProgram, sandboxOf } from './on_host.ts'
import { type Played, type PlayOptions, playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'

/** A play on all hosts, as root. */
const playOf = (fleet: Fleet, tasks: string, options: PlayOptions = {}): Promise<Played> =>
  playFleet(fleet, { playbook: writePlaybook(fleet, `- hosts: all\n  become: true\n${tasks}`), ...options })

const statuses = (run: Played): string[] =>
  run.of('task', HOST).map(({ task, status, ignored }) => `${ignored ? 'ignored ' : ''}${status} ${task}`)
const told = (run: Played, name: string): string[] =>
  run
    .of('task', HOST)
    .filter(({ task }) => task === name)
    .map(({ why }) => why)

const BLACKLIST = `
    - name: blacklist
      driver_blacklist: { drivers: [nouveau] }
      register: listed`

describe('on one machine', () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await startFleet({ [HOST]: oneKernel })
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())

  const AROUND = `  tasks:
    - set_fact: { wanted: nouveau }
    - name: facts
      debug: { msg: "{{ ansible_facts.distribution }} {{ wanted }}" }
    - assert: { that: ansible_facts.os_family == 'Debian' }${BLACKLIST}
    - name: result
      debug: { msg: "{{ listed.changed }} {{ listed.msg }}" }
`

  test('debug, set_fact and assert cost nothing: a changed host a look and an apply, a converged one a look', async () => {
    const first = await playOf(fleet, AROUND)
    const second = await playOf(fleet, AROUND)
    expect([first.failure(HOST), first.exitCode]).toEqual(['', 0])
    expect([first.cost(HOST), second.cost(HOST)]).toMatchObject([
      { connections: 1, execs: 2 },
      { connections: 1, execs: 1 },
    ])
    expect(told(first, 'facts')).toEqual(['Debian nouveau'])
    expect([told(first, 'result')[0], told(second, 'result')[0]]).toEqual([
      expect.stringMatching(/^True /),
      expect.stringMatching(/^False /),
    ])
  })

  test.for([
    ['what it is told to look at before the first look joins it', '/etc/motd', 1],
    ['what depends on facts is looked at when it is reached', '/etc/{{ ansible_facts.distribution }}', 2],
  ] as const)('copy: %s', async ([, dest, looks]) => {
    const tasks = `  tasks:
    - set_fact: { text: "{{ ansible_facts.distribution }}" }
    - name: copy
      copy: { dest: "${dest}", content: "hello\\n", mode: "0644" }
      register: copied
    - name: read
      debug: { msg: "{{ copied.changed }}" }
`
    const first = await playOf(fleet, tasks)
    expect([first.failure(HOST), told(first, 'read')]).toEqual(['', ['true']])
    const second = await playOf(fleet, tasks)
    expect([told(second, 'read'), second.cost(HOST).execs]).toEqual([['false'], looks])
  })

  test('a command between state tasks is a barrier, and what follows is planned on a new look', async () => {
    const run = await playOf(
      fleet,
      `  tasks:${BLACKLIST}
    - name: by hand
      shell: rm "$VFIO_RUN_ROOT/etc/modprobe.d/nouveau.conf"
    - name: again
      driver_blacklist: { drivers: [nouveau] }
`,
    )
    expect([run.failure(HOST), statuses(run)]).toEqual([
      '',
      ['pending blacklist', 'changed by hand', 'changed again'],
    ])
    // A look, the command, a look behind it, and an apply.
    expect(run.cost(HOST)).toMatchObject({ connections: 1, execs: 4 })
  })

  test('a dry run runs no command, and does not say ok of what follows', async () => {
    const sandbox = sandboxOf(fleet)
    const before = hostTree(sandbox)
    const run = await playOf(
      fleet,
      `  tasks:
    - name: by hand
      command: touch /tmp/made
      register: made
    - name: after
      driver_blacklist: { drivers: [nouveau] }
    - name: reader
      debug: { msg: "{{ made.stdout }}" }
`,
      { check: true },
    )
    expect([run.exitCode, statuses(run)]).toEqual([0, ['unknown by hand', 'unknown after', 'unknown reader']])
    expect(told(run, 'after')[0]).toMatch(/^as seen now: .*; "by hand" runs before it and may change that$/)
    expect(differences(before, hostTree(sandbox))).toEqual([])
  })

  test('a command fails with what it said, and a rescue goes on', async () => {
    const run = await playOf(
      fleet,
      `  tasks:
    - block:
        - name: broken
          shell: echo out; echo err >&2; exit 3
      rescue:
        - name: told
          debug: { msg: "{{ ansible_failed_task.name }} {{ ansible_failed_result.rc }}" }
`,
    )
    expect([run.exitCode, run.recap(HOST).rescued, told(run, 'told')]).toEqual([0, 1, ['broken 3']])
    const [broken] = run.of('task', HOST)
    expect(broken?.ran).toMatchObject({ exitCode: 3, output: ['out', 'err'] })
  })

  test('until runs a command again; environment and delegate_to reach it', async () => {
    const run = await playOf(
      fleet,
      `  tasks:
    - name: try
      shell: echo x >>"$VFIO_RUN_ROOT/tmp/tries"; wc -l <"$VFIO_RUN_ROOT/tmp/tries"
      register: tries
      until: tries.stdout | trim == '3'
      retries: 5
      delay: 0
    - name: here
      shell: echo "$WORD $VFIO_RUN_ROOT"
      environment: { WORD: hello }
      delegate_to: localhost
      become: false
      register: here
    - name: read
      debug: { msg: "{{ tries.attempts }} {{ here.stdout | trim }}" }
`,
    )
    expect([run.failure(HOST), told(run, 'read')]).toEqual(['', ['3 hello']])
  })

  test('a command that takes too long is a failure of its task', async () => {
    const run = await playOf(
      fleet,
      `  tasks:
    - name: slow
      command: sleep 20
      timeout: 1
      ignore_errors: true
    - name: on
      command: 'true'
`,
    )
    expect([run.exitCode, statuses(run)]).toEqual([0, ['ignored failed slow', 'changed on']])
    expect(told(run, 'slow')).toEqual(['it took longer than its timeout of 1 s'])
  })
})

test('a failed apply is rescued on a fresh look, its files as they were, and the lock is free', async () => {
  await using fleet = await startFleet({ [HOST]: oneKernel })
  const sandbox = sandboxOf(fleet)
  replaceProgram(sandbox, 'update-initramfs', 'echo no room; exit 9')
  const before = hostTree(sandbox, '/etc')
  const run = await playOf(
    fleet,
    `  tasks:
    - block:
        - vfio_ids: { devices: "{{ vfio_devices }}" }
        - initramfs_rebuild:
      rescue:
        - name: why
          debug: { msg: "{{ ansible_failed_result.msg }}" }
        - name: still
          vfio_ids: { devices: "{{ vfio_devices }}", state: absent }
`,
  )
  expect([run.exitCode, run.recap(HOST).rescued, run.recap(HOST).failed]).toEqual([0, 1, 0])
  expect(told(run, 'why')[0]).toMatch(/^update-initramfs .* failed with exit code 9$/)
  expect(statuses(run).at(-1)).toBe('ok still')
  expect([differences(before, hostTree(sandbox, '/etc')), lockOf(sandbox)]).toEqual([[], ''])
})

test('a failed apply tells the command, its exit code and its last lines', async () => {
  await using fleet = await startFleet({ [HOST]: oneKernel })
  replaceProgram(sandboxOf(fleet), 'update-initramfs', 'echo no room; exit 9')
  const tasks = '  tasks:\n    - vfio_ids: { devices: "{{ vfio_devices }}" }\n    - initramfs_rebuild:\n'
  const run = await playOf(fleet, tasks)
  expect(run.of('host_failed', HOST)[0]?.ran).toEqual({
    command: 'update-initramfs -u -k all',
    exitCode: 9,
    output: ['no room'],
  })
  const ignoring = await playOf(fleet, `${tasks}      ignore_errors: true\n    - name: on\n      debug:\n`)
  expect([ignoring.exitCode, statuses(ignoring).slice(1)]).toEqual([
    0,
    ['ignored failed initramfs_rebuild', 'ok on'],
  ])
})

test('with any_errors_fatal nobody applies once one of them has refused', async () => {
  await using fleet = await startFleet({
    [HOST]: oneKernel,
    other: { ...z170a, vars: { ...z170a.vars, vfio_devices: ['01:00.0'] } },
  })
  const before = hostTree(sandboxOf(fleet, HOST), '/etc')
  const run = await playOf(
    fleet,
    '  any_errors_fatal: true\n  tasks:\n    - vfio_ids: { devices: "{{ vfio_devices }}" }\n',
    { forks: 1 },
  )
  expect(run.exitCode).toBe(2)
  expect(run.of('host_stopped').map(({ host, why }) => `${host}: ${why}`)).toEqual([
    `${HOST}: other has failed, and any_errors_fatal is set`,
  ])
  expect(differences(before, hostTree(sandboxOf(fleet, HOST), '/etc'))).toEqual([])
})

test('the first Ctrl-C ends a pause, and hosts stop at their next step', async () => {
  await using fleet = await startFleet({ [HOST]: oneKernel })
  const stop = new AbortController()
  const run = await playOf(
    fleet,
    '  tasks:\n    - pause: { seconds: 60 }\n    - name: later\n      command: "true"\n',
    {
      stop: stop.signal,
      onEvent: event => {
        if (event.event === 'phase' && event.phase === 'run') setTimeout(() => stop.abort(), 20)
      },
    },
  )
  expect([run.exitCode, told(run, 'later'), run.failure(HOST)]).toEqual([
    130,
    [],
    expect.stringContaining('interrupted before this step'),
  ])
})
