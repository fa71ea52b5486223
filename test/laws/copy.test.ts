import { existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareHosts } from '../../src/host/compare.ts'
import { gather } from '../../src/host/gather.ts'
import type { Host } from '../../src/host/host.ts'
import { modules } from '../../src/modules/index.ts'
import { type ApplyOptions, applyScript } from '../../src/runner/host_scripts/apply.ts'
import { type Plan, type PlannedCall, planTasks } from '../../src/runner/plan.ts'
import { undoPlan } from '../../src/runner/undo.ts'
import { recordedHost } from '../hosts/index.ts'
import { EFFORT } from './effort.ts'
import { framesOf, MachineTree } from './machine_tree.ts'
import { isInstalled, SHELLS } from './shells.ts'

/** Copied files and packages over a folder: looked at, planned, applied by the real script, looked at again, taken back. */
const recorded = recordedHost('debian12-intel')
const host: Host = {
  ...recorded,
  files: { ...recorded.files, '/etc/qemu/old.conf': { bytes: 'old\n', mode: '644' } },
}
const [OLD, NEW] = ['/etc/qemu/old.conf', '/etc/qemu/new.conf']
const NONCE = '0123456789abcdef'
const OPTIONS: ApplyOptions = {
  ...{ nonce: NONCE, run: 'run1', segment: 1, lockFor: 600, who: 'me@here', release: true },
}
const look = gather(NONCE, { requests: { files: [OLD, NEW], packages: ['qemu'] } })

const shells = SHELLS.map(shell => [shell.name, { argv: shell.argv, skip: !isInstalled(shell) }] as const)

const call = (name: string, args: Readonly<Record<string, unknown>>): PlannedCall => {
  const module = modules.get(name)
  if (module === undefined) throw new Error(`there is no ${name}`)
  return { module, args: module.args.parse(args) }
}

/** What is there now, as root would see it: the scripts run as somebody who owns all of it. */
const seen = (tree: MachineTree): Host => ({ ...look.parse(tree.run(look.script).stdout), uid: 0 })

function applied(tree: MachineTree, plan: Plan, segment = 1): { ended: string; why: string; after: Host } {
  const { stdout } = tree.run(applyScript(plan, look, { ...OPTIONS, segment }))
  const last = framesOf(NONCE, stdout).findLast(({ name }) => ['ok', 'failed'].includes(name))
  return { ended: last?.name ?? '', why: last?.body ?? '', after: seen(tree) }
}

