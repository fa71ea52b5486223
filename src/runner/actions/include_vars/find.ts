import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { formatPosition, type Position, UserError } from '../../../errors.ts'
import { findFile, placesOf } from '../../playbook/find_file.ts'
import { isFile } from '../../yaml/files.ts'

/** What names of files are relative to. */
export interface Beside {
  /** Of the task; undefined: only the playbook's folder counts. */
  readonly at: Position | undefined
  readonly playbookFolder: string
}

/** The file of variables that a task names. Throws UserError where there is none. */
export function variableFile(name: string, beside: Beside): string {
  const namedIn = beside.at?.file ?? join(beside.playbookFolder, 'x')
  const found = findFile(name, 'vars', namedIn, beside.playbookFolder)
  if (found !== undefined) return found
  const places = placesOf(name, 'vars', namedIn, beside.playbookFolder)
  throw new UserError({
    where: whereOf(beside, name),
    why: `there is no file of variables ${name}`,
    hint: `looked for ${places.join(', ')}`,
  })
}

const folderOf = ({ at, playbookFolder }: Beside): string =>
  at === undefined ? playbookFolder : dirname(at.file)

const whereOf = ({ at }: Beside, name: string): string => (at === undefined ? name : formatPosition(at))

/** Which files of a folder. */
export interface Choice {
  /** Folders below one another; 0: all. */
  readonly depth: number
  readonly matching: string | undefined
  /** Regular expressions for the ends of names. */
  readonly ignored: readonly string[]
  readonly extensions: readonly string[]
  readonly ignoresUnknown: boolean
}

/** Folder by folder, each one's files by name (lib/ansible/plugins/action/include_vars.py). Throws UserError. */
export function variableFilesBelow(name: string, beside: Beside, choice: Choice): readonly string[] {
  const where = whereOf(beside, name)
  const root = isAbsolute(name) ? name : join(folderOf(beside), name)
  if (!existsSync(root) || !statSync(root).isDirectory())
    throw new UserError({ where, why: `there is no folder ${root}` })
  const matches = namesMatching(choice, where)
  return foldersBelow(root)
    .slice(0, choice.depth > 0 ? choice.depth : undefined)
    .flatMap(folder => filesIn(folder).map(file => join(folder, file)))
    .filter(path => matches(path.slice(path.lastIndexOf('/') + 1)))
    .filter(path => hasExtension(path, choice, where))
}

function namesMatching({ matching, ignored }: Choice, where: string): (file: string) => boolean {
  const wanted = matching === undefined ? undefined : patternOf(matching, where)
  const unwanted = ignored.map(pattern => patternOf(`(?:${pattern})$`, where))
  return file => wanted?.test(file) !== false && !unwanted.some(pattern => pattern.test(file))
}

function patternOf(source: string, where: string): RegExp {
  try {
    return new RegExp(source)
  } catch (cause) {
    throw new UserError({ where, why: `"${source}" is not a regular expression`, cause })
  }
}

/** A folder that links to one above it would never end. */
const foldersBelow = (folder: string): readonly string[] =>
  [
    folder,
    ...readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .flatMap(entry => foldersBelow(join(folder, entry.name))),
  ].toSorted()

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter(name => isFile(join(folder, name)))
    .toSorted()

function hasExtension(path: string, { extensions, ignoresUnknown }: Choice, where: string): boolean {
  const isKnown = extensions.includes(extname(path).slice(1))
  if (isKnown || ignoresUnknown) return isKnown
  throw new UserError({
    where,
    why: `${path} does not end in ${extensions.map(name => `.${name}`).join(' or ')}`,
    hint: 'say ignore_unknown_extensions: true, or name it in ignore_files',
  })
}
