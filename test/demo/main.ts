import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { modules } from '../../src/modules/index.ts'
import type { RunEvent } from '../../src/runner/events.ts'
import { loadRun } from '../../src/runner/load.ts'
import { createReport } from '../../src/runner/report/index.ts'
import { runPlays } from '../../src/runner/run.ts'
import { connect } from '../../src/runner/transport/connect.ts'
import { amd } from '../sandbox/machines/amd.ts'
import { guide } from '../sandbox/machines/guide.ts'
import { type Fleet, startFleet } from '../sandbox/fleet.ts'

/**
 * `npm run demo`: the flagship playbook on two machines that are folders, over real SSH on loopback. A dry run, the
 * run with its reboots, and a second run that finds nothing to do. It fails unless the files afterwards are what the
 * dry run showed, and the second run took one connection and one script a host.
 */
const PLAYBOOK = 'playbooks/gpu.yaml'

await using fleet = await startFleet({
  // The machine of the 2015 guide: ASUS Z170-A, i7-6700K, a GTX 970 and a USB controller for the guest.
  'z170-a': {
    machine: guide,
    vars: {
      vfio_devices: ['10de:13c2', '10de:0fbb', '1b73:1100'],
      vfio_blacklist: ['nouveau'],
      vfio_acs_override: ['downstream'],
    },
  },
  'amd-server': { machine: amd, vars: { vfio_devices: amdDevices() } },
})

const before = snapshot(fleet)
const dry = await vfioRun('what it would do', { check: true, diff: true })
const untouched = snapshot(fleet)
const real = await vfioRun('do it, reboot, prove it', { check: false, diff: true })
const after = snapshot(fleet)
const counted = countsOf(fleet)
const second = await vfioRun('a second time: nothing is left to do', { check: false, diff: true })

const mistakes = [...fleet.hosts.keys()].flatMap(host => [
  ...expectation(
    dry.exitCode === 0 && real.exitCode === 0 && second.exitCode === 0,
    host,
    'every run ends with exit code 0',
  ),
  ...expectation(same(before.get(host), untouched.get(host)), host, 'the dry run changes no file'),
  ...expectation(
    same(predicted(host), after.get(host)),
    host,
    "the files are what the dry run's diff showed",
  ),
  ...expectation(changedBy(second.events, host) === 0, host, 'the second run changes nothing'),
  ...expectation(costOf(host).connections === 1, host, 'the second run takes one connection'),
  ...expectation(costOf(host).execs === 1, host, 'the second run takes one script'),
])
for (const mistake of mistakes) process.stderr.write(`demo: ${mistake}\n`)
if (mistakes.length === 0)
  process.stdout.write(
    '\ndemo: the files are what the dry run showed; the second run took one connection and one script a host\n',
  )
process.exitCode = mistakes.length === 0 ? 0 : 1

async function vfioRun(what: string, { check, diff }: { check: boolean; diff: boolean }) {
  const flags = [...(check ? ['--check'] : []), ...(diff ? ['--diff'] : [])].join(' ')
  process.stdout.write(`\n=== ${what}\n$ vfio-run ${PLAYBOOK} -i hosts.yaml ${flags}\n`)
  const report = createReport({
    output: 'auto',
    stdout: process.stdout,
    color: process.stdout.isTTY,
    verbose: 0,
  })
  const events: RunEvent[] = []
  const run = await loadRun({
    playbook: PLAYBOOK,
    inventories: [fleet.inventory],
    limit: undefined,
    extraVars: [],
    become: false,
    becomePassword: undefined,
    user: undefined,
    privateKey: undefined,
    connectTimeout: 30,
    check,
    modules,
  })
  const never = new AbortController().signal
  const exitCode = await runPlays(run, {
    check,
    diff,
    noReboot: false,
    ownBootId: undefined,
    detailedExitCode: false,
    forks: 20,
    run: `demo-${check ? 'dry' : events.length}-${Date.now()}`,
    who: 'demo@localhost',
    stop: never,
    abandon: never,
    emit: event => {
      events.push(event)
      report.onEvent(event)
    },
    connect: target =>
      connect(target, {
        knownHostsFiles: [fleet.knownHosts],
        acceptNewHostKeys: false,
        passphrase: undefined,
      }),
  })
  await report.close()
  return { events, exitCode }
}

/** The address of every function of the card in the first display slot that is not the BMC's. */
function amdDevices(): string[] {
  const card = amd.devices.find(device => device.class.startsWith('0300') && device.id.startsWith('1002:'))
  const slot = card?.at.replace(/\d$/, '') ?? 'none'
  return amd.devices.filter(device => device.at.startsWith(slot)).map(device => device.at)
}

/** Every file below /etc, by host and path. */
function snapshot({ hosts }: Fleet): Map<string, Map<string, string>> {
  return new Map(
    [...hosts].map(([name, { sandbox }]) => [name, filesBelow(sandbox.at('/etc'), sandbox.root)]),
  )
}

function filesBelow(folder: string, root: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => join(folder, name))
  return new Map(
    paths
      .filter(path => statSync(path).isFile())
      .map(path => [`/${relative(root, path)}`, readFileSync(path, 'latin1')]),
  )
}

/** What the dry run's diff makes of the files as they were. */
function predicted(host: string): Map<string, string> {
  const files = new Map(before.get(host))
  for (const event of dry.events) {
    if (event.event !== 'diff' || event.host !== host) continue
    if (event.after === undefined) files.delete(event.path)
    else files.set(event.path, event.after)
  }
  return files
}

function same(
  a: ReadonlyMap<string, string> | undefined,
  b: ReadonlyMap<string, string> | undefined,
): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.size === b.size &&
    [...a].every(([path, bytes]) => b.get(path) === bytes)
  )
}

function changedBy(events: readonly RunEvent[], host: string): number {
  const recap = events.find(event => event.event === 'recap')
  return recap?.event === 'recap' ? (recap.hosts[host]?.changed ?? Number.NaN) : Number.NaN
}

/** As the SSH servers counted. */
function countsOf({ hosts }: Fleet): Map<string, { connections: number; execs: number }> {
  return new Map(
    [...hosts].map(([name, { server }]) => [
      name,
      { connections: server.counters.connections, execs: server.counters.execs.length },
    ]),
  )
}

function costOf(host: string): { connections: number; execs: number } {
  const now = countsOf(fleet).get(host)
  const then = counted.get(host)
  return {
    connections: (now?.connections ?? 0) - (then?.connections ?? 0),
    execs: (now?.execs ?? 0) - (then?.execs ?? 0),
  }
}

function expectation(holds: boolean, host: string, what: string): string[] {
  return holds ? [] : [`${host}: not so: ${what}`]
}
