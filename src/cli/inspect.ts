import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { Command, Option } from 'commander'
import { UserError } from '../errors.ts'
import { inspectDocument } from '../inspect/document.ts'
import { type PciNames, readPciIds } from '../inspect/pci_names.ts'
import { renderInspection } from '../inspect/render.ts'
import type { AnsibleConfiguration } from '../runner/ansible_cfg.ts'
import { inspectFleet, type Sight } from '../runner/inspect_fleet.ts'
import { type FleetHost, loadFleet } from '../runner/load_fleet.ts'
import { columnsOf, counted, painter } from '../runner/report/text.ts'
import {
  makeSnapshotFolder,
  readSnapshots,
  type Snapshots,
  saveSnapshot,
} from '../runner/snapshot/snapshots.ts'
import type { Identity, Target } from '../runner/transport/transport.ts'
import { configuredFlags, readConfiguration } from './configuration.ts'
import { connector, loginOptions, newRunId, whoAmI } from './connecting.ts'
import { addReachOptions, FORKS, type HostFlags, SHARED } from './options.ts'
import type { Asking } from './questions.ts'
import { vaultSecrets } from './vault_options.ts'

const NOTES = `Without -i and --from it shows the machine that it is run on. It only looks: one
connection and one script a host, and nothing is written there. What only root
may read is missing without root: use -b, or sudo vfio-run inspect.

Snapshots hold kernel command lines and configuration files: keep them private.

Exit codes:
  0  every host was seen
  2  a host could not be looked at
  4  a host was unreachable
  5  usage or inventory error; no host was touched
  6  one could not be looked at, another was unreachable
  130  interrupted

Examples:
  vfio-run inspect -i hosts.yaml --save snapshots
  vfio-run inspect --from snapshots -l lab01
  vfio-run playbooks/gpu.yaml --from snapshots --diff`

/** `vfio-run inspect`: the passthrough map of a fleet, or of this machine. */
export function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('show what could be passed through, and what stands in the way')
    .addOption(SHARED.inventory())
    .addOption(SHARED.limit())
    .option('--save <dir>', 'keep what was seen, as snapshots')
    .option('--from <dir>', 'show snapshots: reach no host')
    .addOption(new Option('--output <form>', 'how to report').choices(['text', 'json']).default('text'))
  return addReachOptions(command)
    .addOption(SHARED.verbose())
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\n${NOTES}`)
    .action(async (flags: Flags) => {
      process.exitCode = await main(flags)
    })
}

interface Flags extends HostFlags {
  readonly verbose: number
  readonly save?: string
  readonly output: 'text' | 'json'
}

async function main(given: Flags): Promise<number> {
  const configuration = readConfiguration(given)
  // Without -i it is about this machine, whatever is configured for the others.
  const flags = { ...configuredFlags(given, configuration), inventory: given.inventory }
  if (flags.save !== undefined && flags.from !== undefined)
    throw new UserError({
      where: 'vfio-run inspect',
      why: '--save keeps what hosts show, and --from reaches none',
      hint: 'copy the folder, or leave one of them out',
    })
  if (flags.limit !== undefined && flags.inventory === undefined && flags.from === undefined)
    throw new UserError({
      where: '--limit',
      why: 'without -i this is about the machine that it is run on',
      hint: 'name the inventory with -i, or snapshots with --from',
    })
  const snapshots = flags.from === undefined ? undefined : readSnapshots(flags.from)
  const hosts = await chosenHosts(flags, configuration, snapshots)
  if (flags.save !== undefined) makeSnapshotFolder(flags.save)
  const interrupted = new AbortController()
  const sights = await look(hosts, flags, snapshots, interrupted)
  const document = inspectDocument(sights, ownPciIds())
  const color = process.stdout.isTTY && !process.env.NO_COLOR
  process.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify(document, undefined, 2)}\n`
      : renderInspection(document, {
          paint: painter(color),
          columns: columnsOf(process.stdout),
          verbose: flags.verbose,
        }),
  )
  if (flags.save !== undefined) tellSaved(flags.save, sights)
  return interrupted.signal.aborted ? 130 : exitCodeOf([...sights.values()])
}

