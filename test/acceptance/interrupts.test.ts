import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { noAccounts, startAccounts } from '../runner/transport/real_accounts.ts'
import { Project } from './project.ts'

const missing = noAccounts()

let project: Project
beforeAll(async () => {
  if (!missing) project = new Project(await startAccounts({}))
})
afterAll(() => project?.accounts[Symbol.asyncDispose]())

/** A step that begins, waits until it is let go, and says that it came to its end; then one that must not begin. */
const stepwise = (at: (name: string) => string): string => `- hosts: all
  tasks:
    - shell: touch ${at('begun')}; while [ ! -e ${at('go')} ]; do sleep 0.1; done; touch ${at('ended')}
    - shell: touch ${at('next')}
`

function start(name: string) {
  const at = (file: string): string => join(project.accounts.home, `${name}-${file}`)
  const child = project.start(project.inventory(['lab']), stepwise(at), '--output', 'json')
  const lines: string[] = []
  if (child.stdout) createInterface({ input: child.stdout }).on('line', line => lines.push(line))
  const warned = () => lines.filter(line => line.includes('"warning"') && line.includes('interrupted')).length
  const events = () => lines.map(line => JSON.parse(line))
  return { at, child, warned, events, ended: once(child, 'close') }
}

const begun = (at: (name: string) => string) =>
  vi.waitUntil(() => existsSync(at('begun')), { timeout: 30_000, interval: 50 })

describe.skipIf(missing)(`Ctrl-C${missing ? ` (skipped: ${missing})` : ''}`, { timeout: 60_000 }, () => {
  test('lets the host finish the step it is in, and begins no other', async () => {
    const { at, child, warned, events, ended } = start('once')
    await begun(at)
    child.kill('SIGINT')
    await vi.waitUntil(() => warned() > 0, { timeout: 10_000 })
    writeFileSync(at('go'), '')
    expect(await ended).toEqual([130, null])
    expect([existsSync(at('ended')), existsSync(at('next'))]).toEqual([true, false])
    expect(events().at(-1)).toMatchObject({
      event: 'recap',
      exitCode: 130,
      hosts: { lab: { unreachable: 0 } },
    })
  })

  test('a second time gives the connection up at once, and the recap says so', async () => {
    const { at, child, warned, events, ended } = start('twice')
    await begun(at)
    child.kill('SIGINT')
    await vi.waitUntil(() => warned() > 0, { timeout: 10_000 })
    const before = performance.now()
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    expect(performance.now() - before).toBeLessThan(5000)
    expect([existsSync(at('ended')), existsSync(at('next'))]).toEqual([false, false])
    expect(events().at(-1)).toMatchObject({
      event: 'recap',
      exitCode: 130,
      hosts: { lab: { unreachable: 1 } },
    })
    writeFileSync(at('go'), '')
  })
})
