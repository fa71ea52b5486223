import { type Entry, isNothing, type MapNode, type Node, textNode } from '../yaml/yaml_node.ts'
import { type ArgumentsEntry, readArguments } from './arguments.ts'
import { isBlock, readBlock } from './blocks.ts'
import { isImport, readImport } from './import_tasks.ts'
import { type Around, innermost, inside, readLiteralNames } from './keywords.ts'
import { readLoop } from './loops.ts'
import type { Reading } from './reading.ts'
import { readResultWords } from './results.ts'
import { asList, asMap, asText, readKeys, type Vocabulary } from './shape.ts'
import { readTags } from './tags.ts'
import type { StepSource, TaskSource } from './task_source.ts'
import { type ChosenWord, chooseWord } from './task_word.ts'
import { templated } from './templated.ts'
import { HANDLER_WORDS, TASK_WORDS } from './vocabulary.ts'

/** The steps of one section of a play, of a section of a block, or of an imported file: imports are resolved. */
export function readSteps(node: Node, what: string, around: Around, reading: Reading): readonly StepSource[] {
  if (isNothing(node)) return []
  const list = asList(node, what, reading.problems)
  return (list?.items ?? []).flatMap(item => {
    const map = asMap(item, `a ${reading.kind}`, reading.problems)
    return map === undefined ? [] : readStep(map, around, reading)
  })
}

function readStep(map: MapNode, around: Around, reading: Reading): readonly StepSource[] {
  if (isBlock(map)) return readBlock(map, around, reading)
  if (isImport(map)) return readImport(map, around, reading)
  return readTask(map, around, reading)
}

function readTask(map: MapNode, around: Around, reading: Reading): readonly StepSource[] {
  const { kind, words, problems } = reading
  const vocabulary = kind === 'task' ? TASK_WORDS : HANDLER_WORDS
  const chosen = chooseWord(map, vocabulary, words, problems)
  const keys = knownKeys(map, vocabulary, reading)
  const tags = readTags(keys.get('tags')?.value, reading)
  if (chosen && chosen.word === undefined) return readFlush(chosen, keys, tags, around, reading)
  const parts = readParts(map, chosen, keys, tags, around, reading)
  if (chosen?.word === undefined) {
    if (parts.register) problems.refusedNames.add(parts.register.name)
    return []
  }
  const described = chosen.word.kind === 'module' ? chosen.word.module : chosen.word.action
  const entry = withArgs(chosen.entry, keys.get('args'), reading)
  const task: TaskSource = {
    ...parts,
    word: chosen.word,
    arguments: readArguments(described, entry, reading),
  }
  noteImpossible(task, keys, reading)
  return [{ kind: 'task', task }]
}

/** What chooseWord has found unknown is told by it. */
function knownKeys(map: MapNode, words: Vocabulary, { problems }: Reading): ReadonlyMap<string, Entry> {
  const known = { ...map, entries: map.entries.filter(entry => words.known.includes(entry.key)) }
  return readKeys(known, words, problems)
}

/** Read also where the module is unknown, so that all mistakes of a task are told at once. */
function readParts(
  map: MapNode,
  chosen: ChosenWord | undefined,
  keys: ReadonlyMap<string, Entry>,
  tags: readonly string[],
  around: Around,
  { problems }: Reading,
): Omit<TaskSource, 'word' | 'arguments'> {
  const name = keys.get('name')?.value
  const title = name && asText(name, 'name', problems)
  const titleNode = title === undefined || !name ? textNode(chosen?.entry.key ?? '', map.at) : name
  return {
    name: templated(titleNode, problems),
    at: map.at,
    listen: readLiteralNames(keys.get('listen'), problems),
    loop: readLoop(keys, problems),
    ...inside(around, keys, problems, tags),
    ...readResultWords(keys, problems),
  }
}

/** `args:` beside `command: ls` adds to its arguments; what stands at the module wins. */
function withArgs(entry: Entry, args: Entry | undefined, { problems }: Reading): ArgumentsEntry {
  const more = args && asMap(args.value, 'args', problems)
  return { ...entry, more: more?.entries ?? [] }
}

function readFlush(
  { entry }: ChosenWord,
  keys: ReadonlyMap<string, Entry>,
  tags: readonly string[],
  around: Around,
  { kind, problems }: Reading,
): readonly StepSource[] {
  const action = asText(entry.value, entry.key, problems)
  if (action !== undefined && action !== 'flush_handlers')
    problems.add(entry.value.at, `there is no meta action "${action}"`, 'use flush_handlers')
  for (const { key, keyAt } of keys.values())
    if (key !== 'name' && key !== 'tags')
      problems.add(
        keyAt,
        `${key} beside meta: flush_handlers is not supported: handlers are flushed for the whole play`,
        'leave it out, or give the handlers a condition',
      )
  if (kind === 'handler')
    problems.add(entry.keyAt, 'meta: flush_handlers as a handler would never end', 'leave it out')
  return [{ kind: 'flush_handlers', tags: [...new Set([...around.tags, ...tags])] }]
}

/** What a state module cannot be told: it is planned, and looks at the host by itself. */
function noteImpossible(task: TaskSource, keys: ReadonlyMap<string, Entry>, { problems }: Reading): void {
  if (task.word.kind !== 'module') return
  const name = task.word.module.name
  const delegate = keys.get('delegate_to')
  if (delegate)
    problems.add(
      delegate.keyAt,
      `delegate_to beside ${name}: it plans for the host it is of`,
      'name that host in hosts of a play of its own',
    )
  const limit = innermost(task.keywords, 'timeout')
  if (limit && !(limit.node.kind === 'scalar' && limit.node.source === '0'))
    problems.add(
      limit.at,
      `timeout beside ${name}: a host that is left in the middle of a change is neither as it was nor as it should be`,
      'leave it out; it is for command and other words that only run something',
    )
}
