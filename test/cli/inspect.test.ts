import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { InspectDocument } from '../../src/inspect/document.ts'
import type { RunEvent } from '../../src/runner/events.ts'
import { inspectDocument } from '../inspect/document_schema.ts'
import { differences, hostTree } from '../runner/run/host_tree.ts'
import { amdServer, oneKernel } from '../runner/run/members.ts'
import { sandboxOf } from '../runner/run/on_host.ts'
import { type Fleet, startFleet } from '../sandbox/fleet.ts'
import { ENVIRONMENT, type Outcome, vfioRun, vfioRunIn } from './vfio_run.ts'

const GUIDE = 'z170-a'
const AMD = 'amd-server'

let fleet: Fleet
let saved: string
beforeAll(async () => {
  fleet = await startFleet({ [GUIDE]: oneKernel, [AMD]: amdServer })
  saved = join(fleet.folder, 'snapshots')
  const list = '10de  NVIDIA Corporation\n\t13c2  GM204 [GeForce GTX 970]\n'
  const folder = sandboxOf(fleet, GUIDE).at('/usr/share/misc')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'pci.ids'), list)
})
afterAll(() => fleet?.[Symbol.asyncDispose]())

const reach = (inventory = fleet.inventory): string[] => [
  ...['-i', inventory, '--known-hosts', fleet.knownHosts],
]

const documentOf = ({ stdout }: Outcome): InspectDocument => JSON.parse(stdout)

