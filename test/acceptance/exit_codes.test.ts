import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LOGIN, noAccounts, startAccounts } from '../runner/transport/real_accounts.ts'
import { Project } from './project.ts'

const missing = noAccounts('/usr/bin/sudo')

let project: Project
beforeAll(async () => {
  if (!missing) project = new Project(await startAccounts({ sudoers: `${LOGIN} ALL=(ALL) NOPASSWD: ALL` }))
})
afterAll(() => project?.accounts[Symbol.asyncDispose]())

const TRUE = '- hosts: all\n  tasks:\n    - command: "true"\n'
const FALSE_ON_BAD = `- hosts: all
  tasks:
    - command: "{{ 'false' if inventory_hostname == 'bad' else 'true' }}"
`
const COPY = `- hosts: all
  become: true
  tasks:
    - copy: {dest: /etc/vfio-run-acceptance, content: "one\\n"}
`

/** ansible-playbook says 4 for an unreachable host and for a parse error, and 4 for failed and unreachable ones. */
describe.skipIf(missing)(`exit codes do not collide${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test.each<[number, string, () => Parameters<Project['play']>]>([
    [0, 'all is fine', () => [project.inventory(['fine']), TRUE]],
    [2, 'a host failed', () => [project.inventory(['fine', 'bad']), FALSE_ON_BAD]],
    [3, 'changes are pending', () => [project.inventory(['fine']), COPY, '--check', '--detailed-exitcode']],
    [4, 'a host is unreachable', () => [project.inventory(['fine'], ['gone']), TRUE]],
    [5, 'a playbook is wrong', () => [project.inventory(['fine']), '- hosts: all\n  task: []\n']],
    [5, 'an inventory is wrong', () => [project.file('hosts.yaml', 'all: ['), TRUE]],
    [5, 'a flag is wrong', () => [project.inventory(['fine']), TRUE, '--chek']],
    [6, 'one failed, one is unreachable', () => [project.inventory(['bad'], ['gone']), FALSE_ON_BAD]],
  ])('%i: %s', async (code, _, words) => {
    const { exitCode, stdout, stderr } = await project.play(...words())
    expect([exitCode, `${stdout}${stderr}`]).toEqual([code, expect.not.stringMatching(/^\s+at .*:\d+:\d+/m)])
  })

  test('7: another run holds the lock', async () => {
    const folder = join(project.accounts.varLib, 'vfio-run')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'lock'), `other ${Math.floor(Date.now() / 1000) + 600} eve@elsewhere\n`)
    const { exitCode, stdout } = await project.play(project.inventory(['fine']), COPY)
    rmSync(folder, { recursive: true })
    expect([exitCode, stdout.replaceAll(/\s+/g, ' ')]).toEqual([
      7,
      expect.stringContaining('run other by eve@elsewhere holds the lock'),
    ])
  })
})
