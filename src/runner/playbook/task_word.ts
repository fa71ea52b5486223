import type { Module } from '../../modules/define.ts'
import { didYouMean } from '../../nearest.ts'
import type { Action } from '../actions/action.ts'
import type { Word } from '../run_types.ts'
import type { Entry, MapNode } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { REFUSED_MODULES } from './refused_words.ts'
import { noteRefused, noteUnknownKey, refusalOf, type Vocabulary } from './shape.ts'
import { BUILTIN, META, SHARED_MODULES } from './vocabulary.ts'

/** All that a task can do. */
export interface Words {
  readonly modules: ReadonlyMap<string, Module>
  readonly actions: ReadonlyMap<string, Action>
}

/** What a task does: its one key that is not a word of tasks. */
export interface ChosenWord {
  /** Undefined for meta: flush_handlers, which is no task of its own. */
  readonly word: Word | undefined
  readonly entry: Entry
}

/** Finds the module key of a task; undefined, and why noted, where there is none, two, or an unknown one. */
export function chooseWord(
  map: MapNode,
  vocabulary: Vocabulary,
  words: Words,
  problems: Problems,
): ChosenWord | undefined {
  const others = map.entries.filter(entry => !vocabulary.known.includes(entry.key))
  const found = others.flatMap(entry => wordOf(entry, words) ?? [])
  const [word, second] = found
  for (const entry of others) {
    if (found.some(each => each.entry === entry)) continue
    noteUnknown(entry, word !== undefined, vocabulary, words, problems)
  }
  if (others.length === 0)
    problems.add(map.at, `${vocabulary.of} needs a module`, `modules are ${namesOf(words).join(', ')}`)
  if (word && second) {
    problems.add(
      second.entry.keyAt,
      `${vocabulary.of} does one thing: ${word.entry.key} or ${second.entry.key}`,
      'make two of it',
    )
  }
  return word
}

const namesOf = ({ modules, actions }: Words): readonly string[] => [...modules.keys(), ...actions.keys()]

function wordOf(entry: Entry, { modules, actions }: Words): ChosenWord | undefined {
  const name = shortName(entry.key, actions)
  const module = modules.get(name)
  if (module) return { word: { kind: 'module', module }, entry }
  const action = actions.get(name)
  if (action && !isFlush(name, entry)) return { word: { kind: 'action', action }, entry }
  return name === META ? { word: undefined, entry } : undefined
}

/** Handlers are flushed by the play, not by a task. */
const isFlush = (name: string, { value }: Entry): boolean =>
  name === META && value.kind === 'scalar' && value.value === 'flush_handlers'

function shortName(key: string, actions: ReadonlyMap<string, Action>): string {
  const name = withoutPrefix(key)
  return actions.has(name) || name === META || SHARED_MODULES.includes(name) ? name : key
}

/** `ansible.legacy.` finds the same modules, unless a user has put others in their place. */
export const withoutPrefix = (key: string): string => key.replace(/^ansible\.(?:builtin|legacy)\./, '')

/** A task without a module that has an unknown key: the key is the module, unless it is nearer to a task's word. */
function noteUnknown(
  entry: Entry,
  hasWord: boolean,
  vocabulary: Vocabulary,
  words: Words,
  problems: Problems,
): undefined {
  const { key, keyAt } = entry
  const refused = refusalOf(withoutPrefix(key), REFUSED_MODULES)
  if (refused) return noteRefused(`the module ${key}`, refused, keyAt, problems)
  const names = [...namesOf(words), ...(words.actions.has(META) ? [] : [META])]
  const module = didYouMean(key, names)
  const isKey =
    hasWord ||
    refusalOf(key, vocabulary.refused) !== undefined ||
    (!module && didYouMean(key, vocabulary.known) !== undefined)
  if (isKey) return noteUnknownKey(entry, vocabulary, problems)
  problems.add(keyAt, `there is no module "${key}"`, module ?? hintFor(key, names))
}

const hintFor = (key: string, names: readonly string[]): string =>
  key.includes('.') && !key.startsWith(BUILTIN)
    ? 'there are no collections: leave it to Ansible, or use command with creates or removes'
    : `modules are ${names.join(', ')}`
