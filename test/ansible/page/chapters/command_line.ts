import { Command } from 'commander'
import { inventoryCommand } from '../../../../src/cli/inventory.ts'
import { addRun } from '../../../../src/cli/run.ts'
import { SECOND_NAMES } from '../../../../src/cli/second_names.ts'
import { HONOURED } from '../../../../src/runner/ansible_cfg.ts'
import ansible from '../ansible_2_14.json' with { type: 'json' }
import { type Chapter, judge, type Refused, type Standing } from '../standing.ts'

/** The options of the programs, and ansible.cfg. */
export const commandLineChapters = (): readonly Chapter[] => [
  {
    title: 'Options of ansible-playbook',
    intro: '`vfio-run --help` lists them, and those that only vfio-run has.',
    standings: flagStandings(ansible.playbookFlags, addRun(new Command()), ['--version']),
  },
  {
    title: 'Options of ansible-inventory',
    intro: 'Of `vfio-run inventory`.',
    standings: flagStandings(ansible.inventoryFlags, inventoryCommand(), []),
  },
  {
    title: 'ansible.cfg',
    intro: `The first that there is of \`ANSIBLE_CONFIG\`, \`./ansible.cfg\`, \`~/.ansible.cfg\` and \`/etc/ansible/ansible.cfg\`; the variable of each setting (${HONOURED[0]?.env[0]} and so on) wins over it, and an option over both. The other ${IGNORED.length} settings of Ansible 2.14 have no effect; those that are set are named in one line.`,
    standings: judge(SETTINGS, { has: () => true, partly: PARTLY }),
  },
]

function flagStandings(
  groups: readonly (readonly string[])[],
  { options }: Command,
  elsewhere: readonly string[],
): readonly Standing[] {
  const first = new Set([...options.flatMap(({ short, long }) => [short, long]), ...elsewhere])
  const second = Object.entries(SECOND_NAMES).filter(([, name]) => first.has(name))
  const known = new Set([...first, ...second.map(([name]) => name)])
  const flags = groups.flat().toSorted((a, b) => a.localeCompare(b, 'en'))
  return judge(flags, {
    has: flag => known.has(flag),
    better: BETTER_FLAGS,
    noEffect: { '--flush-cache': 'there is no cache' },
    refused: flag => (known.has(flag) ? undefined : REFUSED_FLAGS[flag]),
  })
}

const BETTER_FLAGS: Readonly<Record<string, string>> = {
  '--check': 'the plan is made on a model of the host: a task sees what those before it would have done',
  '--limit': 'a name that there is none of is an error with the nearest one',
  '--syntax-check': 'all names, arguments and templates are checked, too',
}

const inVariable = (name: string): Refused => ({
  because: 'it belongs to hosts',
  instead: `set ${name} in the inventory, or with -e`,
})
const leaveOut: Refused = { because: 'neither scp nor sftp is used', instead: 'leave it out' }
const vaulted: Refused = {
  because: 'passwords are asked for, or kept closed',
  instead: 'use -k, or put ansible_password into a file closed with ansible-vault',
}
const toAFile: Refused = { because: 'it is what the shell does', instead: 'use > FILE' }

/** Of those that are not there. */
const REFUSED_FLAGS: Readonly<Record<string, Refused>> = {
  '-M': { because: 'modules of others are not run', instead: 'leave their tasks to Ansible' },
  '--module-path': { because: 'modules of others are not run', instead: 'leave their tasks to Ansible' },
  '--ssh-extra-args': inVariable('ansible_ssh_extra_args'),
  '--scp-extra-args': leaveOut,
  '--sftp-extra-args': leaveOut,
  '--connection-password-file': vaulted,
  '--conn-pass-file': vaulted,
  '--list-hosts': { because: 'it is for plays', instead: 'use --graph' },
  '--toml': { because: 'TOML is not written', instead: 'use --yaml' },
  '--export': { because: 'variables are shown where they are', instead: 'leave it out' },
  '--output': toAFile,
}

const SETTINGS = HONOURED.flatMap(({ keys }) => keys)
const IGNORED = ansible.settings.filter(setting => !SETTINGS.includes(setting))
const UNCHECKED = '`False` is refused; pass `--accept-new-host-keys`, which adds unknown keys and names them'
const PARTLY: Readonly<Record<string, string>> = {
  '[defaults] host_key_checking': UNCHECKED,
  '[ssh_connection] host_key_checking': UNCHECKED,
}