const eventsOf = ({ stdout }: Outcome): RunEvent[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

/** A copy of the inventory in which nobody listens where a host was. */
function inventoryWithout(host: string): string {
  const path = join(fleet.folder, `without-${host}.yaml`)
  const port = fleet.hosts.get(host)?.server.port
  writeFileSync(
    path,
    readFileSync(fleet.inventory, 'utf8').replace(`ansible_port: ${port}`, 'ansible_port: 1'),
  )
  return path
}

describe('hosts of an inventory', () => {
  test('are shown each with its map, over one connection and one script, and nothing is written there', async () => {
    const before = [...fleet.hosts.values()].map(({ sandbox }) => hostTree(sandbox))
    const counts = () =>
      [...fleet.hosts.values()].map(({ server: { counters } }) => [
        counters.connections,
        counters.execs.length,
      ])
    const then = counts()
    const { exitCode, stdout, stderr } = await vfioRun('inspect', ...reach(), '-b')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(counts()).toEqual(then.map(([connections = 0, execs = 0]) => [connections + 1, execs + 1]))
    const after = [...fleet.hosts.values()].map(({ sandbox }) => hostTree(sandbox))
    expect(after.map((tree, index) => differences(before[index] ?? new Map(), tree))).toEqual([[], []])
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([])
    expect(stdout).toMatch(
      new RegExp(
        `^${GUIDE}\\n[\\s\\S]*NVIDIA GM204 \\[GeForce GTX 970\\] \\[10de:13c2\\][\\s\\S]*^${AMD}\\n`,
        'm',
      ),
    )
    expect(stdout).toMatch(/^host +ready +free +poss\. +not {2}verdict\nz170-a +0 [\s\S]*\namd-server +0 /m)
  })

  test('as JSON are one document of the promised form, and --limit chooses among them', async () => {
    const outcome = await vfioRun('inspect', ...reach(), '-b', '--output', 'json', '-l', AMD)
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(inspectDocument.parse(documentOf(outcome))).toEqual(documentOf(outcome))
    expect(Object.keys(documentOf(outcome).hosts)).toEqual([AMD])
  })

  test('without -b are looked at as the user who logs in, and that is said', async () => {
    const { stdout } = await vfioRun('inspect', ...reach(), '-l', AMD)
    expect(stdout).toMatch(/warning +looked at without root/)
  })

  test('that cannot be reached are named with the reason: exit code 4, and the others are shown', async () => {
    const outcome = await vfioRun('inspect', ...reach(inventoryWithout(AMD)), '-b', '--output', 'json')
    const { hosts } = documentOf(outcome)
    expect([outcome.exitCode, hosts[GUIDE]?.status]).toEqual([4, 'seen'])
    expect(hosts[AMD]).toEqual({
      status: 'unreachable',
      error: { why: expect.stringContaining('127.0.0.1:1 refuses the connection'), hint: expect.any(String) },
    })
  })
})

test('Ctrl-C gives up what does not answer: exit code 130', async () => {
  const mute = createServer()
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const address = mute.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const inventory = join(fleet.folder, 'mute.yaml')
  writeFileSync(inventory, `all: {hosts: {mute: {ansible_host: 127.0.0.1, ansible_port: ${port}}}}`)
  const child = spawn(process.execPath, ['src/cli.ts', 'inspect', '-i', inventory], { env: ENVIRONMENT })
  let said = ''
  child.stdout.on('data', piece => {
    said += String(piece)
  })
  await once(mute, 'connection')
  child.kill('SIGINT')
  expect(await once(child, 'close')).toEqual([130, null])
  expect(said).toBe('mute\n  unreachable: interrupted\n')
  mute.close()
})

test('this machine is shown where no host is named', async () => {
  const { root, path } = sandboxOf(fleet, GUIDE)
  const environment = { VFIO_RUN_ROOT: root, VFIO_RUN_PATH: path, SANDBOX_UID: '0', NO_COLOR: '1' }
  const outcome = await vfioRunIn(environment, 'inspect', '--output', 'json')
  const [host] = Object.values(documentOf(outcome).hosts)
  expect(outcome.exitCode).toBe(0)
  expect(host?.status === 'seen' && host.map.machine).toMatchObject({ hostname: 'z170', seenAsRoot: true })
})

describe('snapshots', () => {
  beforeAll(async () => {
    const outcome = await vfioRun('inspect', ...reach(), '-b', '--save', saved)
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, `2 snapshots saved in ${saved}\n`])
  })

  test('show the maps that were seen, without the hosts', async () => {
    const live = documentOf(await vfioRun('inspect', ...reach(), '-b', '--output', 'json'))
    const again = documentOf(await vfioRun('inspect', '--from', saved, '--output', 'json'))
    expect(Object.keys(again.hosts)).toEqual([AMD, GUIDE])
    for (const name of [AMD, GUIDE]) {
      const [one, other] = [live.hosts[name], again.hosts[name]]
      expect(other).toEqual({ ...one, snapshot: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) })
    }
  })

  test('are planned as the hosts themselves are, with no connection', async () => {
    const flags = [...reach(), '--diff', '--output', 'json']
    const live = eventsOf(await vfioRun('playbooks/gpu.yaml', ...flags, '--check'))
    const then = [...fleet.hosts.values()].map(({ server }) => server.counters.connections)
    const outcome = await vfioRun('playbooks/gpu.yaml', ...flags, '--from', saved)
    expect([...fleet.hosts.values()].map(({ server }) => server.counters.connections)).toEqual(then)
    const planned = eventsOf(outcome)
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, ''])
    expect(planned[0]).toMatchObject({ event: 'run', check: true, snapshots: { folder: saved } })
    const told = (events: readonly RunEvent[], host: string) =>
      events.filter(one => 'host' in one && one.host === host && one.event !== 'phase')
    for (const name of [AMD, GUIDE]) {
      expect(told(planned, name)).toEqual(told(live, name))
      expect(told(planned, name).length).toBeGreaterThan(5)
    }
    const recaps = [live, planned].map(events => events.at(-1))
    const [seen, read] = recaps.map(recap => (recap?.event === 'recap' ? recap.hosts[GUIDE] : undefined))
    expect(read).toEqual({ ...seen, connections: 0, execs: 0 })
  })

  test('of a playbook need no inventory: their hosts are all, and -e says what differs', async () => {
    const outcome = await vfioRun(
      'playbooks/gpu.yaml',
      ...[
        '--from',
        saved,
        '-l',
        GUIDE,
        '-e',
        '{"vfio_devices": ["10de:13c2"], "vfio_blacklist": ["nouveau"]}',
      ],
    )
    expect(outcome.stderr).toBe('')
    expect(outcome.stdout).toMatch(
      /^playbooks\/gpu\.yaml on 1 host, dry run: nothing is changed\nfrom snapshots in \S+, taken [-\d]+ [\d:]+; no host is reached\n/,
    )
    expect(outcome.exitCode).toBe(0)
  })

  test('that were taken without root do not stand for what root would see: exit code 2', async () => {
    const folder = join(fleet.folder, 'rootless')
    const { stderr } = await vfioRun('inspect', ...reach(), '--save', folder, '-l', GUIDE)
    expect(stderr).toBe(
      `1 snapshot saved in ${folder}\n1 of them seen without root, which no play can be planned on: add -b\n`,
    )
    const { exitCode, stdout } = await vfioRun(
      'playbooks/gpu.yaml',
      ...reach(),
      '-l',
      GUIDE,
      '--from',
      folder,
    )
    expect(exitCode).toBe(2)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'z170-a: failed its snapshot was taken without root, and this play runs as root take it again with vfio-run inspect -b --save',
    )
  })

  test('that an inventory has hosts without are told of: exit code 4', async () => {
    const inventory = join(fleet.folder, 'more.yaml')
    writeFileSync(inventory, `all: {hosts: {${GUIDE}: , lab01: }}`)
    const { exitCode, stdout } = await vfioRun('inspect', '-i', inventory, '--from', saved)
    expect(exitCode).toBe(4)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      `unreachable: there is no snapshot of lab01 in ${saved} it has ${AMD}, ${GUIDE}`,
    )
    const run = await vfioRun(
      ...['playbooks/gpu.yaml', '-i', inventory, '--from', saved],
      ...['-e', '{"vfio_devices": ["10de:13c2"], "vfio_blacklist": []}'],
    )
    expect(run.exitCode).toBe(4)
    expect(run.stdout).toMatch(/^lab01 +: ok=0 +changed=0 +unreachable=1/m)
  })

  test('that were damaged fail their host: exit code 2', async () => {
    const folder = join(fleet.folder, 'damaged')
    await vfioRun('inspect', ...reach(), '-b', '--save', folder)
    writeFileSync(join(folder, AMD, 'gather.txt'), 'nothing')
    const { exitCode, stdout } = await vfioRun('inspect', '--from', folder)
    rmSync(folder, { recursive: true })
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/failed: \S+\/amd-server\/gather\.txt\s+cannot\s+be\s+read\s+as\s+a\s+snapshot/)
  })
})

