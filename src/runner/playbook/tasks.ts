import type { Position } from '../../errors.ts'
import type { Module } from '../../modules/define.ts'
import { hasTemplate } from '../template/template.ts'
import { type Entry, isNothing, type MapNode, textNode } from '../yaml/yaml_node.ts'
import { type Arguments, readArguments } from './arguments.ts'
import { type Condition, readConditions } from './conditions.ts'
import type { Become } from './identity.ts'
import type { Problems } from './problems.ts'
import { asList, asMap, asText, asTexts, describe, readKeys } from './shape.ts'
import { chooseWord, type Word } from './task_word.ts'
import { type Templated, templated } from './templated.ts'
import { type Layer, readVariables } from './variables.ts'
import { HANDLER_WORDS, namesDefinedBy, TASK_WORDS } from './vocabulary.ts'

export type StepSource =
  | { readonly kind: 'task'; readonly task: TaskSource }
  | { readonly kind: 'flush_handlers' }

/** A task as it is written. */
export interface TaskSource {
  readonly name: Templated
  readonly at: Position
  readonly module: Module
  readonly arguments: Arguments
  readonly conditions: readonly Condition[]
  readonly notify: readonly { readonly name: string; readonly at: Position }[]
  readonly listen: readonly string[]
  readonly vars: Layer
  readonly become: Become
}

/** The tasks of one section of a play. */
export function readTasks(
  section: Entry | undefined,
  kind: 'task' | 'handler',
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): readonly StepSource[] {
  if (section === undefined || isNothing(section.value)) return []
  const list = asList(section.value, section.key, problems)
  return (list?.items ?? []).flatMap(item => {
    const map = asMap(item, `a ${kind}`, problems)
    return (map && readTask(map, kind, modules, problems)) ?? []
  })
}

/** become and become_user of a play or a task; become_method can only be sudo. */
export function readBecome(keys: ReadonlyMap<string, Entry>, problems: Problems): Become {
  const [become, user, method] = ['become', 'become_user', 'become_method'].map(key => keys.get(key)?.value)
  const way = method && asText(method, 'become_method', problems)
  if (method && way !== undefined && way !== 'sudo')
    problems.add(method.at, `become_method ${way} is not supported yet`, 'use sudo')
  if (user) asText(user, 'become_user', problems)
  const yes = become && templated(become, problems)
  if (become && yes?.templates.length === 0 && typeof yes.render({}) !== 'boolean') {
    problems.add(become.at, `become must be true or false, not ${describe(become)}`)
  }
  return { ...(yes && { become: yes }), ...(user && { user: templated(user, problems) }) }
}

/** Tags choose nothing as long as there is no --tags, but for one. */
export function readTags(keys: ReadonlyMap<string, Entry>, problems: Problems): void {
  const tags = keys.get('tags')
  for (const { text, node } of tags ? asTexts(tags.value, 'tags', problems) : []) {
    if (text === 'never') problems.add(node.at, 'the tag "never" is not supported yet')
  }
}

function readTask(
  map: MapNode,
  kind: 'task' | 'handler',
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): StepSource | undefined {
  const words = kind === 'task' ? TASK_WORDS : HANDLER_WORDS
  const word = chooseWord(map, words, modules, problems)
  for (const entry of map.entries) for (const name of namesDefinedBy(entry)) problems.refusedNames.add(name)
  const known = { ...map, entries: map.entries.filter(entry => words.known.includes(entry.key)) }
  const keys = readKeys(known, words, problems)
  readTags(keys, problems)
  if (word?.kind === 'meta') return readMeta(word.entry, kind, keys, problems)
  const parts = readParts(map, word, keys, problems)
  return (
    word && {
      kind: 'task',
      task: { ...parts, module: word.module, arguments: readArguments(word.module, word.entry, problems) },
    }
  )
}

/** Read also where the module is unknown, so that all mistakes of a task are told at once. */
function readParts(
  map: MapNode,
  word: Word | undefined,
  keys: ReadonlyMap<string, Entry>,
  problems: Problems,
) {
  const [name, when, vars] = ['name', 'when', 'vars'].map(key => keys.get(key)?.value)
  const title = name && asText(name, 'name', problems)
  return {
    name: templated(title === undefined || !name ? textNode(word?.entry.key ?? '', map.at) : name, problems),
    at: map.at,
    conditions: when ? readConditions(when, problems) : [],
    notify: readNames(keys.get('notify'), problems),
    listen: readNames(keys.get('listen'), problems).map(topic => topic.name),
    vars: vars ? readVariables(vars, 'vars', 'play', problems) : new Map(),
    become: readBecome(keys, problems),
  }
}

function readNames(entry: Entry | undefined, problems: Problems): TaskSource['notify'] {
  const texts = entry && !isNothing(entry.value) ? asTexts(entry.value, entry.key, problems) : []
  return texts.flatMap(({ text, node }) => {
    if (!hasTemplate(text)) return [{ name: text, at: node.at }]
    problems.add(node.at, `a template in ${entry?.key} is not supported yet`)
    return []
  })
}

function readMeta(
  entry: Entry,
  kind: 'task' | 'handler',
  keys: ReadonlyMap<string, Entry>,
  problems: Problems,
): StepSource {
  for (const { key, keyAt } of keys.values()) {
    if (key !== 'name' && key !== 'tags') problems.add(keyAt, `${key} beside meta is not supported yet`)
  }
  if (kind === 'handler') problems.add(entry.keyAt, 'meta as a handler is not supported yet')
  return { kind: 'flush_handlers' }
}
