#!/usr/bin/env node
import './node_version.ts'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import password from '@inquirer/password'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { UserError, UserErrors } from './errors.ts'
import { describeModule, listModules } from './modules/document.ts'
import { modules } from './modules/index.ts'
import { didYouMean } from './nearest.ts'
import { listHosts, listTasks } from './runner/listing.ts'
import { loadRun } from './runner/load.ts'
import { formatError } from './runner/report/error.ts'
import { createReport, type InteractiveReport } from './runner/report/index.ts'
import { runPlays } from './runner/run.ts'
import type { Run } from './runner/run_types.ts'
import { connect } from './runner/transport/connect.ts'

const EXIT_CODES = `Exit codes:
  0  fine
  1  a defect of vfio-run itself
  2  a host failed, or was blocked
  3  changes or a reboot are pending (only with --detailed-exitcode)
  4  a host was unreachable
  5  usage, inventory or playbook error; no host was touched
  6  failed and unreachable hosts
  7  another run holds the lock of a host
  130  interrupted

Example:
  vfio-run playbooks/gpu.yaml -i hosts.yaml --check --diff

  shows what would change on every host of hosts.yaml, the reboot included,
  and touches nothing. Without --check it does it, reboots, and proves it.`

interface Flags {
  inventory?: string[]
  limit?: string
  extraVars?: string[]
  check?: boolean
  diff?: boolean
  reboot: boolean
  detailedExitcode?: boolean
  forks: number
  become?: boolean
  askBecomePass?: boolean
  user?: string
  privateKey?: string
  timeout: number
  acceptNewHostKeys?: boolean
  knownHosts?: string
  output: 'auto' | 'tree' | 'plain' | 'json'
  verbose: number
  listHosts?: boolean
  listTasks?: boolean
  syntaxCheck?: boolean
}

const repeat = (value: string, before: string[] = []): string[] => [...before, value]
const count = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1 is needed.')
  return number
}

const program = new Command('vfio-run')
  .description('Prepare Linux hosts for PCI passthrough (VFIO), and prove it after the reboot.')
  .argument('<playbook>', 'YAML file with the plays')
  .option('-i, --inventory <file>', 'YAML file with the hosts (repeatable)', repeat)
  .option('-l, --limit <pattern>', 'only these hosts: names, groups, globs')
  .option('-e, --extra-vars <vars>', 'name=value, {json} or @file (repeatable)', repeat)
  .option('-C, --check', 'dry run: look and plan, change nothing')
  .option('-D, --diff', 'show the files that change')
  .option('--no-reboot', 'never reboot; say which hosts wait for one')
  .option('--detailed-exitcode', 'exit 3 when changes or a reboot are pending')
  .option('-f, --forks <n>', 'hosts at a time', count, 20)
  .option('-b, --become', 'run as root by way of sudo')
  .option('-K, --ask-become-pass', 'ask for the sudo password')
  .option('-u, --user <name>', 'log in as')
  .option('--private-key <file>', 'log in with this key')
  .option('-T, --timeout <seconds>', 'for connecting', count, 30)
  .option('--accept-new-host-keys', 'add unknown host keys to known_hosts')
  .option('--known-hosts <file>', 'instead of ~/.ssh/known_hosts')
  .addOption(
    new Option('--output <form>', 'how to report').choices(['auto', 'tree', 'plain', 'json']).default('auto'),
  )
  .option('-v, --verbose', 'say more (repeatable)', (_, before: number) => before + 1, 0)
  .option('--list-hosts', 'list the hosts of each play, and exit')
  .option('--list-tasks', 'list the tasks of each play, and exit')
  .option('--syntax-check', 'check playbook and inventory, and exit')
  .version(readVersion(), '--version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .addHelpText('after', `\n${EXIT_CODES}`)
  .configureHelp({ helpWidth: 80 })
  .exitOverride()
  .showSuggestionAfterError()
  .action(async (playbook: string, flags: Flags) => {
    process.exitCode = await main(playbook, flags)
  })

program
  .command('modules')
  .description('list the modules, or document one')
  .argument('[name]', 'a module')
  .action((name: string | undefined) => {
    process.stdout.write(name === undefined ? listModules(modules) : moduleText(name))
  })

function moduleText(name: string): string {
  const module = modules.get(name)
  if (module !== undefined) return describeModule(module)
  throw new UserError({
    where: 'vfio-run modules',
    why: `there is no module "${name}"`,
    hint: didYouMean(name, [...modules.keys()]) ?? 'vfio-run modules lists them',
  })
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
    if (inventories.length === 0)
      throw new UserError({ where: 'vfio-run', why: 'no inventory', hint: 'name a file with -i hosts.yaml' })
    const becomePassword = flags.askBecomePass ? await askBecomePassword(report) : undefined
    const run = await loadRun({
      playbook,
      inventories,
      limit: flags.limit,
      extraVars: flags.extraVars ?? [],
      check: flags.check ?? false,
      become: flags.become ?? false,
      becomePassword,
      user: flags.user,
      privateKey: flags.privateKey,
      connectTimeout: flags.timeout,
      modules,
    })
    if (flags.listHosts) return print(listHosts(run))
    if (flags.listTasks) return print(listTasks(run))
    if (flags.syntaxCheck) return print(`${playbook}: no mistakes found\n`)
    return await runIt(run, flags, report)
  } finally {
    await report.close()
  }
}

async function runIt(run: Run, flags: Flags, report: InteractiveReport): Promise<number> {
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
  const passphrases = new Map<string, Promise<string | undefined>>()
  try {
    return await runPlays(run, {
      check: flags.check ?? false,
      diff: flags.diff ?? false,
      noReboot: !flags.reboot,
      ownBootId: readOwnBootId(),
      detailedExitCode: flags.detailedExitcode ?? false,
      forks: flags.forks,
      run: runId(),
      who: `${userInfo().username}@${hostname()}`,
      emit: event => report.onEvent(event),
      stop: stop.signal,
      abandon: abandon.signal,
      connect: target =>
        connect(target, {
          knownHostsFiles: [
            flags.knownHosts ?? join(homedir(), '.ssh/known_hosts'),
            '/etc/ssh/ssh_known_hosts',
          ],
          acceptNewHostKeys: flags.acceptNewHostKeys ?? false,
          passphrase: file => {
            const asked = passphrases.get(file) ?? ask(report, `passphrase of ${file}`)
            passphrases.set(file, asked)
            return asked
          },
          signal: abandon.signal,
        }),
    })
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

/** Sorts by time, and is one word of letters, digits and dashes: it names folders on the hosts. */
const runId = (): string =>
  `${new Date().toISOString().replaceAll(/[-:]|\..*$/g, '')}-${randomBytes(3).toString('hex')}`

async function askBecomePassword(report: InteractiveReport): Promise<string> {
  const answer = await ask(report, 'sudo password')
  if (answer !== undefined) return answer
  throw new UserError({
    where: '-K',
    why: 'there is no terminal to ask for the sudo password',
    hint: 'set ansible_become_password, or let sudo need none',
  })
}

async function ask(report: InteractiveReport, what: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  return await report.whileAsking(() => password({ message: `${what}:` }, { output: process.stderr }))
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

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}

/** Whoever reads may go away (`| head`): what runs on hosts goes on. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof UserError || error instanceof UserErrors) {
    process.stderr.write(formatError(error, { color: process.stderr.isTTY, columns: process.stderr.columns }))
    process.exitCode = 5
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 5
  } else {
    process.exitCode = 1
    throw error
  }
}
