import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Fleet, type Member, startFleet } from '../../sandbox/fleet.ts'
import { differences, hostTree } from './host_tree.ts'
import { oneKernel } from './members.ts'
import { replaceProgram, sandboxOf } from './on_host.ts'
import { type Played, playFleet, writePlaybook } from './play_fleet.ts'

const HOST = 'z170-a'
const PASSWORD = 'Tr0ub4dor&3'

const withSudo = (sudo: 'nopasswd' | 'password' | 'denied'): Record<string, Member> => ({
  [HOST]: { ...oneKernel, serve: { sudo, password: PASSWORD } },
})

describe.concurrent('a sudo that', () => {
  test('asks, and gets the right password, lets the run go through', async () => {
    await using fleet = await startFleet(withSudo('password'))
    const stdin = recordStdin(fleet)
    const run = await playFleet(fleet, { becomePassword: PASSWORD })
    expect([run.exitCode, run.failure(HOST), run.rebooted(HOST)]).toEqual([0, '', true])
    expectNowhere(fleet, run, stdin())
  })

  test('does not ask is not told the password: it reaches neither script, log, journal nor a file', async () => {
    await using fleet = await startFleet(withSudo('nopasswd'))
    const stdin = recordStdin(fleet)
    const run = await playFleet(fleet, { becomePassword: PASSWORD })
    expect([run.exitCode, run.failure(HOST)]).toEqual([0, ''])
    expectNowhere(fleet, run, stdin())
  })

  test.for([
    [
      'gets a wrong password',
      'password',
      'hunter2',
      /^failed: sudo: wrong password for admin\nrun again with -K/,
    ],
    [
      'asks where there is no password to tell',
      'password',
      undefined,
      /^failed: sudo asks for a password\npass -K/,
    ],
    [
      'knows no such user',
      'denied',
      PASSWORD,
      /^failed: admin is not in the sudoers file.\ngive the user the right/,
    ],
  ] as const)(
    '%s ends the run on that host before anything is looked at',
    async ([, sudo, password, why], context) => {
      const { expect } = context
      await using fleet = await startFleet(withSudo(sudo))
      const before = hostTree(sandboxOf(fleet))
      const run = await playFleet(fleet, { becomePassword: password })
      expect(run.exitCode).toBe(2)
      expect(run.failure(HOST)).toMatch(why)
      expect(run.cost(HOST).execs).toBe(1)
      expect(differences(before, hostTree(sandboxOf(fleet)))).toEqual([])
      expect(JSON.stringify(run.events)).not.toContain(password ?? PASSWORD)
    },
  )
})

test('a user who does not become root is told to, and nothing is written', async () => {
  await using fleet = await startFleet(withSudo('nopasswd'))
  const before = hostTree(sandboxOf(fleet))
  const playbook = readFileSync('playbooks/gpu.yaml', 'utf8').replace('become: true', 'become: false')
  const run = await playFleet(fleet, { playbook: writePlaybook(fleet, playbook) })
  expect([run.exitCode, run.failure(HOST)]).toEqual([
    2,
    'failed: this needs root, and the host was looked at as user id 1000\nset become: true in the play, or -b',
  ])
  expect(differences(before, hostTree(sandboxOf(fleet)))).toEqual([])
})

/** What the shells that wait for a script are given. @returns a reader. */
function recordStdin({ folder, ...fleet }: Fleet): () => string {
  const record = join(folder, 'stdin')
  replaceProgram(
    sandboxOf({ folder, ...fleet }),
    'sh',
    `[ "$*" = -s ] || exec /bin/sh "$@"\ntee -a '${record}' | /bin/sh -s`,
  )
  return () => readFileSync(record, 'latin1')
}

function expectNowhere(fleet: Fleet, run: Played, stdin: string): void {
  expect(stdin).toContain('main() {')
  expect(stdin).not.toContain(PASSWORD)
  expect(JSON.stringify(run.events)).not.toContain(PASSWORD)
  expect(
    JSON.stringify([...fleet.hosts.values()].flatMap(({ server }) => server.counters.execs)),
  ).not.toContain(PASSWORD)
  const holders = [...hostTree(sandboxOf(fleet))].filter(([, content]) => content.includes(PASSWORD))
  // Where the stand-in of sudo knows it from.
  expect(holders.map(([path]) => path)).toEqual(['/.sandbox/sudo-password'])
}
