import { dirname, resolve } from 'node:path'
import type { Position } from '../../errors.ts'
import type { Scope } from '../template/template.ts'
import { readYamlFile } from '../yaml/files.ts'
import { type Entry, isNothing, type MapNode, type Node } from '../yaml/yaml_node.ts'
import { checkHandlers } from './handlers.ts'
import { importedPath } from './import_tasks.ts'
import { type Around, inside } from './keywords.ts'
import { type PlayWords, readPlayWords } from './play_words.ts'
import type { Problems } from './problems.ts'
import { type Prompt, readPrompts } from './prompts.ts'
import type { Reading } from './reading.ts'
import { asMap, asText, asTexts, readKeys } from './shape.ts'
import { readTags } from './tags.ts'
import { type StepSource, type TaskSource, tasksIn } from './task_source.ts'
import { type Words, withoutPrefix } from './task_word.ts'
import { readSteps } from './tasks.ts'
import { type Templated, templated } from './templated.ts'
import { type Layer, readVariables, scopeOf } from './variables.ts'
import { IMPORT_PLAYBOOK_WORDS, PLAY_WORDS } from './vocabulary.ts'

/** A play as it is written, before it is joined with an inventory. */
export interface PlaySource extends PlayWords {
  readonly name: string
  /** `name`, where there is one. */
  readonly title?: Templated
  readonly at: Position
  /** `patterns`: what `pattern` is once the answers to vars_prompt are known. */
  readonly hosts: {
    readonly pattern: string
    readonly at: Position
    readonly patterns?: readonly Templated[]
    /** Each pattern of a list. */
    readonly list?: readonly string[]
  }
  readonly vars: Layer
  /** Of each entry the first candidate that is there. */
  readonly varsFiles: readonly (readonly Templated[])[]
  readonly prompts: readonly Prompt[]
  /** What it says for all of its tasks. */
  readonly around: Around
  readonly tags: readonly string[]
  readonly steps: readonly StepSource[]
  readonly handlers: readonly TaskSource[]
}

/** Reads a playbook and those it imports; what cannot be used of it is noted and left out. */
export function readPlaybook(
  path: string,
  words: Words,
  extraVars: readonly Layer[],
  problems: Problems,
): readonly PlaySource[] {
  const reading = { words, problems, kind: 'task', playbookFolder: dirname(path), files: [path] } as const
  return readFile(path, { ...reading, scope: {}, extraVars, around: NOTHING_AROUND })
}

interface PlaybookReading extends Reading {
  readonly extraVars: readonly Layer[]
  /** What the imports of the playbook say for all of its plays. */
  readonly around: Around
}

const NOTHING_AROUND: Around = { keywords: [], conditions: [], vars: [], tags: [] }

function readFile(path: string, reading: PlaybookReading, namedAt?: Position): readonly PlaySource[] {
  const { problems } = reading
  const tree = readYamlFile(path, problems, namedAt)
  if (tree === undefined) return []
  if (isNothing(tree) || (tree.kind === 'list' && tree.items.length === 0))
    problems.add(path, 'holds no play')
  else if (tree.kind !== 'list')
    problems.add(tree.at, 'a playbook is a list of plays', 'begin each play with "- hosts: …"')
  else return tree.items.flatMap(item => readEntry(asMap(item, 'a play', problems), reading))
  return []
}

function readEntry(map: MapNode | undefined, reading: PlaybookReading): readonly PlaySource[] {
  if (map === undefined) return []
  const isImport = map.entries.some(({ key }) => withoutPrefix(key) === 'import_playbook')
  return isImport ? readImport(map, reading) : [readPlay(map, reading)]
}

function readImport(map: MapNode, reading: PlaybookReading): readonly PlaySource[] {
  const { problems, extraVars, around } = reading
  const keys = readKeys(map, IMPORT_PLAYBOOK_WORDS, problems)
  const name = keys.get('name')?.value
  if (name) asText(name, 'name', problems)
  const file = [...keys.values()].find(({ key }) => withoutPrefix(key) === 'import_playbook')?.value
  const vars = readVars(keys.get('vars'), problems)
  const scope = scopeOf([...around.vars, vars, ...extraVars], {})
  const within = inside(around, keys, problems, readTags(keys.get('tags')?.value, { scope, problems }))
  const path = file && importedPath(file, '', { ...reading, scope })
  if (path === undefined) return []
  return readFile(path, { ...reading, around: within, files: [...reading.files, path] }, file?.at)
}

