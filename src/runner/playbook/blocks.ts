import type { Entry, MapNode } from '../yaml/yaml_node.ts'
import { type Around, inside } from './keywords.ts'
import type { Reading } from './reading.ts'
import { asText, readKeys } from './shape.ts'
import { readTags } from './tags.ts'
import type { StepSource } from './task_source.ts'
import { readSteps } from './tasks.ts'
import { BLOCK, BLOCK_WORDS } from './vocabulary.ts'

/** A block. Without rescue and always it only says things for all of its tasks, and they stand in its place. */
export function readBlock(map: MapNode, around: Around, reading: Reading): readonly StepSource[] {
  const { problems, kind } = reading
  const keys = readKeys(map, BLOCK_WORDS, problems)
  const name = keys.get('name')?.value
  const title = name && asText(name, 'name', problems)
  const within = inside(around, keys, problems, readTags(keys.get('tags')?.value, reading))
  const section = (key: string): readonly StepSource[] => readSection(keys.get(key), within, reading)
  const [steps, rescue, always] = [section(BLOCK), section('rescue'), section('always')]
  if (!keys.has(BLOCK))
    problems.add(map.at, 'rescue and always need a block', 'put the tasks they are for below "block:"')
  const isPlain = !keys.has('rescue') && !keys.has('always')
  if (isPlain) return steps
  if (kind === 'handler') {
    problems.add(
      map.at,
      'a block with rescue or always as a handler is not supported: a handler is one task',
      'make a handler of each of its tasks, with one topic in listen',
    )
    return []
  }
  return [{ kind: 'block', block: { name: title ?? '', at: map.at, steps, rescue, always } }]
}

export const isBlock = (map: MapNode): boolean =>
  map.entries.some(({ key }) => key === BLOCK || key === 'rescue' || key === 'always')

const readSection = (entry: Entry | undefined, around: Around, reading: Reading): readonly StepSource[] =>
  entry === undefined ? [] : readSteps(entry.value, entry.key, around, reading)
