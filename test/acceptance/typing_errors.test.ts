import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noAccounts, startAccounts } from '../runner/transport/real_accounts.ts'
import { Project } from './project.ts'

const missing = noAccounts()

let project: Project
beforeAll(async () => {
  if (!missing) project = new Project(await startAccounts({}))
})
afterAll(() => project?.accounts[Symbol.asyncDispose]())

/** A task that is right stands first: Ansible would run it before it met the mistake. */
const play = (rest: string): string => `- hosts: all\n  tasks:\n    - command: "true"\n${rest}`

describe.skipIf(missing)(`mistakes do not reach the hosts${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test.each<[string, string, readonly string[], RegExp]>([
    ['a module', play('    - vfio_idz: {devices: []}\n'), [], /:4:7[\s\S]*vfio_idz[\s\S]*vfio_ids/],
    ['an argument', play('    - copy: {dst: /x, content: y}\n'), [], /:4:14[\s\S]*dst[\s\S]*dest/],
    [
      'a key of a task',
      play('    - command: "true"\n      regster: out\n'),
      [],
      /:5:7[\s\S]*regster[\s\S]*register/,
    ],
    [
      'a name in a template',
      play('    - debug: {msg: "{{ inventory_hostnam }}"}\n'),
      [],
      /:4:\d+[\s\S]*inventory_hostname/,
    ],
    ['a filter', play('    - debug: {msg: "{{ 1 | defalt(2) }}"}\n'), [], /:4:\d+[\s\S]*default/],
    ['a syntax of templates', play('    - debug: {msg: "{{ 1 + }}"}\n'), [], /:4:\d+/],
    [
      'a handler',
      play('      notify: restrat\n  handlers:\n    - name: restart\n      command: "true"\n'),
      [],
      /:4:\d+[\s\S]*restrat[\s\S]*restart/,
    ],
    ['a file', play('    - include_vars: {file: none.yaml}\n'), [], /:4:\d+[\s\S]*none\.yaml/],
    ['a host in --limit', play(''), ['--limit', 'labb'], /--limit[\s\S]*labb[\s\S]*lab/],
    ['a tag', play(''), ['--start-at-task', 'nosuch'], /nosuch/],
  ])('%s', async (_, playbook, flags, told) => {
    const before = project.accounts.connections()
    const { exitCode, stdout, stderr } = await project.play(project.inventory(['lab']), playbook, ...flags)
    expect([exitCode, stdout, stderr]).toEqual([5, '', expect.stringMatching(told)])
    expect(project.accounts.connections() - before).toBe(0)
  })

  test('are all told in one go', async () => {
    const playbook = play(
      '    - vfio_idz: {}\n    - debug: {msg: "{{ nosuch_name }}"}\n    - command: {cmdd: x}\n',
    )
    const { exitCode, stderr } = await project.play(project.inventory(['lab']), playbook)
    expect(exitCode).toBe(5)
    for (const word of ['vfio_idz', 'cmdd']) expect(stderr).toContain(word)
  })

  test('that are mended let the run go through', async () => {
    const before = project.accounts.connections()
    const { exitCode } = await project.play(project.inventory(['lab']), play(''))
    expect([exitCode, project.accounts.connections() - before]).toEqual([0, 1])
  })
})
