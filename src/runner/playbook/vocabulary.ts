import type { Entry } from '../yaml/yaml_node.ts'
import type { Vocabulary } from './shape.ts'

/** The words of a playbook: those this version reads, and those of Ansible's that it does not read yet. */

const BECOME = ['become', 'become_user', 'become_method']

const LATER_ANYWHERE = [
  'any_errors_fatal',
  'become_exe',
  'become_flags',
  'check_mode',
  'collections',
  'connection',
  'debugger',
  'diff',
  'environment',
  'ignore_errors',
  'ignore_unreachable',
  'module_defaults',
  'no_log',
  'port',
  'remote_user',
  'run_once',
  'throttle',
  'timeout',
]

export const PLAY_WORDS: Vocabulary = {
  of: 'a play',
  known: [
    'name',
    'hosts',
    ...BECOME,
    'vars',
    'vars_files',
    'gather_facts',
    'pre_tasks',
    'tasks',
    'post_tasks',
    'handlers',
    'tags',
  ],
  later: [
    ...LATER_ANYWHERE,
    ...[
      'force_handlers',
      'gather_subset',
      'gather_timeout',
      'import_playbook',
      'ansible.builtin.import_playbook',
    ],
    ...['max_fail_percentage', 'order', 'roles', 'serial', 'strategy', 'vars_prompt'],
  ],
}

export const TASK_WORDS: Vocabulary = {
  of: 'a task',
  known: ['name', 'when', 'notify', ...BECOME, 'vars', 'tags'],
  later: [
    ...LATER_ANYWHERE,
    ...[
      'action',
      'always',
      'args',
      'async',
      'block',
      'changed_when',
      'delay',
      'delegate_facts',
      'delegate_to',
      'failed_when',
    ],
    ...['local_action', 'loop', 'loop_control', 'poll', 'register', 'rescue', 'retries', 'until'],
    ...[
      'dict',
      'fileglob',
      'first_found',
      'flattened',
      'indexed_items',
      'items',
      'list',
      'lines',
      'nested',
      'random_choice',
    ]
      .concat('sequence', 'subelements', 'together')
      .map(lookup => `with_${lookup}`),
  ],
}

export const HANDLER_WORDS: Vocabulary = {
  ...TASK_WORDS,
  of: 'a handler',
  known: [...TASK_WORDS.known, 'listen'],
}

/** The variables that words of a task define, of those that this version does not read. */
export function namesDefinedBy({ key, value }: Entry): readonly string[] {
  const short = key.startsWith(BUILTIN) ? key.slice(BUILTIN.length) : key
  const keys = value.kind === 'map' ? value.entries : []
  if (short === 'loop' || short.startsWith('with_')) return ['item', 'ansible_loop']
  if (short === 'register' && value.kind === 'scalar') return [value.source]
  if (short === 'set_fact') return keys.map(entry => entry.key)
  return short === 'loop_control'
    ? keys.flatMap(entry => (entry.value.kind === 'scalar' ? [entry.value.source] : []))
    : []
}

/** Modules of Ansible's that playbooks for our purpose use, and that a later version brings. */
export const LATER_MODULES: readonly string[] = [
  ...[
    'assert',
    'command',
    'debug',
    'fail',
    'import_role',
    'import_tasks',
    'include_role',
    'include_tasks',
    'include_vars',
  ],
  ...['pause', 'ping', 'raw', 'script', 'set_fact', 'setup', 'shell', 'wait_for', 'wait_for_connection'],
]

/** Key of the one word that is no module. */
export const META = 'meta'

export const LATER_METAS: readonly string[] = [
  ...['clear_facts', 'clear_host_errors', 'end_batch', 'end_host', 'end_play', 'end_role', 'noop'],
  ...['refresh_inventory', 'reset_connection'],
]

/** Their full names are fine too, as Ansible's linters ask for them. */
export const BUILTIN = 'ansible.builtin.'
export const HAVE_FULL_NAME: readonly string[] = [META, 'reboot', ...LATER_MODULES]
