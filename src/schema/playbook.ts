import type { ModuleArgs } from '../modules/define.ts'
import { argumentsSchema } from './arguments.ts'
import {
  anything,
  condition,
  DRAFT,
  described,
  flag,
  type JsonSchema,
  mapping,
  orTemplate,
  seconds,
  text,
  whole,
  word,
  words,
} from './json_schema.ts'

/** What the schema must know of a module or an action. */
export interface Declared {
  readonly name: string
  readonly summary: string
  readonly args: ModuleArgs
  readonly freeForm?: string
}

export interface Vocabulary {
  /** The keys that a play, a task, a handler and a block take. */
  readonly play: readonly string[]
  readonly task: readonly string[]
  readonly handler: readonly string[]
  readonly block: readonly string[]
  /** Behind `with_`. */
  readonly lookups: readonly string[]
}

/** The JSON Schema of a playbook, for editors: keys from the vocabulary, arguments from the declarations. */
export const playbookSchema = (declared: readonly Declared[], vocabulary: Vocabulary): JsonSchema => ({
  $schema: DRAFT,
  $id: 'vfio-run:playbook',
  title: 'a playbook of vfio-run',
  type: 'array',
  items: { anyOf: [{ $ref: '#/definitions/play' }, { $ref: '#/definitions/import' }] },
  definitions: {
    play: { ...closed(keysOf(vocabulary.play)), required: ['hosts'] },
    import: {
      ...closed({
        import_playbook: described(text, 'a playbook, relative to this one'),
        'ansible.builtin.import_playbook': text,
        ...keysOf(['name', 'vars', 'tags', 'when']),
      }),
      anyOf: [{ required: ['import_playbook'] }, { required: ['ansible.builtin.import_playbook'] }],
    },
    steps: {
      type: ['array', 'null'],
      items: { anyOf: [{ $ref: '#/definitions/task' }, { $ref: '#/definitions/block' }] },
    },
    handlers: { type: ['array', 'null'], items: { $ref: '#/definitions/handler' } },
    block: { ...closed(keysOf(vocabulary.block)), required: ['block'] },
    task: closed({ ...keysOf(vocabulary.task), ...modulesOf(declared), ...loopsOf(vocabulary.lookups) }),
    handler: closed({
      ...keysOf(vocabulary.handler),
      ...modulesOf(declared),
      ...loopsOf(vocabulary.lookups),
    }),
    ...wordsOf(declared),
  },
})

const closed = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
})

const keysOf = (keys: readonly string[]): Record<string, JsonSchema> =>
  Object.fromEntries(keys.map(key => [key, KEYS[key] ?? anything]))

function modulesOf(declared: readonly Declared[]): Record<string, JsonSchema> {
  const words = [...declared.map(({ name }) => name), 'meta', 'import_tasks']
  return Object.fromEntries(
    words.flatMap(name =>
      [name, `ansible.builtin.${name}`].map(key => [key, { $ref: `#/definitions/word_${name}` }]),
    ),
  )
}

/** Once each, as tasks and handlers take them under two names. */
const wordsOf = (declared: readonly Declared[]): Record<string, JsonSchema> => ({
  word_meta: described(text, 'what the runner does now: flush_handlers, end_host …'),
  word_import_tasks: described(text, 'a file of tasks, relative to this one'),
  ...Object.fromEntries(
    declared.map(({ name, summary, args, freeForm }) => [
      `word_${name}`,
      described(argumentsSchema(args, { freeForm }), summary),
    ]),
  ),
})

const loopsOf = (lookups: readonly string[]): Record<string, JsonSchema> =>
  Object.fromEntries(lookups.map(name => [`with_${name}`, described(anything, 'once for each item')]))

const STEPS: JsonSchema = { $ref: '#/definitions/steps' }

const NO_EFFECT = 'accepted: one look gathers all facts, however the play is written'

const LOOP_CONTROL = closed({
  loop_var: described(text, 'the name of the item; default item'),
  index_var: described(text, 'a variable that counts the rounds from 0'),
  label: described(anything, 'what is shown of a round'),
  pause: described(seconds, 'seconds between two rounds'),
  extended: described(flag, 'give ansible_loop'),
})

