#!/usr/bin/env node
import './node_version.ts'
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCompletion } from './cli/completion.ts'
import { inspectCommand } from './cli/inspect.ts'
import { inventoryCommand } from './cli/inventory.ts'
import { modulesCommand } from './cli/modules.ts'
import { addRun } from './cli/run.ts'
import { schemaCommand } from './cli/schema.ts'
import { withFirstNames } from './cli/second_names.ts'
import { UserError, UserErrors } from './errors.ts'
import { formatError } from './runner/report/error.ts'

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
  and touches nothing. Without --check it does it, reboots, and proves it.

  vfio-run inspect -i hosts.yaml

  shows what could be passed through on each host, and what stands in the way.`

const program = addRun(new Command('vfio-run'))
  .description('Prepare Linux hosts for PCI passthrough (VFIO), and prove it after the reboot.')
  .version(readVersion(), '--version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .addHelpText('after', `\n${EXIT_CODES}`)
  // Else -i of `vfio-run inspect -i hosts.yaml` would be taken for one of `vfio-run` itself.
  .enablePositionalOptions()
for (const command of [inspectCommand(), inventoryCommand(), modulesCommand(), schemaCommand()])
  program.addCommand(command)
addCompletion(program)
for (const command of [program, ...program.commands])
  command.configureHelp({ helpWidth: 80 }).exitOverride().showSuggestionAfterError()
program.hook('preSubcommand', (_, subcommand) => refuseOptionsBefore(subcommand.name()))

/** They would have no effect, and nothing would say so. */
function refuseOptionsBefore(subcommand: string): void {
  const given = program.options.find(option => program.getOptionValueSource(option.attributeName()) === 'cli')
  if (given === undefined) return
  throw new UserError({
    where: `vfio-run ${subcommand}`,
    why: `${given.long} stands before it, where it has no effect`,
    hint: `its options follow it: vfio-run ${subcommand} --help`,
  })
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}

/** Whoever reads may go away (`| head`), and a disk may be full: what runs on hosts goes on. */
let isLost = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && !isLost) process.stderr.write(`stdout: ${error.message}\n`)
  isLost = true
})

try {
  await program.parseAsync(withFirstNames(process.argv))
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
