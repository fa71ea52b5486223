import { REFUSED_LOOKUPS, type RefusedWords } from './refused_words.ts'
import type { Vocabulary } from './shape.ts'

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

/** Their full names are fine too, as Ansible's linters ask for them. */
export const BUILTIN = 'ansible.builtin.'

/** Words that are Ansible's as well as ours, beside all actions. */
export const SHARED_MODULES: readonly string[] = ['reboot', 'copy', 'template', 'package']

/** Why a template in such a place cannot read everything: it is needed before the hosts are known. */
export const BEFORE_HOSTS = 'this is read before the hosts are: only the vars of the play and -e are known'
