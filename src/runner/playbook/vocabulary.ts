import type { Vocabulary } from './shape.ts'

/**
 * The words of a playbook: those that are read, and those of Ansible's that are refused, each with why and with what to
 * use instead. The documentation of what carries over from Ansible is generated from these tables.
 */
export interface Refused {
  readonly because: string
  readonly instead: string
}
export type RefusedWords = Readonly<Record<string, Refused>>

/** Words that a play, a block, an import and a task share: the innermost counts, `environment` adds up. */
export const SHARED_WORDS = [
  'any_errors_fatal',
  'become',
  'become_exe',
  'become_flags',
  'become_method',
  'become_user',
  'check_mode',
  'diff',
  'environment',
  'ignore_errors',
  'ignore_unreachable',
  'no_log',
  'run_once',
  'tags',
  'throttle',
  'timeout',
  'vars',
] as const

const REFUSED_ANYWHERE: RefusedWords = {
  collections: {
    because: 'there are no collections',
    instead: 'leave it out: ansible.builtin names are known with and without their prefix',
  },
  debugger: {
    because: 'a run cannot be changed in its middle',
    instead: 'use --check, --step or -v',
  },
  module_defaults: {
    because: 'an argument that stands elsewhere cannot be seen in the task',
    instead: 'put the value into a variable that each task names',
  },
}

const CONNECTION: RefusedWords = Object.fromEntries(
  ['connection', 'port', 'remote_user'].map(word => [
    word,
    {
      because: 'a host is reached in one way throughout a run',
      instead: `set ${word} in the play, or ansible_${word === 'remote_user' ? 'user' : word} in the inventory`,
    },
  ]),
)

export const PLAY_WORDS: Vocabulary = {
  of: 'a play',
  known: [
    ...['name', 'hosts', 'order', 'serial', 'strategy'],
    ...['max_fail_percentage', 'force_handlers'],
    ...['vars_files', 'vars_prompt'],
    ...['gather_facts', 'gather_subset', 'gather_timeout', 'fact_path'],
    ...['connection', 'port', 'remote_user'],
    ...['pre_tasks', 'tasks', 'post_tasks', 'handlers'],
    ...SHARED_WORDS,
  ],
  refused: {
    ...REFUSED_ANYWHERE,
    roles: {
      because: 'there are no roles',
      instead: "name the role's tasks with import_tasks and its defaults with vars_files",
    },
  },
}

/** Accepted, as they change nothing here: the same facts are gathered in any case, by the same script. */
export const WITHOUT_EFFECT: readonly string[] = ['gather_subset', 'gather_timeout', 'fact_path']

/** Of an entry of the list of plays that names another playbook. */
export const IMPORT_PLAYBOOK_WORDS: Vocabulary = {
  of: 'an import of a playbook',
  known: ['import_playbook', 'ansible.builtin.import_playbook', 'name', 'tags', 'vars', 'when'],
}

export const BLOCK_WORDS: Vocabulary = {
  of: 'a block',
  known: ['block', 'rescue', 'always', 'name', 'when', 'notify', 'delegate_to', ...SHARED_WORDS],
  refused: {
    ...REFUSED_ANYWHERE,
    ...CONNECTION,
    delegate_facts: { because: 'facts belong to the host they are of', instead: 'leave it out' },
    loop: { because: 'Ansible has no loops over blocks either', instead: 'give each of its tasks the loop' },
  },
}

/** Lookups that `with_` turns into loops. */
export const LOOP_LOOKUPS = [
  'dict',
  'flattened',
  'indexed_items',
  'items',
  'list',
  'nested',
  'sequence',
  'subelements',
  'together',
] as const

const refusedLookup = (because: string, instead: string): Refused => ({ because, instead })

