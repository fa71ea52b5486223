import { modules } from '../../../../src/modules/index.ts'
import { actions } from '../../../../src/runner/actions/index.ts'
import { REFUSED_MODULES } from '../../../../src/runner/playbook/refused_words.ts'
import { IMPORT_TASKS, SHARED_MODULES } from '../../../../src/runner/playbook/vocabulary.ts'
import ansible from '../ansible_2_14.json' with { type: 'json' }
import { type Chapter, judge, type Refused, refusedIn, type Standing } from '../standing.ts'

/** Modules of ansible.builtin, and their arguments. */
export const moduleChapters = (): readonly Chapter[] => [
  {
    title: 'Modules',
    intro:
      'With or without `ansible.builtin.` before them. [docs/modules.md](modules.md) documents each, and those that only vfio-run has.',
    standings: moduleStandings(),
  },
  { title: 'Their arguments', standings: Object.entries(ansible.arguments).flatMap(argumentStandings) },
]

export function moduleStandings(): readonly Standing[] {
  const newer = Object.keys(REFUSED_MODULES).filter(name => !ansible.modules.includes(name))
  return judge([...ansible.modules, ...newer], {
    has: isKnown,
    better: BETTER,
    refused: refusedIn(REFUSED_MODULES),
  })
}

const isKnown = (name: string): boolean =>
  actions.has(name) || SHARED_MODULES.includes(name) || name === IMPORT_TASKS

/** `command.argv` */
function argumentStandings([module, names]: [string, readonly string[]]): readonly Standing[] {
  const declaration = modules.get(module) ?? actions.get(module)
  const known = Object.keys(declaration?.args.shape ?? {})
  const refused = REFUSED_ARGUMENTS[module] ?? {}
  return judge(names, { has: name => known.includes(name), noEffect: NO_EFFECT, refused: refusedIn(refused) })
    .map(standing => ({ ...standing, word: `${module}.${standing.word}` }))
    .map(standing => {
      const how = PARTLY[standing.word]
      return how === undefined ? standing : { ...standing, is: 'partly', how }
    })
}

const BETTER: Readonly<Record<string, string>> = {
  assert: 'foreseen: what is sure to fail is told before anything is written',
  copy: 'planned: a dry run shows its diff, and it is taken back where a later step fails',
  package: 'planned: a dry run names what would be installed, and it is looked at again afterwards',
  reboot: 'only where it is needed, proved by a new boot id, and not forgotten by a run that breaks off',
  template: 'planned like copy',
}

const BACKUP = '`true` is refused: the journal on the host keeps every original'
const MODE = 'octal digits in quotes; symbolic modes are refused'
const PARTLY: Readonly<Record<string, string>> = {
  'copy.backup': BACKUP,
  'copy.mode': MODE,
  'copy.src': 'a file; a folder is refused',
  'include_vars.hash_behaviour': '`replace`; merging is what the filter combine is for',
  'package.name': 'names; versions, groups, files and addresses are refused: use command for them',
  'package.state':
    '`present` and `absent`; `latest` is refused, as what it comes to changes without the play',
  'set_fact.cacheable': 'accepted; facts are not kept between runs',
  'template.backup': BACKUP,
  'template.mode': MODE,
}

const NO_EFFECT: Readonly<Record<string, string>> = Object.fromEntries(
  ['gather_subset', 'gather_timeout', 'filter', 'fact_path'].map(name => [name, 'all facts are gathered']),
)

const labels: Refused = {
  because: 'attributes and labels are not planned',
  instead: 'use command: chattr, chcon or restorecon',
}
const folders: Refused = { because: 'folders are not copied', instead: 'name the files' }
const FILES: Readonly<Record<string, Refused>> = {
  ...Object.fromEntries(['attributes', 'selevel', 'serole', 'setype', 'seuser'].map(name => [name, labels])),
  follow: { because: 'a link is not written through', instead: 'name the file itself' },
  unsafe_writes: { because: 'a file is replaced in one step', instead: 'leave it out' },
  validate: { because: 'no program runs while files are written', instead: 'use command in the next task' },
}
const ownMarks: Refused = { because: 'a template has the usual marks', instead: 'use {% raw %}' }

/** By module; a test shows that each is an unknown argument. */
const REFUSED_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Refused>>>> = {
  copy: {
    ...FILES,
    checksum: { because: 'the text is in the plan', instead: 'leave it out' },
    decrypt: { because: 'a file is copied as it is', instead: 'use content with a variable' },
    directory_mode: folders,
    local_follow: folders,
    remote_src: { because: 'it copies on the host', instead: 'use command: cp, with creates' },
  },
  template: {
    ...FILES,
    ...Object.fromEntries(
      ['block', 'comment', 'variable'].flatMap(what =>
        ['start', 'end'].map(end => [`${what}_${end}_string`, ownMarks]),
      ),
    ),
    lstrip_blocks: {
      because: 'it belongs to the file',
      instead: 'begin it with #jinja2: lstrip_blocks: True',
    },
    trim_blocks: { because: 'it belongs to the file', instead: 'begin it with #jinja2: trim_blocks: False' },
    newline_sequence: { because: 'lines end as they are written', instead: 'leave it out' },
    output_encoding: { because: 'files are UTF-8', instead: 'leave it out' },
  },
  gather_facts: { parallel: { because: 'all facts are gathered in one look', instead: 'leave it out' } },
  package: { use: { because: 'the package manager is looked for', instead: 'leave it out' } },
  reboot: {
    boot_time_command: { because: 'the boot id tells', instead: 'leave it out' },
    reboot_command: {
      because: 'shutdown, systemctl and reboot are tried in this order',
      instead: 'leave it out',
    },
    search_paths: { because: 'shutdown is found by PATH', instead: 'leave it out' },
  },
}
