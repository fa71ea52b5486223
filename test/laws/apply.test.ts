import { chmodSync, existsSync, lstatSync, readdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { applyChanges, type Change, pathsOf } from '../../src/host/change.ts'
import { compareHosts } from '../../src/host/compare.ts'
import { gather } from '../../src/host/gather.ts'
import type { Host } from '../../src/host/host.ts'
import { type ApplyOptions, applyScript, attachScript } from '../../src/runner/host_scripts/apply.ts'
import { type Plan, type PlannedCall, planTasks, type Rebuild } from '../../src/runner/plan.ts'
import { recordedHost } from '../hosts/index.ts'
import { scenariosFor } from './calls.ts'
import { EFFORT } from './effort.ts'
import { fileBytes } from './hosts.ts'
import { ESP_COPY, framesOf, LOADER_STATE, MachineTree, UNSEEN_LINE, whyNoMount } from './machine_tree.ts'
import { isInstalled, SHELLS } from './shells.ts'

/**
 * Reversible, and the half of True that is about files: the real apply script under real shells, over a folder.
 * Where anything fails every file is back byte for byte, and where nothing does all is as the plan said.
 */
const recorded = applyChanges(recordedHost('debian12-intel'), [
  // One that goes, one that is changed and has odd bytes and a mode of its own.
  { kind: 'write', path: '/etc/modprobe.d/radeon.conf', before: undefined, after: 'blacklist radeon\n' },
  { kind: 'write', path: '/etc/modprobe.d/vfio.conf', before: undefined, after: '# caf\xe9 \xff\xfe\n' },
  // Those that a program edits and takes away.
  { kind: 'write', path: '/etc/default/grub.d/tool.cfg', before: undefined, after: '# \xff\n' },
  { kind: 'write', path: '/etc/modprobe.d/unwanted.conf', before: undefined, after: '# \xfe\n' },
])
const grub = recorded.files['/etc/default/grub'] ?? { bytes: '', mode: '' }
const host: Host = {
  ...recorded,
  files: { ...recorded.files, '/etc/default/grub': { ...grub, mode: '600' } },
}
let calls: readonly PlannedCall[] = []
let plan: Plan = planTasks(host, [])
let starts: readonly string[] = []

beforeAll(async () => {
  const scenarios = await scenariosFor(host)
  const best = scenarios
    .map(({ prepare }) => ({ prepare, plan: planTasks(host, prepare) }))
    .filter(
      one => one.plan.rebuilds.length === 2 && !one.plan.outcomes.some(({ kind }) => kind === 'blocked'),
    )
    .toSorted((a, b) => b.plan.changes.length - a.plan.changes.length)[0]
  if (best === undefined) throw new Error('no scenario changes the recorded host')
  calls = best.prepare
  const more: Change[] = [
    { kind: 'remove', path: '/etc/modprobe.d/radeon.conf', before: 'blacklist radeon\n' },
    ...BY_PROGRAMS,
  ]
  plan = {
    ...best.plan,
    changes: [...best.plan.changes, ...more],
    rebuilds: best.plan.rebuilds.map(alsoCopied),
    restoredBy: [['hidden-esp']],
    predicted: applyChanges(best.plan.predicted, more),
  }
  starts = programsOf(applyScript(plan, blind, OPTIONS))
})

/** Programs that edit files of their own and keep more beside them, before and after we write to one of these. */
const TOOL_FILE = '/etc/default/grub.d/tool.cfg'
const BY_PROGRAMS: readonly Change[] = [
  { kind: 'write', path: TOOL_FILE, before: '# \xff\n', after: '# ours\n' },
  {
    kind: 'run',
    argv: ['loader-tool', 'do', 'first', "# it's done", TOOL_FILE, '/etc/modprobe.d/tool.conf'],
    reason: 'a loader that keeps its own files',
    edits: [
      { path: TOOL_FILE, before: '# ours\n', after: "# it's done\n" },
      { path: '/etc/modprobe.d/tool.conf', before: undefined, after: "# it's done\n" },
    ],
    undo: ['loader-tool', 'undo', 'first'],
  },
  {
    kind: 'run',
    argv: ['loader-tool', 'do', 'second', '', '/etc/modprobe.d/unwanted.conf'],
    reason: 'a loader that keeps its own files',
    edits: [{ path: '/etc/modprobe.d/unwanted.conf', before: '# \xfe\n', after: undefined }],
    undo: ['loader-tool', 'undo', 'second'],
  },
  { kind: 'write', path: TOOL_FILE, before: "# it's done\n", after: '# ours again\n' },
]

/** As where the ESP holds copies of what is in /boot. */
const alsoCopied = (rebuild: Rebuild): Rebuild =>
  rebuild.kind === 'menu'
    ? rebuild
    : {
        ...rebuild,
        commands: [...rebuild.commands, ['copy-to-esp']],
        writes: [...rebuild.writes, ESP_COPY],
      }

const NONCE = '0123456789abcdef'
const OPTIONS: ApplyOptions = {
  nonce: NONCE,
  run: 'run1',
  segment: 1,
  lockFor: 600,
  who: "me@here's",
  release: true,
}
const look = gather(NONCE)
/** What a look starts after the end is of no interest where programs are made to fail. */
const blind = { ...look, body: { ...look.body, commands: '' } }
const scriptOf = (of: Plan, options: Partial<ApplyOptions> = {}): string =>
  applyScript(of, look, { ...OPTIONS, ...options })

const [dash] = SHELLS
const shells = SHELLS.map(shell => ({
  ...shell,
  skip: isInstalled(shell) ? '' : ` (${shell.argv[0]} is not installed)`,
}))

describe.each(shells.map(shell => [`under ${shell.name}${shell.skip}`, shell] as const))(
  '%s',
  (_, { argv, skip }) => {
    const test = it.skipIf(skip !== '')

    test('writes what was planned, keeps modes and originals, and leaves nothing else', () => {
      using tree = new MachineTree(host, argv)
      const { stdout } = tree.run(scriptOf(plan))
      expect(lastWord(stdout)).toEqual({ name: 'ok', body: '' })
      const applied = look.parse(stdout)
      expect(filesCompared(plan.predicted, applied)).toEqual([])
      expect(applied.files['/etc/default/grub']?.mode).toBe('600')
      expect(tree.read('/boot/grub/grub.cfg')).toBe('the menu as it is now\n')
      expect(tree.read(ESP_COPY)).toBe('the copy as it is now\n')
      expect(tree.read('/var/lib/vfio-run/lock')).toBe('')
      expect(tree.leftovers()).toEqual([])
      expect(originalsIn(tree)).toEqual(
        Object.fromEntries(pathsOf(plan.changes).map(path => [path, host.files[path]?.bytes])),
      )
    })

    test('runs programs in their place among the writes, and says so', () => {
      using tree = new MachineTree(host, argv)
      const { stdout } = tree.run(scriptOf(plan))
      const said = framesOf(NONCE, stdout).filter(({ name }) => ['wrote', 'run'].includes(name))
      expect(said.slice(-8).map(({ body }) => body)).toEqual([
        TOOL_FILE,
        `loader-tool do first # it's done ${TOOL_FILE} /etc/modprobe.d/tool.conf`,
        'loader-tool do second  /etc/modprobe.d/unwanted.conf',
        TOOL_FILE,
        'update-initramfs -u -k all',
        'copy-to-esp',
        'update-grub',
        'read the images back',
      ])
      expect(tree.read(LOADER_STATE)).toBe('first\nsecond\n')
    })

    test.each([
      ['update-grub', 1],
      ['update-initramfs', 1],
      ['the second program of a rebuild', 1, 'copy-to-esp'],
      ['a program that edits files', 1, 'loader-tool'],
      ['the next of those', 2, 'loader-tool'],
    ])(
      'puts everything back where %s fails, what programs keep beside files too',
      (title, nth, program = title) => {
        using tree = new MachineTree(host, argv)
        const before = tree.snapshot()
        tree.failAt(startsOf(program, nth))
        const { stdout } = tree.run(scriptOf(plan))
        expect(lastWord(stdout)?.body).toMatch(new RegExp(`^${program}.* failed with exit code 1$`))
        expect(existsSync(tree.at(LOADER_STATE))).toBe(false)
        expectUntouched(tree, before)
      },
    )

    test('says so where a program that copies what was put back fails, and goes on', () => {
      using tree = new MachineTree(host, argv)
      const before = tree.snapshot()
      tree.replaceProgram('update-grub', 'exit 1')
      tree.replaceProgram('hidden-esp', 'exit 1')
      const { stdout } = tree.run(scriptOf(plan))
      expect(framesOf(NONCE, stdout).filter(({ name }) => name === 'unrestored')).toEqual([
        { name: 'unrestored', body: 'what hidden-esp makes (run it by hand)' },
      ])
      const { [UNSEEN_LINE]: _, ...seen } = before
      expect(tree.snapshot()).toMatchObject(seen)
      expect(tree.leftovers()).toEqual([])
    })

    test('does not start that program where nothing could have copied anything yet', () => {
      using tree = new MachineTree(host, argv)
      tree.write('/etc/default/grub', '# theirs\n')
      tree.run(scriptOf(plan))
      expect(tree.starts()).not.toContain('hidden-esp')
    })

    test('takes away what a rebuild that fails has made and was not there', () => {
      using tree = new MachineTree(host, argv)
      const [images, menu] = plan.rebuilds
      const made = '/boot/efi/new.efi'
      if (images === undefined || menu === undefined) throw new Error('two rebuilds')
      const rebuilds = [{ ...images, writes: [...images.writes, made] }, menu]
      const before = tree.snapshot()
      tree.replaceProgram(
        'update-grub',
        `for f in "$VFIO_RUN_ROOT${made}" "$VFIO_RUN_ROOT/boot/grub/grub.cfg.new"; do echo >"$f"; done; exit 1`,
      )
      expect(lastWord(tree.run(scriptOf({ ...plan, rebuilds })).stdout)?.name).toBe('failed')
      expectUntouched(tree, before)
    })

    test('keeps aside and puts back what hooks write besides', () => {
      using tree = new MachineTree(host, argv)
      const entry = '/boot/efi/loader/entries/a.conf'
      tree.write(entry, 'options quiet\n')
      const before = tree.snapshot()
      tree.replaceProgram('update-grub', `echo options >"$VFIO_RUN_ROOT${entry}"; exit 1`)
      tree.run(scriptOf({ ...plan, keeps: [entry] }))
      expectUntouched(tree, before)
    })

    test('does not write over what a program made otherwise than foreseen', () => {
      using tree = new MachineTree(host, argv)
      const before = tree.snapshot()
      const changes = plan.changes.map(change =>
        change.kind === 'run' && change.argv[2] === 'first'
          ? { ...change, argv: ['loader-tool', 'do', 'first', '# another version', TOOL_FILE] as const }
          : change,
      )
      const { stdout } = tree.run(scriptOf({ ...plan, changes }))
      expect(lastWord(stdout)).toEqual({
        name: 'failed',
        body: `loader-tool do first # another version ${TOOL_FILE} made something else of ${TOOL_FILE} than was foreseen; nothing is written over that`,
      })
      expectUntouched(tree, before)
    })

    test('runs nothing of a script that did not arrive whole', () => {
      const script = scriptOf(plan)
      const last = Array.from({ length: 24 }, (_, n) => script.length - 2 - n)
      const points = [...last, ...Array.from({ length: 40 }, (_, n) => Math.floor((script.length * n) / 40))]
      using tree = new MachineTree(host, argv)
      const before = tree.snapshot()
      for (const end of points) {
        tree.run(script.slice(0, end))
        expect(existsSync(tree.at('/var/lib/vfio-run')), `cut after ${end} of ${script.length} bytes`).toBe(
          false,
        )
      }
      expect(tree.snapshot()).toEqual(before)
    })

    test('goes on to its end when the connection is cut, and tells the next one', async () => {
      using tree = new MachineTree(host, argv)
      await tree.runAndCut(scriptOf(plan))
      const { stdout } = tree.run(attachScript(OPTIONS))
      expect(lastWord(stdout)).toEqual({ name: 'ok', body: '' })
      expectApplied(tree, plan)
    })

    test("takes what a program's own undoing has put back for done", () => {
      using tree = new MachineTree(host, argv)
      const [gone, back] = ['/etc/modprobe.d/unwanted.conf', TOOL_FILE]
      const tool = (text: string, path: string): Change => ({
        kind: 'run',
        argv: ['loader-tool', 'do', 'x', text, path],
        reason: 'undo',
        edits: [],
      })
      const { stdout } = tree.run(
        scriptOf({
          ...plan,
          changes: [
            tool('', gone),
            tool('# as it was', back),
            { kind: 'remove', path: gone, before: '# \xfe\n' },
            { kind: 'write', path: back, before: '# \xff\n', after: '# as it was\n' },
          ],
        }),
      )
      expect(lastWord(stdout)).toEqual({ name: 'ok', body: '' })
      expect(existsSync(tree.at(gone))).toBe(false)
      expect(tree.read(back)).toBe('# as it was\n')
    })

    test.each([
      ['a file', '/etc/default/grub'],
      ['a file that a program will edit', '/etc/modprobe.d/unwanted.conf'],
      ['a file that a program will make', '/etc/modprobe.d/tool.conf'],
    ])('refuses %s that somebody else has changed meanwhile', (_, path) => {
      using tree = new MachineTree(host, argv)
      tree.write(path, '# theirs\n')
      const before = tree.snapshot()
      const { stdout } = tree.run(scriptOf(plan))
      expect(lastWord(stdout)?.body.startsWith(`${path} was changed by someone else`)).toBe(true)
      expect(framesOf(NONCE, stdout).map(({ name }) => name)).toEqual(['failed'])
      expectUntouched(tree, before)
    })

    test('replaces what a link points at, and not the link', () => {
      using tree = new MachineTree(host, argv)
      tree.write('/etc/grub.real', tree.read('/etc/default/grub'), '640')
      rmSync(tree.at('/etc/default/grub'))
      symlinkSync('../grub.real', tree.at('/etc/default/grub'))
      const { stdout } = tree.run(scriptOf(plan))
      expect(lastWord(stdout)?.name).toBe('ok')
      expect(lstatSync(tree.at('/etc/default/grub')).isSymbolicLink()).toBe(true)
      expect(tree.read('/etc/grub.real')).toBe(plan.predicted.files['/etc/default/grub']?.bytes)
      expect(lstatSync(tree.at('/etc/grub.real')).mode & 0o777).toBe(0o640)
    })

    test('refuses what leads to /dev/null: renaming over it would replace the device', () => {
      using tree = new MachineTree(host, argv)
      const path = '/etc/modprobe.d/masked.conf'
      symlinkSync('/dev/null', tree.at(path))
      const before = tree.snapshot()
      const change: Change = { kind: 'write', path, before: '', after: 'blacklist nouveau\n' }
      const { stdout } = tree.run(scriptOf({ ...plan, changes: [...plan.changes, change] }))
      expect(lastWord(stdout)?.body).toBe(
        `${path} leads to /dev/null, which is not a regular file: it is not written to`,
      )
      expectUntouched(tree, before)
    })

    test('remembers what it rebuilt for as long as the result stands', () => {
      using tree = new MachineTree(host, argv)
      tree.run(scriptOf(plan))
      const rebuilt = () => look.parse(tree.run(look.script).stdout).journal.rebuilt
      const [images, menu] = plan.rebuilds.map(({ fingerprint }) => fingerprint)
      expect(rebuilt()).toEqual([images, menu])
      tree.write('/boot/grub/grub.cfg', 'from a backup\n')
      expect(rebuilt()).toEqual([images])
      rmSync(tree.at(plan.rebuilds[0]?.writes[0] ?? ''))
      expect(rebuilt()).toEqual([])
    })

    test('takes away what a run that was killed has left, but not the folder of a look at work', () => {
      using tree = new MachineTree(host, argv)
      const left = [
        '/etc/modprobe.d/.vfio-run.dead.0',
        '/etc/default/grub.d/.vfio-run.dead.1',
        '/boot/.vfio-run.dead.kept.0',
        '/boot/grub/.vfio-run.dead.back',
      ]
      for (const path of [...left, '/var/tmp/.vfio-run.old/x', '/var/tmp/.vfio-run.new/x'])
        tree.write(path, '')
      const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
      utimesSync(tree.at('/var/tmp/.vfio-run.old'), twoDaysAgo, twoDaysAgo)
      expect(lastWord(tree.run(scriptOf(plan)).stdout)?.name).toBe('ok')
      expect(tree.leftovers()).toEqual(['/var/tmp/.vfio-run.new/x'])
    })

    test('finds the lock of another run held, and takes it when its time has passed', () => {
      using tree = new MachineTree(host, argv)
      const before = tree.snapshot()
      tree.write('/var/lib/vfio-run/lock', 'other 4000000000 somebody@there\n')
      const held = tree.run(scriptOf(plan))
      expect(framesOf(NONCE, held.stdout)).toEqual([
        { name: 'locked', body: expect.stringMatching(/^other \d+ somebody@there$/) },
      ])
      expect(held.status).toBe(75)
      expect(tree.snapshot()).toEqual(before)
      tree.write('/var/lib/vfio-run/lock', 'other 1700000000 somebody@there\n')
      const taken = tree.run(scriptOf(plan, { release: false }))
      expect(lastWord(taken.stdout)?.name).toBe('ok')
      expect(tree.read('/var/lib/vfio-run/lock')).toMatch(/^run1 \d+ me@here's\n$/)
    })
  },
)

/** In the folder, as nobody: what a mode forbids, it forbids. */
describe('a folder that cannot be written to safely', () => {
  it.each([
    ['others may write there', 0o777],
    ['it is read-only', 0o555],
  ])('is left alone where %s', (_, mode) => {
    using tree = new MachineTree(host, dash.argv)
    const before = tree.snapshot()
    chmodSync(tree.at('/etc/modprobe.d'), mode)
    const { stdout } = tree.run(scriptOf(plan))
    expect(lastWord(stdout)).toMatchObject({
      name: 'failed',
      body: expect.stringContaining('/etc/modprobe.d'),
    })
    expectUntouched(tree, before)
  })
})

describe('where the disk is full', () => {
  const large = `# ${'x'.repeat(300_000)}\n`
  it.each<[string, Change]>([
    [
      'the script itself does not fit',
      { kind: 'write', path: '/etc/large', before: large, after: `${large}y\n` },
    ],
    ['the original does not fit', { kind: 'remove', path: '/etc/large', before: large }],
  ])('nothing is changed: %s', (_, change) => {
    using tree = new MachineTree(host, dash.argv)
    tree.write('/etc/large', large)
    const before = tree.snapshot()
    // Blocks of 512 bytes: enough for a small script, not for that file.
    const { stdout } = tree.run(scriptOf({ ...plan, changes: [...plan.changes, change] }), {
      limit: 'ulimit -f 300',
    })
    expect(lastWord(stdout)?.name).toBe('failed')
    expectUntouched(tree, before)
  })
})

const noMount = whyNoMount()
describe.skipIf(noMount !== '')(`on an ESP with little room${noMount}`, () => {
  const filling = (path: string) => `cat /dev/zero >"$VFIO_RUN_ROOT${path}"`

  it.each([
    ['the copy that it makes', ESP_COPY],
    ['a file beside it', `${ESP_COPY}.tmp`],
  ])('what a program destroyed is put back, though %s has filled it', (_, path) => {
    using tree = new MachineTree(host, dash.argv)
    const before = tree.snapshot()
    tree.replaceProgram('copy-to-esp', `echo half >"$VFIO_RUN_ROOT${ESP_COPY}"; ${filling(path)}`)
    const { stdout } = tree.runOnSmallEsp(scriptOf(plan), 64)
    expect(lastWord(stdout)).toEqual({ name: 'failed', body: 'copy-to-esp failed with exit code 1' })
    expect(framesOf(NONCE, stdout).filter(({ name }) => name === 'unrestored')).toEqual([])
    expectUntouched(tree, before)
  })

  it('the original stays in the journal where there is no room for it at all, and the user is told', () => {
    using tree = new MachineTree(host, dash.argv)
    const original = tree.read(ESP_COPY)
    tree.replaceProgram(
      'copy-to-esp',
      `echo half >"$VFIO_RUN_ROOT${ESP_COPY}"; ${filling('/boot/efi/other')}`,
    )
    const { stdout } = tree.runOnSmallEsp(scriptOf(plan), 64)
    const unrestored = framesOf(NONCE, stdout).filter(({ name }) => name === 'unrestored')
    expect(unrestored.map(({ body }) => body)).toEqual([tree.at(ESP_COPY)])
    const run = '/var/lib/vfio-run/runs/run1.1'
    const kept = readdirSync(tree.at(run)).filter(name => name.endsWith('.kept'))
    expect(kept.map(name => tree.read(`${run}/${name}`))).toEqual([original])
  })

  it('nothing is begun where a new file would not fit beside the old one', () => {
    using tree = new MachineTree(host, dash.argv)
    const before = tree.snapshot()
    const { stdout } = tree.runOnSmallEsp(scriptOf(plan), 32)
    expect(lastWord(stdout)?.body).toBe(
      `${tree.at('/boot/efi')} has 0 MB free, and what is rebuilt there needs about 1 MB: make room there, for example by removing old kernels`,
    )
    expectUntouched(tree, before)
  })
})

describe('Reversible', () => {
  it('whatever program fails, whenever: all is done, or all is as it was', { timeout: 240_000 }, () => {
    const outcomes = { done: 0, undone: 0 }
    for (let n = 1; n <= starts.length; n++) {
      using tree = new MachineTree(host, dash.argv)
      const before = tree.snapshot()
      tree.failAt(n)
      const { stdout } = tree.run(applyScript(plan, blind, OPTIONS))
      const failed = `start ${n}, of ${tree.starts()[n - 1]}`
      if (lastWord(stdout)?.name === 'ok') {
        outcomes.done++
        expectApplied(tree, plan, failed)
      } else {
        outcomes.undone++
        expectUntouched(tree, before, failed)
      }
    }
    console.log(
      `Reversible: a failure at each of ${starts.length} program starts: ${outcomes.undone} undone, ${outcomes.done} done all the same`,
    )
  })
})

describe('True', () => {
  it('after a real apply every file is what the plan predicted', () => {
    let applied = 0
    const paths = [
      '/etc/modprobe.d/vfio.conf',
      '/etc/modprobe.d/a.conf',
      '/etc/initramfs-tools/modules',
      '/etc/default/grub',
    ]
    const content = fc.record({
      path: fc.constantFrom(...paths),
      bytes: fileBytes(),
      mode: fc.constantFrom('644', '600', '664'),
    })
    const check = (files: readonly { path: string; bytes: string; mode: string }[]) => {
      const varied = {
        ...host,
        files: { ...host.files, ...Object.fromEntries(files.map(({ path, ...file }) => [path, file])) },
      }
      const planned = planTasks(varied, calls)
      if (planned.changes.length === 0 || planned.outcomes.some(({ kind }) => kind === 'blocked')) return
      using tree = new MachineTree(varied, dash.argv)
      const { stdout } = tree.run(scriptOf(planned))
      expect(lastWord(stdout)?.name).toBe('ok')
      expect(filesCompared(planned.predicted, look.parse(stdout))).toEqual([])
      expect(tree.leftovers()).toEqual([])
      applied++
    }
    fc.assert(fc.property(fc.array(content, { maxLength: 2 }), check), { numRuns: 15 * EFFORT })
    console.log(`True: ${applied} plans really applied, no file wrong`)
  })
})

const lastWord = (stdout: Buffer) =>
  framesOf(NONCE, stdout).findLast(({ name }) => ['ok', 'failed', 'locked', 'absent'].includes(name))

/** Which of all the programs that a run starts is the nth start of this one. */
function startsOf(program: string, nth = 1): number {
  const own = starts.flatMap((name, n) => (name === program ? [n + 1] : []))
  return own[nth - 1] ?? 0
}

/** The programs that a run starts, in order; what a look starts after its end is left out. */
function programsOf(script: string): readonly string[] {
  using tree = new MachineTree(host, dash.argv)
  tree.run(script)
  return tree.starts()
}

/** What the journal has kept, by path: each once, undefined for a file that was not there. */
function originalsIn(tree: MachineTree): Record<string, string | undefined> {
  const run = '/var/lib/vfio-run/runs/run1.1'
  const journal = readdirSync(tree.at(run))
  const kept = tree.read(`${run}/manifest`).trim().split('\n')
  return Object.fromEntries(
    kept.map(line => {
      const [n = '', path = ''] = line.split(' ')
      return [path, journal.includes(`${n}.original`) ? tree.read(`${run}/${n}.original`) : undefined]
    }),
  )
}

const filesCompared = (predicted: Host, applied: Host) =>
  compareHosts({ ...applied, files: predicted.files }, applied).wrong

function expectApplied(tree: MachineTree, of: Plan, when = ''): void {
  for (const path of pathsOf(of.changes))
    expect(tree.file(path), `${path} ${when}`).toEqual(of.predicted.files[path])
  expect(tree.read('/boot/grub/grub.cfg'), when).toBe('the menu as it is now\n')
  expect(tree.read(ESP_COPY), when).toBe('the copy as it is now\n')
  expect(tree.read('/var/lib/vfio-run/lock'), when).toBe('')
  // Where the connection was cut, the look at the end may still be at work.
  expect(
    tree.leftovers().filter(path => !path.startsWith('/var/tmp/')),
    when,
  ).toEqual([])
}

function expectUntouched(tree: MachineTree, before: Readonly<Record<string, string>>, when = ''): void {
  expect(tree.snapshot(), when).toEqual(before)
  const lock = '/var/lib/vfio-run/lock'
  if (existsSync(tree.at(lock))) expect(tree.read(lock), when).toBe('')
}
