import { existsSync, readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { UserError } from '../errors.ts'
import { modules } from '../modules/index.ts'
import { didYouMean } from '../nearest.ts'
import type { AnsibleConfiguration } from '../runner/ansible_cfg.ts'
import { list } from '../runner/listing.ts'
import { loadRun } from '../runner/load.ts'
import type { Ask } from '../runner/playbook/prompts.ts'
import { createReport, type InteractiveReport, OUTPUTS, type Output } from '../runner/report/index.ts'
import { runPlays } from '../runner/run.ts'
import type { Run } from '../runner/run_types.ts'
import { readSnapshots, type Snapshots } from '../runner/snapshot/snapshots.ts'
import { configuredFlags, readConfiguration } from './configuration.ts'
import { connector, loginOptions, newRunId, whoAmI } from './connecting.ts'
import { addReachOptions, FORKS, type HostFlags, SHARED } from './options.ts'
import { askAtTerminal, stepper } from './questions.ts'
import { repeat } from './repeat.ts'
import { vaultSecrets } from './vault_options.ts'

/** `vfio-run PLAYBOOK`: what the program is for. */
export function addRun(program: Command): Command {
  program
    .argument('<playbook>', 'YAML file with the plays')
    .addOption(SHARED.inventory())
    .addOption(SHARED.limit())
    .option('-e, --extra-vars <vars>', 'name=value, {json} or @file (repeatable)', repeat)
    .option('-t, --tags <tags>', 'only tasks with one of these tags (repeatable)', repeat)
    .option('--skip-tags <tags>', 'no tasks with one of these tags (repeatable)', repeat)
    .option('--start-at-task <name>', 'leave out what stands before it')
    .option('--step', 'ask before each task')
    .option('--force-handlers', 'run handlers after a failure, too')
    .option('-C, --check', 'dry run: look and plan, change nothing')
    .option('-D, --diff', 'show the files that change')
    .option('--from <dir>', 'a dry run on snapshots: reach no host')
    .option('--no-reboot', 'never reboot; say which hosts wait for one')
    .option('--detailed-exitcode', 'exit 3 when changes or a reboot are pending')
  return addReachOptions(program)
    .addOption(new Option('--output <form>', 'how to report').choices(OUTPUTS).default('auto'))
    .addOption(SHARED.verbose())
    .option('--list-hosts', 'list the hosts of each play, and exit')
    .option('--list-tasks', 'list the tasks of each play, and exit')
    .option('--list-tags', 'list the tags of each play, and exit')
    .addOption(new Option('--flush-cache', 'accepted: there is no cache').hideHelp())
    .option('--syntax-check', 'check playbook and inventory, and exit')
    .action(async (playbook: string, flags: Flags) => {
      process.exitCode = await main(playbook, flags)
    })
}

interface Flags extends HostFlags {
  readonly verbose: number
  readonly extraVars?: string[]
  readonly tags?: string[]
  readonly skipTags?: string[]
  readonly startAtTask?: string
  readonly step?: boolean
  readonly forceHandlers?: boolean
  readonly check?: boolean
  readonly diff?: boolean
  readonly reboot: boolean
  readonly detailedExitcode?: boolean
  readonly output: Output
  readonly listHosts?: boolean
  readonly listTasks?: boolean
  readonly listTags?: boolean
  readonly syntaxCheck?: boolean
}

async function main(playbook: string, given: Flags): Promise<number> {
  const configuration = readConfiguration(given)
  const flags = configuredFlags(given, configuration)
  const report = createReport({
    output: flags.output,
    stdout: process.stdout,
    color: wantsColor(configuration),
    verbose: flags.verbose,
  })
  try {
    const inventories = flags.inventory ?? []
    if (!existsSync(playbook))
      throw new UserError({ where: playbook, why: 'no such file', hint: didYouMean(playbook, COMMANDS) })
    if (flags.step && !process.stdin.isTTY)
      throw new UserError({ where: '--step', why: 'there is no terminal to ask at' })
    if (inventories.length === 0 && flags.from === undefined)
      throw new UserError({
        where: 'vfio-run',
        why: 'no inventory',
        hint: 'name one with -i hosts.yaml, or in ansible.cfg',
      })
    const snapshots = flags.from === undefined ? undefined : readSnapshots(flags.from)
    const check = flags.check ?? snapshots !== undefined
    const diff = flags.diff ?? configuration.diff?.value ?? false
    const isListing = flags.listHosts ?? flags.listTasks ?? flags.listTags ?? flags.syntaxCheck ?? false
    const ask: Ask = (prompt, options) => askAtTerminal(report, prompt, options)
    const vault = await vaultSecrets(flags, report)
    const run = await loadRun({
      playbook,
      inventories,
      snapshots,
      limit: flags.limit,
      extraVars: flags.extraVars ?? [],
      tags: (flags.tags ?? configuration.tags?.value)?.flatMap(atCommas),
      skipTags: (flags.skipTags ?? configuration.skipTags?.value)?.flatMap(atCommas),
      startAtTask: flags.startAtTask,
      forceHandlers: flags.forceHandlers ?? configuration.forceHandlers?.value,
      check,
      diff,
      vault,
      ...(await loginOptions(isListing ? unasked(flags) : flags, configuration, report)),
      modules,
      // What only lists asks nothing.
      ...(isListing ? {} : { ask }),
    })
    const { listHosts: hosts, listTasks: tasks, listTags: tags } = flags
    if (hosts || tasks || tags) return print(list(run, { hosts, tasks, tags }))
    if (flags.syntaxCheck) return print(`${playbook}: no mistakes found\n`)
    return await runIt(run, { ...flags, check, diff, snapshots }, report)
  } finally {
    await report.close()
  }
}

/** No host is reached: no password is needed. */
const unasked = (flags: Flags): Flags => ({ ...flags, askPass: false, askBecomePass: false })

/** NO_COLOR and FORCE_COLOR are the report's to read. */
function wantsColor({ noColor, forceColor }: AnsibleConfiguration): boolean {
  if (noColor?.value) return false
  return forceColor?.value ?? process.stdout.isTTY
}

async function runIt(
  run: Run,
  flags: Flags & {
    readonly check: boolean
    readonly diff: boolean
    readonly snapshots: Snapshots | undefined
  },
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
  await using connections = connector(flags, report, abandon.signal)
  process.on('SIGINT', onInterrupt)
  try {
    return await runPlays(run, {
      check: flags.check,
      diff: flags.diff,
      verbosity: flags.verbose,
      noReboot: !flags.reboot,
      ownBootId: readOwnBootId(),
      detailedExitCode: flags.detailedExitcode ?? false,
      forks: flags.forks ?? FORKS,
      run: newRunId(),
      who: whoAmI(),
      emit: event => report.onEvent(event),
      stop: stop.signal,
      abandon: abandon.signal,
      connect: connections.connect,
      snapshots: flags.snapshots,
      step: flags.step ? stepper(report) : undefined,
      ask: (prompt, { echo }) => askAtTerminal(report, prompt, { echo }),
    })
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** What stands where a playbook is expected may have been meant as one of these. */
const COMMANDS = ['inspect', 'inventory', 'modules', 'schema', 'completion']

const atCommas = (text: string): string[] => text.split(',').map(tag => tag.trim())

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
