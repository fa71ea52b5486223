import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { type Fleet, startFleet } from '../../sandbox/fleet.ts'
import { oneKernel } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { type Played, playFleet, writePlaybook } from './play_fleet.ts'

const [ONE, OTHER] = ['z170-a', 'z170-b']

const play = (fleet: Fleet, text: string): Promise<Played> =>
  playFleet(fleet, { playbook: writePlaybook(fleet, text) })

describe('facts', () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await startFleet({ [ONE]: oneKernel, [OTHER]: oneKernel })
  })
  afterAll(() => fleet?.[Symbol.asyncDispose]())

  const NEVER = '  become: true\n  tasks:\n    - debug: {msg: "{{ ansible_kernel }}"}\n      when: false\n'

  test.each([
    ['are looked for where a task reads them', '', 0],
    ['are looked for on each host where the play says so', '  gather_facts: true\n', 1],
    ['are not looked for before that where it says so', '  gather_facts: false\n', 0],
  ])('%s', async (_, words, execs) => {
    const run = await play(fleet, `- hosts: all\n${words}${NEVER}`)
    expect([run.exitCode, run.cost(ONE).execs, run.cost(OTHER).execs]).toEqual([0, execs, execs])
  })

  test('a host that cannot be looked at is unreachable before its first task', async () => {
    const run = await playFleet(fleet, {
      playbook: writePlaybook(fleet, `- hosts: all\n  gather_facts: true\n${NEVER}`),
      connect: async ({ name }) => {
        throw new UserError({ kind: 'unreachable', where: name, why: 'nobody is there' })
      },
    })
    expect(run.exitCode).toBe(4)
    expect(run.of('task')).toEqual([])
  })

  const READS_OTHER = `- hosts: ${ONE}
  tasks:
    - debug: {msg: "{{ hostvars['${OTHER}'].ansible_facts.os_family }} {{ hostvars['${OTHER}'].ansible_kernel }}"}
`

  test('of another host can be read once the run has looked at it', async () => {
    const gathered = await play(
      fleet,
      `- hosts: ${OTHER}\n  gather_facts: true\n  become: true\n${READS_OTHER}`,
    )
    expect([gathered.failure(ONE), gathered.exitCode]).toEqual(['', 0])
    expect(gathered.of('task', ONE)[0]?.why).toMatch(/^Debian \d/)
    const alone = await play(fleet, READS_OTHER)
    expect(alone.exitCode).toBe(2)
    expect(alone.failure(ONE)).toMatch(
      /nothing is known of the facts of z170-b: this run has not looked at it yet\nlet a play before this one name z170-b in its hosts, with gather_facts: true/,
    )
  })

  test('the name with its domain takes one more look, once', async () => {
    for (const host of [ONE, OTHER])
      replaceProgram(sandboxOf(fleet, host), 'getent', 'echo "192.0.2.2 lab lab.example.org"')
    const tasks = ['ansible_kernel', 'ansible_fqdn', 'ansible_domain'].map(
      name => `    - debug: {msg: "{{ ${name} }}"}\n`,
    )
    const run = await play(fleet, `- hosts: ${ONE}\n  become: true\n  tasks:\n${tasks.join('')}`)
    expect(run.of('task', ONE).map(({ why }) => why)).toEqual([
      expect.stringMatching(/^\d/),
      'lab.example.org',
      'example.org',
    ])
    expect(run.cost(ONE).execs).toBe(2)
  })
})

test('what a task with no_log runs and prints is not told, also when it fails', async () => {
  await using fleet = await startFleet({ [ONE]: oneKernel })
  const sandbox = sandboxOf(fleet)
  replaceProgram(sandbox, 'dpkg-query', 'exit 0')
  replaceProgram(sandbox, 'apt-get', 'echo a-secret; exit 100')
  const run = await play(
    fleet,
    `- hosts: all\n  become: true\n  tasks:\n    - {package: {name: hush}, no_log: true, environment: {TOKEN: a-secret}}\n`,
  )
  expect(run.exitCode).toBe(2)
  expect(run.failure(ONE)).toMatch(/a step that is hidden: no_log failed with exit code 100/)
  expect(JSON.stringify(run.events)).not.toMatch(/a-secret|hush/)
})