describe.concurrent('exit code 5, a short message and no host is touched', () => {
  test.for([
    [
      '--save with --from',
      () => ['inspect', '--save', 'a', '--from', 'b'],
      /^vfio-run inspect {2}--save keeps what hosts show, and --from reaches none\n/,
    ],
    ['a folder without snapshots', () => ['inspect', '--from', 'docs'], /^docs {2}holds no snapshot/],
    [
      'a folder that is not there',
      () => ['inspect', '--from', '/none'],
      /^\/none {2}its snapshots cannot be read: ENOENT/,
    ],
    [
      'a playbook on a folder that is not there',
      () => ['playbooks/gpu.yaml', '--from', '/none'],
      /^\/none {2}its snapshots cannot be read: ENOENT/,
    ],
    [
      'options before the word',
      () => [...reach(), 'inspect'],
      /^vfio-run inspect {2}--inventory stands before it, where it has no effect\n/,
    ],
    ['an option of playbooks', () => ['inspect', '--diff'], /unknown option '--diff'/],
    [
      'a host that there is not',
      () => ['inspect', ...reach(), '-l', 'z170-b'],
      /--limit[\s\S]*z170-b[\s\S]*z170-a/,
    ],
    ['a pattern that leaves none', () => ['inspect', ...reach(), '-l', '!all'], /^--limit {2}leaves no host/],
    ['an inventory that is not there', () => ['inspect', '-i', '/none.yaml'], /\/none\.yaml {2}no such file/],
    [
      'a folder that cannot be made',
      () => ['inspect', ...reach(), '--save', join(fleet.knownHosts, 'below')],
      /known_hosts\/below\n? +cannot be written: ENOTDIR/,
    ],
  ] as const)('%s', async ([, args, message], context) => {
    const { exitCode, stdout, stderr } = await vfioRun(...args())
    context.expect([exitCode, stdout]).toEqual([5, ''])
    context.expect(stderr).toMatch(message)
    context.expect(stderr).not.toMatch(/^\s+at .*[:(]\d+|node:internal|UserError/m)
  })
})

test('--help of inspect fits into 80 columns, and has every flag, the exit codes and examples', async () => {
  const { exitCode, stdout, stderr } = await vfioRun('inspect', '--help')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([])
  const sources = ['inspect', 'options'].map(file => readFileSync(`src/cli/${file}.ts`, 'utf8')).join('')
  const flags = [...sources.matchAll(/[(]\s*'(?:-\w, )?(--[a-z-]+)/g)].map(([, flag]) => flag ?? '')
  expect(flags.length).toBeGreaterThan(12)
  expect(flags.filter(flag => !stdout.includes(flag))).toEqual([])
  expect([...stdout.matchAll(/^ {2}(\d+) {2}\S/gm)].map(([, code]) => code)).toEqual([
    '0',
    '2',
    '4',
    '5',
    '6',
    '130',
  ])
  expect(stdout).toMatch(/^Examples:\n {2}vfio-run inspect -i hosts\.yaml/m)
})
