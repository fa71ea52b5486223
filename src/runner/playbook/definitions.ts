import type { Position } from '../../errors.ts'
import { hasTemplate } from '../template/template.ts'
import { readYamlFile } from '../yaml/files.ts'
import type { Node } from '../yaml/yaml_node.ts'
import { findFile, placesOf } from './find_file.ts'
import type { Problems } from './problems.ts'
import type { TaskSource } from './task_source.ts'
import { readVariables } from './variables.ts'

/** The variables that a task gives those that follow it. */
export interface Definitions {
  readonly names: ReadonlyMap<string, Position | undefined>
  /** It may give any: what it reads is only known in the run. */
  readonly isOpen: boolean
}

interface Place {
  readonly problems: Problems
  readonly playbookFolder: string
}

/** Files of variables that are named literally are read, and checked, already here. */
export function definitionsOf(task: TaskSource, place: Place): Definitions {
  const own = task.word.kind === 'action' ? (READERS[task.word.action.name]?.(task, place) ?? NONE) : NONE
  const { register } = task
  return register ? { ...own, names: new Map([...own.names, [register.name, register.at]]) } : own
}

const NONE: Definitions = { names: new Map(), isOpen: false }
const ANYTHING: Definitions = { names: new Map(), isOpen: true }

const READERS: Readonly<Record<string, (task: TaskSource, place: Place) => Definitions>> = {
  set_fact: ({ arguments: { node } }) =>
    node.kind === 'map'
      ? {
          names: new Map(node.entries.map(({ key, keyAt }) => [key, keyAt])),
          isOpen: node.entries.some(({ key }) => hasTemplate(key)),
        }
      : ANYTHING,
  include_vars: readIncluded,
}

function readIncluded({ arguments: { node }, at }: TaskSource, place: Place): Definitions {
  const literal = (name: string): Node | undefined =>
    node.kind === 'map' ? node.entries.find(({ key }) => key === name)?.value : undefined
  const [name, file] = [literal('name'), literal('file')]
  const path = file && isLiteral(file) ? foundFile(file, at, place) : undefined
  const tree = path === undefined ? undefined : readYamlFile(path, place.problems, file?.at)
  const layer = tree && readVariables(tree, 'a file of variables', 'play', place.problems)
  if (name) return isLiteral(name) ? { names: new Map([[name.source, name.at]]), isOpen: false } : ANYTHING
  return layer
    ? { names: new Map([...layer].map(([key, { keyAt }]) => [key, keyAt])), isOpen: false }
    : ANYTHING
}

const isLiteral = (node: Node): node is Node & { kind: 'scalar' } =>
  node.kind === 'scalar' && !/\{[{%]/.test(node.source)

function foundFile(file: Node & { kind: 'scalar' }, at: Position, place: Place): string | undefined {
  const path = findFile(file.source, 'vars', at.file, place.playbookFolder)
  if (path !== undefined) return path
  const places = placesOf(file.source, 'vars', at.file, place.playbookFolder)
  return place.problems.add(file.at, `${file.source}: no such file`, `looked for ${places.join(', ')}`)
}