function readPlay(map: MapNode, outer: PlaybookReading): PlaySource {
  const { problems, extraVars } = outer
  const keys = readKeys(map, PLAY_WORDS, problems)
  const own = readVars(keys.get('vars'), problems)
  // What stands beside an import wins over the play's own (lib/ansible/playbook/playbook_include.py).
  const vars: Layer = new Map([...own, ...outer.around.vars.flatMap(layer => [...layer])])
  const reading: Reading = { ...outer, scope: playScope([vars, ...extraVars], outer.playbookFolder) }
  const hosts = readHosts(keys.get('hosts'), map, problems)
  const tags = [...new Set([...readTags(keys.get('tags')?.value, reading), ...outer.around.tags])]
  const around = aroundOf(keys, tags, outer)
  const handlers = readHandlers(keys.get('handlers'), around, reading)
  const steps = SECTIONS.flatMap(section => readSection(keys.get(section), around, reading))
  checkHandlers(tasksIn(steps), handlers, problems)
  const name = keys.get('name')
  return {
    ...readPlayWords(keys, problems),
    name: (name && asText(name.value, 'name', problems)) ?? hosts.pattern,
    ...(name && { title: templated(name.value, problems) }),
    at: map.at,
    hosts,
    vars,
    varsFiles: readVarsFiles(keys.get('vars_files'), problems),
    prompts: readPrompts(keys.get('vars_prompt'), problems),
    around,
    tags,
    steps: [...steps, FLUSH],
    handlers,
  }
}

const readVars = (entry: Entry | undefined, problems: Problems): Layer =>
  entry ? readVariables(entry.value, 'vars', 'play', problems) : new Map()

const playScope = (layers: readonly Layer[], folder: string): Scope =>
  scopeOf(layers, { playbook_dir: () => resolve(folder) })

/** The vars of the play are a layer of their own, under those of its files. */
function aroundOf(keys: ReadonlyMap<string, Entry>, tags: readonly string[], outer: PlaybookReading): Around {
  const shared = new Map([...keys].filter(([key]) => key !== 'vars'))
  return { ...inside({ ...outer.around, vars: [], tags: [] }, shared, outer.problems, tags) }
}

const SECTIONS = ['pre_tasks', 'tasks', 'post_tasks']
const FLUSH: StepSource = { kind: 'flush_handlers' }

/** Handlers run after each section that has tasks, and in any case at the end of the play. */
function readSection(entry: Entry | undefined, around: Around, reading: Reading): readonly StepSource[] {
  if (entry === undefined) return []
  const steps = readSteps(entry.value, entry.key, around, reading)
  return entry.key === 'post_tasks' || steps.length === 0 ? steps : [...steps, FLUSH]
}

/** The condition of an import of a playbook is not for handlers: what notifies them was under it. */
function readHandlers(entry: Entry | undefined, around: Around, reading: Reading): readonly TaskSource[] {
  if (entry === undefined) return []
  const steps = readSteps(
    entry.value,
    entry.key,
    { ...around, conditions: [] },
    { ...reading, kind: 'handler' },
  )
  return tasksIn(steps)
}

function readHosts(entry: Entry | undefined, play: MapNode, problems: Problems): PlaySource['hosts'] {
  if (entry === undefined)
    problems.add(play.at, 'a play needs "hosts"', 'name hosts or groups of the inventory, or "all"')
  const texts = entry ? asTexts(entry.value, 'hosts', problems) : []
  const pattern = texts.map(({ text }) => text).join(',')
  if (entry && texts.length > 0 && pattern.trim() === '') problems.add(entry.value.at, 'hosts names no host')
  const patterns = texts.map(({ node }) => templated(node, problems))
  const at = entry?.value.at ?? play.at
  if (patterns.some(each => each.templates.length > 0)) return { pattern, at, patterns }
  return entry?.value.kind === 'list' ? { pattern, at, list: texts.map(({ text }) => text) } : { pattern, at }
}

/** Each entry a file, or a list of which the first is read that is there. */
function readVarsFiles(entry: Entry | undefined, problems: Problems): PlaySource['varsFiles'] {
  if (entry === undefined || isNothing(entry.value)) return []
  const entries: readonly Node[] = entry.value.kind === 'list' ? entry.value.items : [entry.value]
  return entries.map(each =>
    asTexts(each, 'vars_files', problems).map(({ node }) => templated(node, problems)),
  )
}
