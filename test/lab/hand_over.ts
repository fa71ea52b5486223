import assert from 'node:assert/strict'
import { CHOSEN } from './devices.ts'
import { IMAGE_PATHS } from './image_paths.ts'
import type { Lab } from './lab.ts'
import { changedPaths, type Look, lookAt, manifest, readFiles } from './look.ts'
import type { Machine } from './machine.ts'
import { isPrepared } from './prepared.ts'
import { countsOf, eventsOf, runPlaybook, type ToolRun } from './tool.ts'

/**
 * The main job on a fresh machine: dry run, run, reboot, proof, second run; then a look that owes nothing to our own
 * code. Answers what was seen after the reboot.
 */
export async function handOver(lab: Lab, machine: Machine, job: Job = CARD_AND_USB): Promise<Look> {
  const { vars } = job
  const filesAtFirst = await lab.step('list every file', () => manifest(machine))
  const bootAtFirst = await lab.step('one plain ssh exec', () => machine.waitForSsh())

  const dry = await lab.step('dry run (--check --diff)', () =>
    runPlaybook(lab, machine, { vars, args: ['--check', '--diff'] }),
  )
  succeeded(dry)
  const planned = eventsOf(dry, 'diff')
  assert.notEqual(planned.length, 0, 'the dry run shows what it would write')
  await lab.step('the dry run wrote nothing', async () => {
    assert.deepEqual(changedPaths(filesAtFirst, await manifest(machine)), [])
  })
  const before = await readFiles(
    machine,
    planned.map(file => file.path),
  )

  const real = await lab.step('run', () => runPlaybook(lab, machine, { vars, args: ['--diff'] }))
  succeeded(real)
  assert.ok(countsOf(real).changed > 0, 'the run says that it changed something')
  assert.equal(real.diff, dry.diff, 'the run applied byte for byte what the dry run printed')
  assert.deepEqual(commandsOf(real), commandsOf(dry), 'the run ran the commands that the dry run announced')

  await lab.step('the files hold what the diff said', async () => {
    const after = await readFiles(
      machine,
      planned.map(file => file.path),
    )
    for (const file of planned) {
      assert.equal(before.get(file.path), file.before, `${file.path} before`)
      assert.equal(after.get(file.path), file.after, `${file.path} after`)
    }
  })
  asForeseen(lab, real)
  const look = await lab.step('independent look', () => lookAt(machine))
  lab.say(look.text)
  assert.notEqual(look.bootId, bootAtFirst, 'the machine was rebooted')
  job.isDone(machine, look)

  const second = await lab.step('second run', () => runPlaybook(lab, machine, { vars, args: ['--diff'] }))
  succeeded(second)
  assert.equal(second.diff, '', 'the second run shows no difference')
  assert.deepEqual(eventsOf(second, 'command'), [], 'the second run runs no command')
  const { changed, pending, rebootPending, connections, execs } = countsOf(second)
  assert.deepEqual(
    { changed, pending, rebootPending, connections, execs },
    { changed: 0, pending: 0, rebootPending: '', connections: 1, execs: 1 },
  )

  await lab.step('nothing is left behind', async () => {
    const last = await lookAt(machine)
    assert.equal(last.bootId, look.bootId, 'the second run did not reboot')
    assert.deepEqual(last.leftovers, [], 'temporary files')
    onlyJournalAndEmptyLock(last)
    const changedFiles = changedPaths(filesAtFirst, await manifest(machine))
    lab.say(`files that are not as they were:\n${changedFiles.map(path => `  ${path}`).join('\n')}`)
    const wanted = new Set(planned.map(file => file.path))
    assert.deepEqual(
      changedFiles.filter(path => !wanted.has(path) && !isGenerated(machine, path)),
      [],
    )
  })
  return look
}

/** What is asked of the machine, and what must be true of it afterwards. */
export interface Job {
  readonly vars: Readonly<Record<string, unknown>>
  isDone(machine: Machine, look: Look): void
}

const CARD_AND_USB: Job = { vars: { vfio_devices: CHOSEN.map(device => device.id) }, isDone: isPrepared }

/** What the rebuilds write, by what boots the machine, and our own journal. */
const isGenerated = ({ image }: Machine, path: string): boolean =>
  IMAGE_PATHS[image.name].generated.test(path) || path.startsWith('/var/lib/vfio-run/')

function succeeded(run: ToolRun): void {
  const failures = eventsOf(run, 'host_failed').map(failure => failure.why)
  assert.deepEqual({ exitCode: run.exitCode, failures }, { exitCode: 0, failures: [] })
}

/** The law True: after the apply and after the boot the machine is what the plan foresaw, wherever it foresaw. */
function asForeseen(lab: Lab, run: ToolRun): void {
  const predictions = eventsOf(run, 'prediction')
  for (const { after, compared, unknown, wrong } of predictions) {
    lab.say(`as foreseen after the ${after}: ${compared} compared, ${unknown} unknown, ${wrong.length} wrong`)
  }
  assert.deepEqual(
    predictions.map(({ after, wrong }) => ({ after, wrong })),
    [
      { after: 'apply', wrong: [] },
      { after: 'boot', wrong: [] },
    ],
  )
}

const commandsOf = (run: ToolRun) => eventsOf(run, 'command').map(({ argv, reason }) => ({ argv, reason }))

function onlyJournalAndEmptyLock(look: Look): void {
  const entries = look.state.map(line => {
    const [type, mode, size, path] = line.split(' ')
    return { type, mode, size, path }
  })
  assert.deepEqual(
    entries.find(entry => entry.path === '/var/lib/vfio-run'),
    { ...entries[0], type: 'd', mode: '700', path: '/var/lib/vfio-run' },
    'the state folder is for root alone',
  )
  assert.equal(entries.find(entry => entry.path === '/var/lib/vfio-run/lock')?.size, '0', 'the lock is empty')
  const others = entries.slice(1).map(entry => entry.path?.slice('/var/lib/vfio-run/'.length) ?? '')
  assert.deepEqual(
    others.filter(path => !JOURNAL.test(path)),
    [],
    'only the journal and the lock',
  )
}

/** Entries of the state folder: the lock; what runs did, why the last one rebooted, what was rebuilt, what images hold. */
const JOURNAL = /^(lock$|reboot\.json$|rebuilt$|(runs|images)(\/|$))/