describe.each(shells)('under %s', (_, { argv, skip }) => {
  const test = it.skipIf(skip)

  test('copies are as foreseen, converged then, and taken back with their modes', () => {
    using tree = new MachineTree(host, argv)
    const before = tree.snapshot()
    const calls = [
      call('copy', { dest: OLD, content: 'secret\n', mode: '0600' }),
      call('copy', { dest: NEW, content: 'ü\n', mode: '0640', force: false }),
      call('template', { src: 'x.j2', content: 'ü\n', dest: NEW, mode: '0640' }),
    ]
    const plan = planTasks(seen(tree), calls)
    expect(plan.outcomes.map(({ kind }) => kind)).toEqual(['change', 'change', 'converged'])
    const { ended, after } = applied(tree, plan)
    expect(ended).toBe('ok')
    expect(filesWrong(plan.predicted, after)).toEqual([])
    expect([after.files[OLD], after.files[NEW]]).toEqual([
      { bytes: 'secret\n', mode: '600' },
      { bytes: '\xc3\xbc\n', mode: '640' },
    ])
    expect(planTasks(after, calls).outcomes.map(({ kind }) => kind)).toEqual(calls.map(() => 'converged'))
    expect(applied(tree, undoPlan(plan, after), 2).ended).toBe('ok')
    expect(tree.snapshot()).toEqual(before)
  })

  test('a mode alone is changed, and so is an owner', () => {
    using tree = new MachineTree(host, argv)
    const uid = lstatSync(tree.at(OLD)).uid
    const calls = [call('copy', { dest: OLD, content: 'old\n', mode: '0400', owner: uid, group: uid })]
    const plan = planTasks(seen(tree), calls)
    expect(plan.changes).toHaveLength(1)
    expect(applied(tree, plan)).toMatchObject({ ended: 'ok', after: { files: { [OLD]: { mode: '400' } } } })
  })

  test('an owner who does not exist fails the step, and all is as before', () => {
    using tree = new MachineTree(host, argv)
    const before = tree.snapshot()
    const calls = [
      call('copy', { dest: NEW, content: 'new\n' }),
      call('copy', { dest: OLD, content: 'x', owner: 'nobody-of-this-name' }),
    ]
    const { ended, why } = applied(tree, planTasks(seen(tree), calls))
    expect([ended, why]).toEqual([
      'failed',
      `cannot give ${OLD} to the user nobody-of-this-name (is there one?)`,
    ])
    expect(tree.snapshot()).toEqual(before)
  })

  test('a file that somebody has made or changed meanwhile is not written over', () => {
    using tree = new MachineTree(host, argv)
    const plan = planTasks(seen(tree), [call('copy', { dest: NEW, content: 'new\n' })])
    tree.write(NEW, 'theirs\n')
    expect(applied(tree, plan).why).toContain(`${NEW} was changed by someone else`)
    expect(tree.read(NEW)).toBe('theirs\n')
  })

  test('folders are not made, and what is no file is told of', () => {
    using tree = new MachineTree(host, argv)
    mkdirSync(tree.at(NEW))
    const calls = [call('copy', { dest: NEW, content: 'x' })]
    expect(planTasks(seen(tree), calls).outcomes[0]).toMatchObject({
      kind: 'blocked',
      hint: `name the file in it: dest: ${NEW}/NAME`,
    })
    rmSync(tree.at('/etc/qemu'), { recursive: true })
    expect(planTasks(seen(tree), calls).outcomes[0]).toMatchObject({
      kind: 'blocked',
      hint: 'make it first: command: mkdir -p /etc/qemu',
    })
  })

  test('packages are installed by the manager of the host, and looked for again', () => {
    using tree = new MachineTree(host, argv)
    const database = tree.at('/var/lib/installed')
    tree.replaceProgram('dpkg-query', `cat ${database} 2>/dev/null; exit 0`)
    tree.replaceProgram(
      'apt-get',
      `[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 1
for last; do :; done; echo "installed|$last|amd64|1:7.2|" >>${database}`,
    )
    tree.write('/etc/os-release', 'ID=debian\nNAME=Debian\n')
    const calls = [call('package', { name: 'qemu' }), call('copy', { dest: NEW, content: 'x' })]
    const plan = planTasks(seen(tree), calls)
    expect(plan.changes.map(({ kind }) => kind)).toEqual(['run', 'write'])
    const { ended, after } = applied(tree, plan)
    expect(ended).toBe('ok')
    expect(planTasks(after, calls).outcomes.map(({ why }) => why)).toEqual([
      'qemu 1:7.2: installed already',
      `${NEW} is so already`,
    ])
    // What is taken back are the files.
    expect(undoPlan(plan, after).changes.map(({ kind }) => kind)).toEqual(['remove'])
  })

  test('an installation that fails takes the files back', () => {
    using tree = new MachineTree(host, argv)
    tree.replaceProgram('dpkg-query', 'exit 0')
    tree.replaceProgram('apt-get', 'echo "E: Unable to locate package qemu" >&2; exit 100')
    tree.write('/etc/os-release', 'ID=debian\n')
    const calls = [call('copy', { dest: NEW, content: 'x' }), call('package', { name: 'qemu' })]
    const { ended, why } = applied(tree, planTasks(seen(tree), calls))
    expect(ended).toBe('failed')
    expect(why).toMatch(/^env DEBIAN_FRONTEND=.* install qemu failed with exit code 100$/)
    expect(existsSync(tree.at(NEW))).toBe(false)
  })
})

const [dash] = SHELLS

it.skipIf(!isInstalled(dash))('any text and mode are on the host as they were asked for', () => {
  const mode = fc.constantFrom(undefined, '0600', '0644', '755')
  const content = fc
    .oneof(fc.string(), fc.string({ unit: 'binary' }))
    .filter(text => !text.includes('\0') && text.isWellFormed())
  fc.assert(
    fc.property(content, content, mode, (first, second, wanted) => {
      using tree = new MachineTree(host, dash.argv)
      for (const [n, text] of [first, second].entries()) {
        const calls = [call('copy', { dest: NEW, content: text, mode: wanted })]
        const plan = planTasks(seen(tree), calls)
        if (plan.changes.length === 0) continue
        const { ended, after } = applied(tree, plan, n)
        expect([ended, after.files[NEW]]).toEqual(['ok', plan.predicted.files[NEW]])
        expect(Buffer.from(after.files[NEW]?.bytes ?? '', 'latin1').toString()).toBe(text)
      }
    }),
    { numRuns: 4 * EFFORT },
  )
})

/** Fields about files that were foreseen otherwise than they came; who owns a new one is nobody's claim. */
const filesWrong = (predicted: Host, after: Host): readonly string[] =>
  compareHosts(predicted, after)
    .wrong.map(({ field }) => field)
    .filter(field => /^(files|places|packages)\b/.test(field))