/** What each key takes, and what it is for. */
const KEYS: Readonly<Record<string, JsonSchema>> = {
  name: described(word, 'what people read'),
  hosts: described(words, 'hosts and groups: all, lab, lab:!spare, lab[0:2], ~regex'),
  become: described(flag, 'run as another user, by default root'),
  become_user: described(text, 'who to become'),
  become_method: described(orTemplate({ enum: ['sudo', 'su', 'doas'] }), 'by which program'),
  become_exe: described(text, 'the program, where it is not on PATH'),
  become_flags: described(text, 'flags of that program'),
  vars: described({ type: ['object', 'null'] }, 'variables'),
  vars_files: described(
    { anyOf: [text, { type: 'array', items: anything }, { type: 'null' }] },
    'files of variables',
  ),
  vars_prompt: described({ type: 'array', items: mapping }, 'variables to ask for at the start'),
  environment: described(
    { anyOf: [mapping, { type: 'array', items: anything }, text] },
    'environment of commands',
  ),
  serial: described(
    { anyOf: [whole, text, { type: 'array', items: { anyOf: [whole, text] } }] },
    'hosts at a time: a number, a percentage, or a list whose last element repeats',
  ),
  max_fail_percentage: described(
    orTemplate({ type: 'number', minimum: 0, maximum: 100 }),
    'stop when more have failed',
  ),
  any_errors_fatal: described(flag, 'one failed host stops all'),
  force_handlers: described(flag, 'handlers run after a failure, too'),
  order: described(
    orTemplate({ enum: ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] }),
    'the order of the hosts',
  ),
  gather_facts: described(flag, NO_EFFECT),
  gather_subset: described(anything, NO_EFFECT),
  gather_timeout: described(anything, NO_EFFECT),
  fact_path: described(anything, NO_EFFECT),
  strategy: described(text, 'accepted: each host runs at its own pace'),
  pre_tasks: described(STEPS, 'tasks before the others'),
  tasks: described(STEPS, 'what is to be'),
  post_tasks: described(STEPS, 'tasks behind the others'),
  handlers: described({ $ref: '#/definitions/handlers' }, 'tasks that run where a change notifies them'),
  tags: described({ anyOf: [words, { type: 'null' }] }, 'names for --tags and --skip-tags; always, never'),
  when: described(condition, 'only where this holds'),
  loop: described({ anyOf: [{ type: 'array' }, text] }, 'once for each item'),
  loop_control: described(LOOP_CONTROL, 'how the loop is done'),
  register: described(text, 'keep the result in this variable'),
  notify: described({ anyOf: [words, { type: 'null' }] }, 'handlers to run on a change'),
  listen: described(words, 'topics that this handler answers to, too'),
  ignore_errors: described(flag, 'go on after a failure'),
  ignore_unreachable: described(flag, 'go on where the host cannot be reached'),
  changed_when: described(condition, 'what counts as a change'),
  failed_when: described(condition, 'what counts as a failure'),
  until: described(condition, 'try again until this holds'),
  retries: described(whole, 'how often to try again; default 3'),
  delay: described(seconds, 'seconds between two tries; default 5'),
  check_mode: described(flag, 'true: only say what would change'),
  diff: described(flag, 'show the files that change'),
  no_log: described(flag, 'show nothing of it'),
  run_once: described(flag, 'on the first host, for all of the batch'),
  delegate_to: described(text, 'localhost: run it on the machine that runs the play'),
  throttle: described(whole, 'hosts at a time'),
  timeout: described(seconds, 'seconds that it may take'),
  remote_user: described(text, 'log in as'),
  port: described(whole, 'the port of SSH'),
  connection: described(orTemplate({ enum: ['ssh', 'smart', 'local', 'openssh'] }), 'how to reach the hosts'),
  args: described(mapping, 'more arguments, for a module with a plain string'),
  block: described(STEPS, 'tasks that stand and fall together'),
  rescue: described(STEPS, 'tasks for when one of the block fails'),
  always: described(STEPS, 'tasks that run in any case'),
}

/** Keys that the schema describes: a test holds them against the vocabulary. */
export const DESCRIBED_KEYS: readonly string[] = Object.keys(KEYS)