/** Lookups that are refused after `with_`. */
export const REFUSED_LOOKUPS: RefusedWords = {
  cartesian: refusedLookup('it is with_nested under another name', 'use with_nested'),
  config: refusedLookup('it reads settings of Ansible', 'put the value into a variable'),
  csvfile: refusedLookup('a run reads YAML and JSON', 'put the rows into a file of variables'),
  env: refusedLookup('it is one value', 'use loop: with the values'),
  file: refusedLookup('it makes a loop of files of the controller', 'use loop: with the names'),
  fileglob: refusedLookup(
    'what a run does must be known before it begins, not follow from the files that happen to lie there',
    'name the files: loop: [a.conf, b.conf]',
  ),
  filetree: refusedLookup('it copies whole trees', 'name the files: loop: [a.conf, b.conf]'),
  first_found: refusedLookup(
    'what a run does must be known before it begins, not follow from the files that happen to lie there',
    'name the file by a variable, or list the candidates in vars_files',
  ),
  inventory_hostnames: refusedLookup(
    'expressions know the inventory already',
    'use loop: "{{ groups.NAME }}"',
  ),
  ini: refusedLookup('a run reads YAML and JSON', 'put the values into a file of variables'),
  lines: refusedLookup('it runs a program on the controller', 'use command with delegate_to and register'),
  password: refusedLookup('a run makes no secrets', 'put it into a file closed with ansible-vault'),
  pipe: refusedLookup('it runs a program on the controller', 'use command with delegate_to and register'),
  random_choice: refusedLookup('a dry run could not tell what the run will do', 'use one fixed item'),
  template: refusedLookup('it is one text', 'use the module template'),
  unvault: refusedLookup(
    'it makes a loop of files of the controller',
    'name a file that ansible-vault has closed in vars_files',
  ),
  url: refusedLookup('it reads the network on the controller', 'put the values into a file of variables'),
  varnames: refusedLookup('it makes a loop of the names of variables', 'use loop: with the names'),
  vars: refusedLookup('it makes a loop of the values of variables', 'use loop: with the variables'),
}

const REFUSED_IN_TASKS: RefusedWords = {
  ...REFUSED_ANYWHERE,
  ...CONNECTION,
  action: { because: 'a task names its module as a key', instead: 'write MODULE: {…}' },
  async: {
    because: 'a step runs on when the connection is lost, and the run waits for it',
    instead: 'leave it out; `timeout` bounds how long a task may take',
  },
  delegate_facts: { because: 'facts belong to the host they are of', instead: 'leave it out' },
  local_action: {
    because: 'a task names its module as a key',
    instead: 'write MODULE: {…} and delegate_to: localhost',
  },
  poll: { because: 'it belongs to async', instead: 'leave it out' },
  ...Object.fromEntries(
    Object.entries(REFUSED_LOOKUPS).map(([lookup, refused]) => [`with_${lookup}`, refused]),
  ),
}

export const TASK_WORDS: Vocabulary = {
  of: 'a task',
  known: [
    ...['name', 'when', 'notify', 'register', 'args'],
    ...['loop', 'loop_control', ...LOOP_LOOKUPS.map(lookup => `with_${lookup}`)],
    ...['until', 'retries', 'delay', 'changed_when', 'failed_when', 'delegate_to'],
    ...SHARED_WORDS,
  ],
  refused: REFUSED_IN_TASKS,
}

export const HANDLER_WORDS: Vocabulary = {
  ...TASK_WORDS,
  of: 'a handler',
  known: [...TASK_WORDS.known, 'listen'],
}

/** What may stand beside import_tasks: what its tasks inherit. */
export const IMPORT_TASKS_WORDS: Vocabulary = {
  of: 'import_tasks',
  known: ['name', 'when', 'notify', 'delegate_to', ...SHARED_WORDS],
  refused: {
    ...REFUSED_IN_TASKS,
    ...Object.fromEntries(
      ['loop', 'loop_control', ...LOOP_LOOKUPS.map(lookup => `with_${lookup}`)].map(word => [
        word,
        {
          because: 'imported tasks are read once, before the run',
          instead: 'give each of its tasks the loop',
        },
      ]),
    ),
    register: {
      because: 'imported tasks stand in the place of the import, which has no result of its own',
      instead: 'register the results of its tasks',
    },
  },
}

export const LOOP_CONTROL_WORDS: Vocabulary = {
  of: 'loop_control',
  known: ['loop_var', 'index_var', 'label', 'pause', 'extended', 'extended_allitems'],
  refused: {
    break_when: { because: 'a loop goes through all of its list', instead: 'cut the list with a filter' },
  },
}

