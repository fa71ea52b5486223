import type { Position } from '../../errors.ts'
import type { Module } from '../../modules/define.ts'
import { hasTemplate } from '../template/template.ts'
import { readYamlFile } from '../yaml/files.ts'
import { type Entry, isNothing, type MapNode } from '../yaml/yaml_node.ts'
import { checkHandlers } from './handlers.ts'
import type { Become } from './identity.ts'
import type { Problems } from './problems.ts'
import { asBoolean, asMap, asText, asTexts, readKeys } from './shape.ts'
import { readBecome, readTags, readTasks, type StepSource, type TaskSource } from './tasks.ts'
import { type Layer, readVariables } from './variables.ts'
import { PLAY_WORDS } from './vocabulary.ts'

/** A play as it is written, before it is joined with an inventory. */
export interface PlaySource {
  readonly name: string
  readonly at: Position
  readonly hosts: { readonly pattern: string; readonly at: Position }
  readonly vars: Layer
  readonly varsFiles: readonly { readonly path: string; readonly at: Position }[]
  readonly become: Become
  readonly steps: readonly StepSource[]
  readonly handlers: readonly TaskSource[]
}

/** Reads a playbook; what cannot be used of it is noted and left out. */
export function readPlaybook(
  path: string,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): readonly PlaySource[] {
  const tree = readYamlFile(path, problems)
  if (tree === undefined) return []
  if (isNothing(tree) || (tree.kind === 'list' && tree.items.length === 0))
    problems.add(path, 'holds no play')
  else if (tree.kind !== 'list')
    problems.add(tree.at, 'a playbook is a list of plays', 'begin each play with "- hosts: …"')
  else return tree.items.flatMap(item => readPlay(asMap(item, 'a play', problems), modules, problems) ?? [])
  return []
}

function readPlay(
  map: MapNode | undefined,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): PlaySource | undefined {
  if (map === undefined) return undefined
  const keys = readKeys(map, PLAY_WORDS, problems)
  if (map.entries.some(entry => entry.key.endsWith('import_playbook'))) return undefined
  const hosts = readHosts(keys.get('hosts'), map, problems)
  const gatherFacts = keys.get('gather_facts')
  if (gatherFacts) asBoolean(gatherFacts.value, 'gather_facts', problems)
  readTags(keys, problems)
  const vars = keys.get('vars')
  const handlers = readHandlers(keys.get('handlers'), modules, problems)
  const play: PlaySource = {
    name: textOf(keys.get('name'), problems) ?? hosts.pattern,
    at: map.at,
    hosts,
    vars: vars ? readVariables(vars.value, 'vars', 'play', problems) : new Map(),
    varsFiles: readVarsFiles(keys.get('vars_files'), problems),
    become: readBecome(keys, problems),
    steps: SECTIONS.flatMap(section => readSection(keys.get(section), modules, problems)).concat(FLUSH),
    handlers,
  }
  checkHandlers(play.steps, handlers, problems)
  return play
}

const SECTIONS = ['pre_tasks', 'tasks', 'post_tasks']
const FLUSH: StepSource = { kind: 'flush_handlers' }

/** Handlers run after each section that has tasks, and in any case at the end of the play. */
function readSection(
  entry: Entry | undefined,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): readonly StepSource[] {
  const steps = readTasks(entry, 'task', modules, problems)
  return entry?.key === 'post_tasks' || steps.length === 0 ? steps : [...steps, FLUSH]
}

function readHandlers(
  entry: Entry | undefined,
  modules: ReadonlyMap<string, Module>,
  problems: Problems,
): readonly TaskSource[] {
  return readTasks(entry, 'handler', modules, problems).flatMap(step =>
    step.kind === 'task' ? [step.task] : [],
  )
}

function readHosts(entry: Entry | undefined, play: MapNode, problems: Problems): PlaySource['hosts'] {
  if (entry === undefined)
    problems.add(play.at, 'a play needs "hosts"', 'name hosts or groups of the inventory, or "all"')
  const texts = entry ? asTexts(entry.value, 'hosts', problems) : []
  const pattern = texts.map(({ text }) => text).join(',')
  if (entry && texts.length > 0 && pattern.trim() === '') problems.add(entry.value.at, 'hosts names no host')
  if (hasTemplate(pattern))
    problems.add(entry?.value.at ?? play.at, 'a template in hosts is not supported yet', 'use --limit')
  return { pattern, at: entry?.value.at ?? play.at }
}

function readVarsFiles(entry: Entry | undefined, problems: Problems): PlaySource['varsFiles'] {
  const texts = entry && !isNothing(entry.value) ? asTexts(entry.value, 'vars_files', problems) : []
  return texts.flatMap(({ text, node }) => {
    if (!hasTemplate(text)) return [{ path: text, at: node.at }]
    problems.add(node.at, 'a template in vars_files is not supported yet')
    return []
  })
}

const textOf = (entry: Entry | undefined, problems: Problems): string | undefined =>
  entry && asText(entry.value, entry.key, problems)
