import { ANSIBLE_VARIABLES, judgeAnsibleName } from '../../../../src/runner/inventory/ansible_variables.ts'
import { SSH_ARGUMENTS } from '../../../../src/runner/inventory/ssh_target.ts'
import { readMethod } from '../../../../src/runner/playbook/become_words.ts'
import { FACT_NAMES, MAGIC_NAMES, REFUSED_FACTS } from '../../../../src/runner/playbook/variables.ts'
import ansible from '../ansible_2_14.json' with { type: 'json' }
import { type Chapter, judge, type Refused, refusedIn, type Standing } from '../standing.ts'

/** How hosts are described, named and reached. */
export const reachingChapters = (): readonly Chapter[] => [
  {
    title: 'Forms of inventories',
    intro:
      'Named with `-i`, several times; `group_vars` and `host_vars` are read beside each inventory and beside the playbook, as files (`.yml`, `.yaml`, `.json`, or without an ending) and as folders.',
    standings: INVENTORIES,
  },
  {
    title: 'Variables that say how a host is reached',
    intro:
      'In the inventory, or with `-e`. In `vars` of a play those of the connection are refused: a host is reached in one way throughout a run.',
    standings: judge(ansible.connectionVariables, {
      has: name => VARIABLES.includes(name),
      partly: PARTLY,
      noEffect: IDLE_VARIABLES,
      refused: refusedVariable,
    }),
  },
  {
    title: 'Ways to reach a host, and to become another user',
    standings: [
      ...judge([...ansible.connections, 'openssh'], {
        has: name => ['ssh', 'local', 'openssh'].includes(name),
        better: { openssh: 'only here: the `ssh` of the system, for security keys and certificates' },
        refused: name =>
          ['ssh', 'local', 'openssh'].includes(name)
            ? undefined
            : { because: 'hosts are reached over SSH', instead: 'use ssh, openssh or local' },
      }),
      ...judge([...ansible.become, 'doas'], {
        has: name => 'value' in readMethod(name),
        refused: name =>
          'value' in readMethod(name)
            ? undefined
            : { because: 'hosts are Linux machines', instead: 'use sudo, su or doas' },
      }),
    ],
  },
  {
    title: 'Variables that are always there',
    standings: judge(ansible.specialVariables, {
      has: name => MAGIC_NAMES.some(magic => magic === name) || OF_TASKS.includes(name),
      refused: refusedIn(REFUSED_SPECIAL),
    }),
  },
  {
    title: 'Facts',
    intro:
      'With the names, types and values that Ansible gives them; each may also be read as `ansible_` and its name, and of another host in `hostvars`, once a play of the run has looked at it. `fqdn` and `domain` cost one more look, where something reads them. Others there are none.',
    standings: judge([...FACT_NAMES, ...Object.keys(REFUSED_FACTS)], {
      has: name => FACT_NAMES.some(fact => fact === name),
      refused: refusedIn(REFUSED_FACTS),
    }),
  },
]

const { connection, become, ordering, meaningless } = ANSIBLE_VARIABLES
const VARIABLES: readonly string[] = [...connection, ...become, ...ordering]

const PARTLY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['ansible_become_flags', 'ansible_sudo_flags', 'ansible_su_flags'].map(name => [
      name,
      'those that are of use without a terminal; others are refused by name',
    ]),
  ),
  ...Object.fromEntries(
    ['ansible_host_key_checking', 'ansible_ssh_host_key_checking'].map(name => [
      name,
      '`false` is refused: host keys are always checked',
    ]),
  ),
  ...Object.fromEntries(
    SSH_ARGUMENTS.map(name => [
      name,
      'read as ssh reads them; one that means something which cannot be done is refused by name',
    ]),
  ),
}

/** Nothing here reads them: they are variables like any other. */
const UNREAD = [
  ...['ansible_admin_users', 'ansible_async_dir', 'ansible_common_remote_group', 'ansible_connection_user'],
  ...['ansible_control_path', 'ansible_control_path_dir', 'ansible_docker_extra_args'],
  ...['ansible_module_compression', 'ansible_network_os', 'ansible_scp_executable', 'ansible_scp_if_ssh'],
  ...['ansible_sftp_batch_mode', 'ansible_sftp_executable', 'ansible_shell_allow_world_readable_temp'],
  ...['ansible_ssh_retries', 'ansible_ssh_transfer_method'],
  ...['ansible_ssh_use_tty', 'ansible_sshpass_prompt', 'ansible_su_prompt_l10n', 'ansible_system_tmpdirs'],
]
const IDLE_VARIABLES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    meaningless.map(name => [name, 'hosts need no Python, and nothing is written into a temporary folder']),
  ),
  ...Object.fromEntries(UNREAD.map(name => [name, 'a variable like any other: nothing reads it'])),
}

function refusedVariable(name: string): Refused | undefined {
  const instead = judgeAnsibleName(name)?.hint
  return instead === undefined ? undefined : { because: 'nothing would read it', instead }
}

/** Given by loops, and after a failure. */
const OF_TASKS = [
  ...['ansible_loop', 'ansible_loop_var', 'ansible_index_var'],
  ...['ansible_failed_task', 'ansible_failed_result'],
]

const roles: Refused = { because: 'there are no roles', instead: 'use playbook_dir, or a variable' }
const option: Refused = { because: 'a play does not read the command line', instead: 'give it with -e' }
const REFUSED_SPECIAL: Readonly<Record<string, Refused>> = {
  ...Object.fromEntries(
    ['dependent_role_names', 'parent_role_names', 'parent_role_paths', 'play_role_names', 'role_name']
      .concat('role_names')
      .map(name => [`ansible_${name}`, roles]),
  ),
  ...Object.fromEntries(['role_name', 'role_names', 'role_path'].map(name => [name, roles])),
  ansible_collection_name: { because: 'there are no collections', instead: 'leave it out' },
  ...Object.fromEntries(
    ['config_file', 'forks', 'inventory_sources', 'limit', 'verbosity'].map(name => [
      `ansible_${name}`,
      option,
    ]),
  ),
  ansible_local: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  ansible_playbook_python: { because: 'there is no Python in it', instead: 'leave it out' },
  ansible_search_path: { because: 'files are looked for in few places', instead: 'use playbook_dir' },
  environment: { because: 'it is a key, and not to be read', instead: 'use a variable for both' },
  vars: { because: 'names are checked before the run', instead: "use lookup('vars', NAME)" },
}

const INVENTORIES: readonly Standing[] = [
  { word: 'yaml', is: 'better', how: 'an unknown key of a group is an error with file, line and column' },
  { word: 'ini', is: 'same' },
  { word: 'host_list', is: 'same' },
  { word: 'script', is: 'same' },
  { word: 'advanced_host_list', is: 'same' },
  { word: 'JSON', is: 'same' },
  { word: 'a folder of inventories', is: 'better', how: 'a file in it that cannot be read is an error' },
  { word: 'ansible-vault', is: 'same' },
  {
    word: 'toml',
    is: 'not supported',
    how: 'an inventory in TOML form is not supported',
    instead: 'write it as YAML or INI',
  },
  ...['auto', 'constructed', 'generator'].map(
    (word): Standing => ({
      word,
      is: 'not supported',
      how: 'inventory plugins are not supported',
      instead: 'let ansible-inventory --list write it: an executable that prints JSON is an inventory',
    }),
  ),
]
