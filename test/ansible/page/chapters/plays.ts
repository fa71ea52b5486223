import { meta } from '../../../../src/runner/actions/meta.ts'
import { ORDERS } from '../../../../src/runner/playbook/play_words.ts'
import type { Vocabulary } from '../../../../src/runner/playbook/shape.ts'
import {
  BLOCK_WORDS,
  HANDLER_WORDS,
  IMPORT_PLAYBOOK_WORDS,
  IMPORT_TASKS_WORDS,
  LOOP_CONTROL_WORDS,
  PLAY_WORDS,
  PROMPT_WORDS,
  TASK_WORDS,
  WITHOUT_EFFECT,
} from '../../../../src/runner/playbook/vocabulary.ts'
import ansible from '../ansible_2_14.json' with { type: 'json' }
import { type Chapter, judge, refusedIn, type Standing } from '../standing.ts'

/** The words of plays, blocks and tasks. */
export const playChapters = (): readonly Chapter[] => [
  { title: 'Keys of a play', standings: keys(ansible.play, PLAY_WORDS) },
  { title: 'Keys of a block', standings: keys(ansible.block, BLOCK_WORDS) },
  { title: 'Keys of a task', standings: keys(ansible.task, TASK_WORDS) },
  {
    title: 'Keys of a handler',
    intro: 'Those of a task, and:',
    standings: keys(ansible.handler, { ...HANDLER_WORDS, refused: {} }),
  },
  {
    title: 'Keys beside import_tasks',
    intro: 'What a task refuses is refused here, too.',
    standings: keys(IMPORT_TASKS_WORDS.known, IMPORT_TASKS_WORDS).filter(
      ({ word }) => !Object.hasOwn(TASK_WORDS.refused ?? {}, word),
    ),
  },
  {
    title: 'Keys beside import_playbook',
    intro: 'Ansible takes others, too, and does nothing with them; here they are mistakes.',
    standings: keys(ansible.importPlaybook, IMPORT_PLAYBOOK_WORDS),
  },
  { title: 'loop_control', standings: keys(ansible.loopControl, LOOP_CONTROL_WORDS) },
  { title: 'vars_prompt', standings: keys(ansible.varsPrompt, PROMPT_WORDS) },
  { title: 'meta', standings: metaWords() },
  { title: 'order', standings: judge(ansible.orders, { has: word => ORDERS.some(order => order === word) }) },
]

/** Ansible's words, and those of newer releases that are known to be refused. */
function keys(words: readonly string[], { known, refused = {} }: Vocabulary): readonly Standing[] {
  const newer = Object.keys(refused).filter(word => !words.includes(word))
  return judge([...words, ...newer], {
    has: word => known.includes(word),
    better: BETTER,
    partly: PARTLY,
    noEffect: NO_EFFECT,
    refused: refusedIn(refused),
  })
}

const NAMES = 'a name in it that nothing defines is an error before the first connection'

/** Each must be true of the word wherever it may stand. */
const BETTER: Readonly<Record<string, string>> = {
  changed_when: NAMES,
  check_mode:
    '`false` is for actions such as `command`; at a module such as `copy`, which would change the host in a dry run, it is an error',
  failed_when: NAMES,
  hosts: 'a name that nothing answers to is an error with the nearest one',
  max_fail_percentage: 'hosts that cannot be reached count',
  notify: 'a handler that there is none of is an error before the first connection',
  vars_files: 'read, and checked, before the first connection',
  when: NAMES,
}

const PARTLY: Readonly<Record<string, string>> = {
  become_flags: 'those that are of use without a terminal; others are refused by name',
  delegate_to: 'localhost, for actions; other hosts are refused: make a play of it whose hosts name them',
  gather_facts:
    '`true`: each host is looked at before its first task; else it is looked at where a task asks for it, and the same is gathered in any case',
  handlers: 'tasks, and blocks of them; a block with rescue or always is refused',
  listen: 'a template in it is refused: write the topic itself',
  run_once:
    'for actions; at a module such as `copy` it is an error, as the other hosts would be told that it is done',
  strategy:
    '`linear`, `free` and `host_pinned`: each host runs at its own pace in any case; others are refused',
  timeout: 'for actions; at a module such as `copy`, which must not be left in its middle, it is an error',
}

const ALL_FACTS = 'the same facts are gathered in any case'
const NO_EFFECT: Readonly<Record<string, string>> = Object.fromEntries(
  WITHOUT_EFFECT.map(word => [word, ALL_FACTS]),
)

function metaWords(): readonly Standing[] {
  const refusals = new Map(
    [...ansible.meta, 'end_role'].flatMap(word => {
      const { error } = meta.args.safeParse({ free_form: word })
      const issue = error?.issues[0]
      if (issue === undefined) return []
      const hint = issue.code === 'custom' ? issue.params?.hint : undefined
      const because = issue.message.replace(/^.* is not supported: /, '')
      return [[word, { because, instead: typeof hint === 'string' ? hint : '' }] as const]
    }),
  )
  return judge([...ansible.meta, 'end_role'], { has: () => true, refused: word => refusals.get(word) })
}