/** On stderr: stdout may be a program's to read. */
function tellSaved(folder: string, sights: ReadonlyMap<string, Sight>): void {
  const seen = [...sights.values()].filter(sight => sight.status === 'seen')
  process.stderr.write(`${counted(seen.length, 'snapshot')} saved in ${folder}\n`)
  const partial = seen.filter(sight => sight.host.uid !== 0).length
  if (partial > 0)
    process.stderr.write(`${partial} of them seen without root, which no play can be planned on: add -b\n`)
}

async function chosenHosts(
  flags: HostFlags,
  configuration: AnsibleConfiguration,
  snapshots: Snapshots | undefined,
): Promise<readonly FleetHost[]> {
  const inventories = flags.inventory ?? []
  const asking: Asking = { whileAsking: question => question() }
  const login = await loginOptions(flags, configuration, asking)
  if (inventories.length > 0 || snapshots !== undefined) {
    const vault = await vaultSecrets(flags, asking)
    return loadFleet({ ...login, inventories, snapshots, limit: flags.limit, vault })
  }
  const { become, becomePassword } = login
  const isRoot = process.getuid?.() === 0
  const identity: Identity = {
    become: become && !isRoot ? { method: 'sudo', user: 'root', password: becomePassword } : undefined,
  }
  return [{ name: hostname(), target: thisMachine(), identity }]
}

const thisMachine = (): Target => ({
  name: hostname(),
  connection: 'local',
  host: hostname(),
  port: 22,
  user: '',
  privateKeyFile: undefined,
  connectTimeout: 30,
})

/** How many hosts were seen: one line on a terminal, which is gone at the end, and stays away from questions. */
class Progress implements Asking {
  #seen = 0
  #questions = 0
  readonly #of: number

  constructor(of: number) {
    this.#of = of
  }

  add(): void {
    this.#seen++
    if (this.#questions === 0) this.#draw(`${this.#seen} of ${counted(this.#of, 'host')} seen`)
  }

  async whileAsking<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    this.#questions++
    this.clear()
    return await question().finally(() => this.#questions--)
  }

  clear(): void {
    this.#draw('')
  }

  /** Back to the start of the line, and what is there erased (ECMA-48, EL). */
  #draw(text: string): void {
    if (process.stderr.isTTY && this.#of > 1) process.stderr.write(`\r\x1b[K${text}`)
  }
}

async function look(
  hosts: readonly FleetHost[],
  flags: Flags,
  snapshots: Snapshots | undefined,
  interrupted: AbortController,
): Promise<ReadonlyMap<string, Sight>> {
  const progress = new Progress(hosts.length)
  const onInterrupt = () =>
    interrupted.abort(new UserError({ kind: 'unreachable', where: 'interrupted', why: 'interrupted' }))
  await using connections = connector(flags, progress, interrupted.signal)
  process.on('SIGINT', onInterrupt)
  const { save } = flags
  try {
    return await inspectFleet(hosts, {
      forks: flags.forks ?? FORKS,
      run: newRunId(),
      who: whoAmI(),
      connect: connections.connect,
      signal: interrupted.signal,
      snapshots,
      save: save === undefined ? undefined : (host, seen) => saveSnapshot(save, host, seen),
      onSight: () => progress.add(),
    })
  } finally {
    process.off('SIGINT', onInterrupt)
    progress.clear()
  }
}

/** pciutils' list (Debian, Arch), hwdata's (Fedora, openSUSE): hosts need not have one of their own. */
function ownPciIds(): PciNames {
  for (const path of ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids']) {
    try {
      return readPciIds(readFileSync(path, 'utf8'))
    } catch {
      // The next one.
    }
  }
  return {}
}

function exitCodeOf(sights: readonly Sight[]): number {
  const failed = sights.some(({ status }) => status === 'failed')
  const unreachable = sights.some(({ status }) => status === 'unreachable')
  if (failed && unreachable) return 6
  if (failed) return 2
  return unreachable ? 4 : 0
}
