import type { Module } from '../../modules/define.ts'
import { didYouMean } from '../../nearest.ts'
import type { Entry, MapNode } from '../yaml/yaml_node.ts'
import type { Problems } from './problems.ts'
import { asText, noteUnknownKey, type Vocabulary } from './shape.ts'
import { BUILTIN, HAVE_FULL_NAME, LATER_METAS, LATER_MODULES, META } from './vocabulary.ts'

/** What a task does: its one key that is not a word of tasks. */
export type Word =
  | { readonly kind: 'module'; readonly module: Module; readonly entry: Entry }
  | { readonly kind: 'meta'; readonly entry: Entry }

/** Finds the module key of a task; undefined, and why noted, where there is none, two, or an unknown one. */
export function chooseWord(
  map: MapNode,
  words: Vocabulary,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): Word | undefined {
  const others = map.entries.filter(entry => !words.known.includes(entry.key))
  const found = others.flatMap(entry => wordOf(entry, modules) ?? [])
  const [word, second] = found
  for (const entry of others) {
    if (found.some(each => each.entry === entry)) continue
    noteUnknown(entry, word !== undefined, words, modules, problems)
  }
  if (others.length === 0)
    problems.add(map.at, `${words.of} needs a module`, `modules are ${[...modules.keys()].join(', ')}`)
  if (word && second) {
    problems.add(
      second.entry.keyAt,
      `${words.of} does one thing: ${word.entry.key} or ${second.entry.key}`,
      'make two of it',
    )
  }
  if (word?.kind === 'meta') checkMeta(word.entry, problems)
  return word
}

function wordOf(entry: Entry, modules: ReadonlyMap<string, Module>): Word | undefined {
  const name = shortName(entry.key)
  const module = modules.get(name)
  if (module) return { kind: 'module', module, entry }
  return name === META ? { kind: 'meta', entry } : undefined
}

function shortName(key: string): string {
  const name = key.startsWith(BUILTIN) ? key.slice(BUILTIN.length) : key
  return HAVE_FULL_NAME.includes(name) ? name : key
}

/** A task without a module that has an unknown key: the key is the module, unless it is nearer to a task's word. */
function noteUnknown(
  entry: Entry,
  hasWord: boolean,
  words: Vocabulary,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): undefined {
  const { key, keyAt } = entry
  if (LATER_MODULES.includes(shortName(key)))
    return problems.add(keyAt, `the module ${key} is not supported yet`)
  const module = didYouMean(key, [...modules.keys(), META])
  const isKey =
    hasWord || words.later?.includes(key) || (!module && didYouMean(key, words.known) !== undefined)
  if (isKey) return noteUnknownKey(entry, words, problems)
  problems.add(
    keyAt,
    `there is no module "${key}"`,
    module ?? `modules are ${[...modules.keys()].join(', ')}`,
  )
}

function checkMeta(entry: Entry, problems: Problems): undefined {
  const action = asText(entry.value, META, problems)
  if (action === undefined || action === 'flush_handlers') return
  if (LATER_METAS.includes(action))
    return problems.add(entry.value.at, `meta: ${action} is not supported yet`)
  problems.add(
    entry.value.at,
    `there is no meta action "${action}"`,
    didYouMean(action, ['flush_handlers']) ?? 'use flush_handlers',
  )
}