export const PROMPT_WORDS: Vocabulary = {
  of: 'an entry of vars_prompt',
  known: ['name', 'prompt', 'default', 'private', 'confirm', 'unsafe'],
  refused: {
    encrypt: {
      because: 'a run computes no password hashes',
      instead: 'ask for the hash, as mkpasswd prints it',
    },
    salt: { because: 'it belongs to encrypt', instead: 'leave it out' },
    salt_size: { because: 'it belongs to encrypt', instead: 'leave it out' },
  },
}

/** Words of tasks that stand for other tasks. */
export const BLOCK = 'block'
export const IMPORT_TASKS = 'import_tasks'

/** Key of the word that directs the run. */
export const META = 'meta'

const packages: Refused = {
  because: 'one module serves all package managers',
  instead: 'use package',
}
const editing: Refused = {
  because: 'files are written whole, or edited by the module that knows their format',
  instead: 'use template or copy; kernel arguments and modprobe options have modules of their own',
}
const including: Refused = {
  because: 'all of a run is known and checked before it begins',
  instead: 'use import_tasks, with when beside it',
}
const roles: Refused = {
  because: 'there are no roles',
  instead: "name the role's tasks with import_tasks and its defaults with vars_files",
}
const elsewhere: Refused = {
  because: 'it has nothing to do with passthrough',
  instead: 'leave it to Ansible, or use command with creates or removes',
}
const waiting: Refused = {
  because: 'what is waited for must be asked on the host',
  instead: 'use command with until, retries and delay, or wait_for_connection',
}

/** Modules of Ansible's that are refused; others are not known at all. */
export const REFUSED_MODULES: RefusedWords = {
  add_host: {
    because: 'all of a run is known and checked before it begins',
    instead: 'put the host into the inventory',
  },
  apt: packages,
  apt_key: elsewhere,
  apt_repository: elsewhere,
  assemble: editing,
  async_status: { because: 'there is no async', instead: 'leave it out' },
  blockinfile: editing,
  cron: elsewhere,
  debconf: elsewhere,
  dpkg_selections: elsewhere,
  dnf: packages,
  dnf5: packages,
  expect: {
    because: 'nobody answers programs in a run',
    instead: 'use command with the options that ask nothing',
  },
  fetch: { because: 'nothing is copied from hosts', instead: 'use command: cat FILE and register' },
  file: {
    because: 'files come with what writes them',
    instead: 'use copy or template, or command with creates or removes',
  },
  find: elsewhere,
  get_url: elsewhere,
  getent: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  git: elsewhere,
  group: elsewhere,
  group_by: {
    because: 'all of a run is known and checked before it begins',
    instead: 'put the hosts into groups of the inventory, or use when',
  },
  hostname: elsewhere,
  import_role: roles,
  include: including,
  include_role: roles,
  include_tasks: including,
  iptables: elsewhere,
  known_hosts: elsewhere,
  lineinfile: editing,
  mount_facts: elsewhere,
  package_facts: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  pip: elsewhere,
  raw: { because: 'hosts need no Python here in any case', instead: 'use shell' },
  replace: editing,
  rpm_key: elsewhere,
  script: { because: 'a program is not carried to hosts', instead: 'use copy and command, or shell' },
  service: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  service_facts: { because: 'ansible_facts is a fixed set', instead: 'use command and register' },
  set_stats: { because: 'a run ends with its recap', instead: 'use debug' },
  slurp: { because: 'nothing is copied from hosts', instead: 'use command: cat FILE and register' },
  stat: {
    because: 'what a module needs it looks at itself',
    instead: 'use command: test -e FILE and register',
  },
  subversion: elsewhere,
  systemd: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  systemd_service: { because: 'it has nothing to do with passthrough', instead: 'use command: systemctl …' },
  sysvinit: elsewhere,
  tempfile: elsewhere,
  unarchive: elsewhere,
  uri: elsewhere,
  user: elsewhere,
  validate_argument_spec: { because: 'there are no roles', instead: 'use assert' },
  wait_for: waiting,
  yum: packages,
  yum_repository: elsewhere,
}

/** Their full names are fine too, as Ansible's linters ask for them. */
export const BUILTIN = 'ansible.builtin.'

/** Words that are Ansible's as well as ours, beside all actions. */
export const SHARED_MODULES: readonly string[] = ['reboot', 'copy', 'template', 'package']

/** Why a template in such a place cannot read everything: it is needed before the hosts are known. */
export const BEFORE_HOSTS = 'this is read before the hosts are: only the vars of the play and -e are known'
