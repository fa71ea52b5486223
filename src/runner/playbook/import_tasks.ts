import { formatPosition, type Position } from '../../errors.ts'
import { readYamlFile } from '../yaml/files.ts'
import type { Entry, MapNode, Node } from '../yaml/yaml_node.ts'
import { findFile } from './find_file.ts'
import { type Around, inside } from './keywords.ts'
import { type Reading, textNow } from './reading.ts'
import { asText, noteUnknownKey, readKeys } from './shape.ts'
import { readTags } from './tags.ts'
import type { StepSource } from './task_source.ts'
import { withoutPrefix } from './task_word.ts'
import { readSteps } from './tasks.ts'
import { IMPORT_TASKS, IMPORT_TASKS_WORDS } from './vocabulary.ts'

/** The tasks of a file, in the place of the import; they inherit what stands beside it. */
export function readImport(map: MapNode, around: Around, reading: Reading): readonly StepSource[] {
  const { problems } = reading
  const entry = map.entries.find(isImportKey)
  const others = { ...map, entries: map.entries.filter(each => each !== entry) }
  const keys = readKeys(others, IMPORT_TASKS_WORDS, problems)
  const title = keys.get('name')?.value
  if (title) asText(title, 'name', problems)
  const within = inside(around, keys, problems, readTags(keys.get('tags')?.value, reading))
  const name = entry && fileNode(entry, reading)
  const path = name && importedPath(name, 'tasks', reading)
  if (path === undefined || name === undefined) {
    problems.hasUnreadTasks = true
    return []
  }
  const tree = readYamlFile(path, problems, name.at)
  return tree === undefined
    ? []
    : readSteps(tree, 'a file of tasks', within, { ...reading, files: [...reading.files, path] })
}

const isImportKey = ({ key }: Entry): boolean => withoutPrefix(key) === IMPORT_TASKS
export const isImport = (map: MapNode): boolean => map.entries.some(isImportKey)

/** `import_tasks: x.yml`, or `import_tasks: {file: x.yml}`. */
function fileNode({ key, keyAt, value }: Entry, { problems }: Reading): Node | undefined {
  if (value.kind !== 'map') return value
  const words = { of: key, known: ['file'] }
  for (const entry of value.entries) if (entry.key !== 'file') noteUnknownKey(entry, words, problems)
  const file = value.entries.find(entry => entry.key === 'file')
  if (file === undefined) problems.add(keyAt, `${key} needs a file`, 'write it as "import_tasks: FILE"')
  return file?.value
}

/** Where an imported file lies; undefined, and why noted, where it is not there or is being read already. */
export function importedPath(name: Node, folder: string, reading: Reading): string | undefined {
  const { problems, files } = reading
  const text = textNow(name, 'the name of a file', reading)
  if (text === undefined) return undefined
  const path = findFile(text, folder, name.at.file, reading.playbookFolder)
  if (path === undefined)
    return problems.add(name.at, `${text}: no such file`, 'name it as seen from the folder of this file')
  if (files.includes(path) || files.length >= DEEPEST) return noteCircle(path, name.at, reading)
  return path
}

/** Files through files this deep are a circle by other names: links, or `./a/../a`. */
const DEEPEST = 32

function noteCircle(path: string, at: Position, { files, problems }: Reading): undefined {
  const circle = [...files.slice(Math.max(0, files.indexOf(path))), path]
  const shown = circle.length > 6 ? [...circle.slice(0, 3), '…', ...circle.slice(-2)] : circle
  return problems.add(formatPosition(at), `files import each other in a circle: ${shown.join(' → ')}`)
}
