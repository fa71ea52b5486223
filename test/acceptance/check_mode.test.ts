import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noAccounts, startAccounts } from '../runner/transport/real_accounts.ts'
import { Project } from './project.ts'

const missing = noAccounts()

let project: Project
beforeAll(async () => {
  if (!missing) project = new Project(await startAccounts({}))
})
afterAll(() => project?.accounts[Symbol.asyncDispose]())

const touching = (file: string, mode: string): string =>
  `- hosts: all\n  tasks:\n    - command: touch ${file}\n${mode}`

describe.skipIf(missing)(`check_mode: false${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test.each([
    ['runs a command in a dry run', '      check_mode: false\n', true],
    ['is what it takes for that', '', false],
  ])('%s', async (title, mode, isThere) => {
    const target = join(project.accounts.home, `${title.length}`)
    const { exitCode } = await project.play(project.inventory(['lab']), touching(target, mode), '--check')
    expect([exitCode, existsSync(target)]).toEqual([0, isThere])
  })

  test.each([['vfio_ids: {devices: ["10de:13c2"]}'], ['copy: {dest: /tmp/x, content: y}'], ['reboot: {}']])(
    'is a mistake before the first connection at a state module: %s',
    async task => {
      const before = project.accounts.connections()
      const playbook = `- hosts: all\n  tasks:\n    - ${task}\n      check_mode: false\n`
      for (const flags of [['--check'], []]) {
        const { exitCode, stdout, stderr } = await project.play(
          project.inventory(['lab']),
          playbook,
          ...flags,
        )
        expect([exitCode, stdout]).toEqual([5, ''])
        expect(stderr).toMatch(/:4:\d+[\s\S]*check_mode/)
      }
      expect(project.accounts.connections() - before).toBe(0)
    },
  )
})
