import { Command, Option } from 'commander'
import { UserError } from '../errors.ts'
import { showInventory, type Wanted } from '../runner/inventory/show/show.ts'
import { configuredFlags, readConfiguration } from './configuration.ts'
import { type HostFlags, SHARED } from './options.ts'
import { repeat } from './repeat.ts'
import { VAULT_OPTIONS, vaultSecrets } from './vault_options.ts'

const NOTES = `It prints what ansible-inventory prints: values as they are written, templates not
rendered, secrets as ansible-vault closed them. It reaches no host.

Examples:
  vfio-run inventory -i hosts.yaml --graph
  vfio-run inventory -i hosts.yaml --host lab01 --yaml`

/** `vfio-run inventory`: hosts, groups and variables as the inventories give them, in the forms of ansible-inventory. */
export function inventoryCommand(): Command {
  const command = new Command('inventory')
    .description('show hosts, groups and variables, as ansible-inventory does')
    .addOption(SHARED.inventory())
    .addOption(new Option('--list', 'all groups, and what each host has').conflicts(['graph', 'host']))
    .addOption(new Option('--graph [group]', 'the tree of groups and hosts').conflicts('host'))
    .option('--host <name>', 'what one host has')
    .option('--vars', 'variables too, in the tree')
    .option('-y, --yaml', 'YAML in place of JSON')
    .addOption(SHARED.limit())
    .option('-e, --extra-vars <vars>', 'name=value, {json} or @file (repeatable)', repeat)
    .option('--playbook-dir <dir>', 'where group_vars and host_vars of the plays are')
  for (const option of VAULT_OPTIONS) command.addOption(option())
  return command
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\n${NOTES}`)
    .action(async (flags: Flags) => {
      process.stdout.write(await shown(flags))
    })
}

interface Flags extends HostFlags {
  readonly list?: boolean
  readonly graph?: string | true
  readonly host?: string
  readonly vars?: boolean
  readonly yaml?: boolean
  readonly extraVars?: string[]
  readonly playbookDir?: string
}

async function shown(given: Flags): Promise<string> {
  const flags = configuredFlags(given, readConfiguration(given))
  const inventories = flags.inventory ?? []
  if (inventories.length === 0)
    throw new UserError({
      where: 'vfio-run inventory',
      why: 'no inventory',
      hint: 'name one with -i hosts.yaml, or in ansible.cfg',
    })
  return showInventory(wantedBy(flags), {
    inventories,
    limit: flags.limit,
    extraVars: flags.extraVars ?? [],
    playbookFolder: flags.playbookDir,
    vault: await vaultSecrets(flags, { whileAsking: question => question() }),
  })
}

function wantedBy({ list, graph, host, vars = false, yaml }: Flags): Wanted {
  const form = yaml ? 'yaml' : 'json'
  if (graph !== undefined)
    return { kind: 'graph', group: graph === true ? 'all' : graph, withVariables: vars }
  if (host !== undefined) return { kind: 'host', name: host, form }
  if (list) return { kind: 'list', form }
  throw new UserError({
    where: 'vfio-run inventory',
    why: 'nothing to show is named',
    hint: 'add --list, --graph or --host NAME',
  })
}
