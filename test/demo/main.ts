import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createReport } from '../../src/runner/report/index.ts'
import { differences, hostTree } from '../runner/run/host_tree.ts'
import { amdServer, arch, fedoraOneKernel, solus } from '../runner/run/members.ts'
import { type Played, playFleet } from '../runner/run/play_fleet.ts'
import { startFleet } from '../sandbox/fleet.ts'
import type { Sandbox } from '../sandbox/machine.ts'

/**
 * `npm run demo`: the flagship playbook on four machines that are folders, over real SSH on loopback: the guide's
 * Solus with Goofiboot, Debian with GRUB, Fedora with grubby, Arch with systemd-boot. A dry run, the run with its
 * reboots, and a second run that finds nothing to do; what one machine has for guests, before and after. It fails unless
 * the files afterwards are what the dry run showed, and the second run took one connection and one script a host.
 */
await using fleet = await startFleet({
  'z170-a': solus,
  'amd-server': amdServer,
  fedora: fedoraOneKernel,
  arch,
})

const before = configuration()
const lookedBefore = await inspect('what a machine has for guests')
const dry = await vfioRun('what it would do', '--check', '--diff')
const untouched = configuration()
const real = await vfioRun('do it, reboot, prove it', '--diff')
const after = configuration()
const second = await vfioRun('a second time: nothing is left to do', '--diff')
const lookedAfter = await inspect('what a machine has for guests now')

const mistakes = [...fleet.hosts.keys()].flatMap(host =>
  Object.entries({
    'every run ends with exit code 0': [dry, real, second].every(run => run.exitCode === 0),
    'inspect sees the machine': lookedBefore === 0 && lookedAfter === 0,
    'looking and the dry run change no file': same(before.get(host), untouched.get(host)),
    "the files are what the dry run's diff showed": same(shownBy(dry, host), after.get(host)),
    'the second run changes nothing': second.recap(host).changed === 0,
    'the second run takes one connection': second.cost(host).connections === 1,
    'the second run takes one script': second.cost(host).execs === 1,
  }).flatMap(([what, holds]) => (holds ? [] : [`${host}: not so: ${what}`])),
)
for (const mistake of mistakes) process.stderr.write(`demo: ${mistake}\n`)
if (mistakes.length === 0)
  process.stdout.write(
    '\ndemo: the files are what the dry run showed;\n      the second run took one connection and one script a host\n',
  )
process.exitCode = mistakes.length === 0 ? 0 : 1

async function vfioRun(what: string, ...flags: readonly ('--check' | '--diff')[]): Promise<Played> {
  process.stdout.write(`\n=== ${what}\n$ vfio-run playbooks/gpu.yaml -i hosts.yaml ${flags.join(' ')}\n`)
  const { stdout } = process
  const report = createReport({ output: 'auto', stdout, color: stdout.isTTY, verbose: 0 })
  const played = await playFleet(fleet, {
    check: flags.includes('--check'),
    diff: flags.includes('--diff'),
    who: 'demo@localhost',
    onEvent: event => report.onEvent(event),
  })
  await report.close()
  return played
}

/** Of one host, which is enough to see what it looks like. */
async function inspect(what: string): Promise<unknown> {
  process.stdout.write(`\n=== ${what}\n$ vfio-run inspect -i hosts.yaml -b -l z170-a\n`)
  const reach = ['-i', fleet.inventory, '--known-hosts', fleet.knownHosts]
  const child = spawn(process.execPath, ['src/cli.ts', 'inspect', ...reach, '-b', '-l', 'z170-a'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [exitCode] = await once(child, 'close')
  return exitCode
}

/** Everything that people edit, below /etc and of the loaders, by host and path. */
function configuration(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map([...fleet.hosts].map(([name, { sandbox }]) => [name, configurationOf(sandbox)]))
}

function configurationOf(sandbox: Sandbox): ReadonlyMap<string, string> {
  const folders = ['/etc', '/boot/loader', '/boot/efi/loader']
  const there = folders.filter(folder => existsSync(sandbox.at(folder)))
  return new Map(there.flatMap(folder => [...hostTree(sandbox, folder)]))
}

/** What a run's diff makes of the files as they were. */
function shownBy(run: Played, host: string): ReadonlyMap<string, string> {
  const files = new Map(before.get(host))
  for (const { path, after: bytes } of run.of('diff', host)) {
    if (bytes === undefined) files.delete(path)
    else files.set(path, `file 644\n${bytes}`)
  }
  return files
}

function same(
  a: ReadonlyMap<string, string> = new Map(),
  b: ReadonlyMap<string, string> = new Map(),
): boolean {
  return a.size > 0 && differences(a, b).length === 0
}
