import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { UserError } from '../errors.ts'
import { modules } from '../modules/index.ts'
import { listHosts, listTasks } from '../runner/listing.ts'
import { loadRun } from '../runner/load.ts'
import { createReport, type InteractiveReport } from '../runner/report/index.ts'
import { runPlays } from '../runner/run.ts'
import type { Run } from '../runner/run_types.ts'
import { readSnapshots, type Snapshots } from '../runner/snapshot/snapshots.ts'
import { connector, loginOptions, newRunId, whoAmI } from './connecting.ts'
import { type HostFlags, repeat, SHARED } from './options.ts'

/** `vfio-run PLAYBOOK`: what the program is for. */
export const addRun = (program: Command): Command =>
  program
    .argument('<playbook>', 'YAML file with the plays')
    .addOption(SHARED.inventory())
    .addOption(SHARED.limit())
    .option('-e, --extra-vars <vars>', 'name=value, {json} or @file (repeatable)', repeat)
    .option('-C, --check', 'dry run: look and plan, change nothing')
    .option('-D, --diff', 'show the files that change')
    .option('--from <dir>', 'a dry run on snapshots: reach no host')
    .option('--no-reboot', 'never reboot; say which hosts wait for one')
    .option('--detailed-exitcode', 'exit 3 when changes or a reboot are pending')
    .addOption(SHARED.forks())
    .addOption(SHARED.become())
    .addOption(SHARED.askBecomePass())
    .addOption(SHARED.user())
    .addOption(SHARED.privateKey())
    .addOption(SHARED.timeout())
    .addOption(SHARED.acceptNewHostKeys())
    .addOption(SHARED.knownHosts())
    .addOption(
      new Option('--output <form>', 'how to report')
        .choices(['auto', 'tree', 'plain', 'json'])
        .default('auto'),
    )
    .addOption(SHARED.verbose())
    .option('--list-hosts', 'list the hosts of each play, and exit')
    .option('--list-tasks', 'list the tasks of each play, and exit')
    .option('--syntax-check', 'check playbook and inventory, and exit')
    .action(async (playbook: string, flags: Flags) => {
      process.exitCode = await main(playbook, flags)
    })

interface Flags extends HostFlags {
  readonly extraVars?: string[]
  readonly check?: boolean
  readonly diff?: boolean
  readonly reboot: boolean
  readonly detailedExitcode?: boolean
  readonly output: 'auto' | 'tree' | 'plain' | 'json'
  readonly listHosts?: boolean
  readonly listTasks?: boolean
  readonly syntaxCheck?: boolean
}

async function main(playbook: string, flags: Flags): Promise<number> {
  const report = createReport({
    output: flags.output,
    stdout: process.stdout,
    color: process.stdout.isTTY,
    verbose: flags.verbose,
  })
  try {
    const inventories = flags.inventory ?? []
    if (inventories.length === 0 && flags.from === undefined)
      throw new UserError({ where: 'vfio-run', why: 'no inventory', hint: 'name a file with -i hosts.yaml' })
    const snapshots = flags.from === undefined ? undefined : readSnapshots(flags.from)
    const check = flags.check ?? snapshots !== undefined
    const run = await loadRun({
      playbook,
      inventories,
      snapshots,
      limit: flags.limit,
      extraVars: flags.extraVars ?? [],
      check,
      ...(await loginOptions(flags, report)),
      modules,
    })
    if (flags.listHosts) return print(listHosts(run))
    if (flags.listTasks) return print(listTasks(run))
    if (flags.syntaxCheck) return print(`${playbook}: no mistakes found\n`)
    return await runIt(run, { ...flags, check, snapshots }, report)
  } finally {
    await report.close()
  }
}

async function runIt(
  run: Run,
  flags: Flags & { readonly check: boolean; readonly snapshots: Snapshots | undefined },
  report: InteractiveReport,
): Promise<number> {
  const stop = new AbortController()
  const abandon = new AbortController()
  const onInterrupt = () => {
    if (stop.signal.aborted)
      return abandon.abort(
        new UserError({ kind: 'unreachable', where: 'interrupted', why: 'given up on the second Ctrl-C' }),
      )
    stop.abort()
    report.onEvent({
      event: 'warning',
      why: 'interrupted: hosts finish the step they are in; Ctrl-C again gives them up',
    })
  }
  process.on('SIGINT', onInterrupt)
  try {
    return await runPlays(run, {
      check: flags.check,
      diff: flags.diff ?? false,
      noReboot: !flags.reboot,
      ownBootId: readOwnBootId(),
      detailedExitCode: flags.detailedExitcode ?? false,
      forks: flags.forks,
      run: newRunId(),
      who: whoAmI(),
      emit: event => report.onEvent(event),
      stop: stop.signal,
      abandon: abandon.signal,
      connect: connector(flags, report, abandon.signal),
      snapshots: flags.snapshots,
    })
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function readOwnBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
