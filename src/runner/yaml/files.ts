import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import type { Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import { parseYaml } from './yaml.ts'
import type { Node } from './yaml_node.ts'

/** The YAML or JSON tree of a file; undefined, and why noted, where it cannot be read. `namedAt`: who asked for it. */
export function readYamlFile(
  path: string,
  problems: Problems,
  namedAt?: Position | string,
): Node | undefined {
  const text = readTextFile(path, problems, namedAt)
  return text === undefined ? undefined : parseYaml(text, path, problems)
}

export function readTextFile(
  path: string,
  problems: Problems,
  namedAt?: Position | string,
): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const why = unreadableBecause(error)
    return problems.add(namedAt ?? path, namedAt === undefined ? why : `${path}: ${why}`)
  }
}

/** What the system runs by itself: a script that names its interpreter, or a program (ELF). */
export function isProgram(path: string): boolean {
  if (!existsSync(path) || isDirectory(path)) return false
  const head = readHead(path)
  return head.startsWith('#!') || head === '\x7fELF'
}

/** The names in a folder, sorted; none, and why noted, where it cannot be read. */
export const sortedNames = (folder: string, problems: Problems): readonly string[] =>
  namesIn(folder, problems).toSorted()

export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

export const isDirectory = (path: string): boolean => existsSync(path) && statSync(path).isDirectory()

export const isExecutable = (path: string): boolean => existsSync(path) && (statSync(path).mode & 0o111) !== 0

/**
 * The files that hold the variables of `name` in a group_vars or host_vars folder: NAME, NAME.yml, NAME.yaml,
 * NAME.json, or the files of a folder NAME, sorted (ansible/ansible, lib/ansible/parsing/dataloader.py, find_vars_files).
 */
export function variableFiles(folder: string, name: string, problems: Problems): readonly string[] {
  const [found, ignored] = ['', ...VARIABLE_FILE_ENDINGS]
    .map(ending => join(folder, name + ending))
    .filter(existsSync)
  if (found === undefined) return []
  // Ansible reads the first one only and says nothing about the others.
  if (ignored !== undefined)
    problems.add(ignored, `is beside ${found}, which holds the same variables`, 'keep one of them')
  return isDirectory(found) ? filesBelow(found, problems) : [found]
}

const VARIABLE_FILE_ENDINGS = ['.yml', '.yaml', '.json']

/** Of whom a group_vars or host_vars folder holds variables. */
export function namesWithVariables(
  folder: string,
  problems: Problems,
): readonly { name: string; path: string }[] {
  if (!isDirectory(folder)) return []
  return namesIn(folder, problems)
    .filter(isNoLeftover)
    .map(file => {
      const ending = extname(file)
      const name = VARIABLE_FILE_ENDINGS.includes(ending) ? basename(file, ending) : file
      return { name, path: join(folder, file) }
    })
}

/** Of an editor. */
const isNoLeftover = (file: string): boolean => !file.startsWith('.') && !file.endsWith('~')

function filesBelow(folder: string, problems: Problems): readonly string[] {
  const names = namesIn(folder, problems).filter(isNoLeftover)
  return names.toSorted().flatMap(name => {
    const path = join(folder, name)
    if (isDirectory(path)) return extname(name) === '' ? filesBelow(path, problems) : []
    return ['', ...VARIABLE_FILE_ENDINGS].includes(extname(name)) ? [path] : []
  })
}

function namesIn(folder: string, problems: Problems): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    problems.add(folder, unreadableBecause(error))
    return []
  }
}

function readHead(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(4)
      return bytes.toString('latin1', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever reads the whole file says why it cannot be read.
    return ''
  }
}

function unreadableBecause(error: unknown): string {
  if (error instanceof Error && 'code' in error) return READ_ERRORS[String(error.code)] ?? error.message
  throw error
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'is a directory',
  EACCES: 'you may not read it',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
}
