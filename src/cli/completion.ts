import { type Dirent, readdirSync } from 'node:fs'
import type { Complete } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { modules } from '../modules/index.ts'
import { actions } from '../runner/actions/index.ts'
import { readInventories } from '../runner/inventory/inventory.ts'
import { Problems } from '../runner/playbook/problems.ts'
import { isExecutable } from '../runner/yaml/files.ts'

/**
 * `vfio-run completion bash|zsh|fish` prints a script for the shell; that script asks `vfio-run complete -- WORDS…` for
 * what may follow. To be added last: it reads the commands and options that are there.
 */
export function addCompletion(program: Command): void {
  const completion = tab(program, { completionCommandName: 'completion' })
  program.commands
    .find(command => command.name() === 'completion')
    ?.description('print a completion script for bash, zsh or fish')
  const offer = (names: () => Iterable<string>) => (complete: Complete) => {
    for (const name of names()) complete(name, '')
  }
  for (const command of [completion, ...completion.commands.values()])
    for (const [option, names] of Object.entries(OFFERS)) {
      const found = command.options.get(option)
      if (found !== undefined) found.handler = offer(names)
    }
  const words = completion.commands.get('modules')?.arguments.get('name')
  if (words !== undefined) words.handler = offer(() => [...modules.keys(), ...actions.keys()])
  const playbook = completion.arguments.get('playbook')
  if (playbook !== undefined) playbook.handler = offer(() => filesFrom(process.argv.at(-1) ?? '', /\.ya?ml$/))
}

/** By the option that takes them. */
const OFFERS: Readonly<Record<string, () => Iterable<string>>> = {
  limit: () => fleetOf(process.argv).flatMap(({ hosts, groups }) => [...groups, ...hosts]),
  host: () => fleetOf(process.argv).flatMap(({ hosts }) => hosts),
  graph: () => fleetOf(process.argv).flatMap(({ groups }) => groups),
  inventory: () => filesFrom(process.argv.at(-1) ?? '', /\.(ya?ml|json|ini)$/),
}

/** More would be a wall; and a tree of sources is not searched through. */
const MOST_FILES = 200
const DEEPEST = 3

/** Files that what is typed so far may become: whole paths, as the shells put a blank behind what they complete. */
function filesFrom(typed: string, wanted: RegExp): string[] {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1)
  return filesBelow(folder, wanted, DEEPEST)
    .filter(path => path.startsWith(typed))
    .slice(0, MOST_FILES)
}

function filesBelow(folder: string, wanted: RegExp, depth: number): string[] {
  const entries = entriesIn(folder).filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
  return entries.flatMap(entry => {
    const path = folder + entry.name
    if (entry.isDirectory()) return depth > 1 ? filesBelow(`${path}/`, wanted, depth - 1) : []
    return wanted.test(entry.name) ? [path] : []
  })
}

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder === '' ? '.' : folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** Of the inventories that the line names so far; mistakes in them are not for a completion to tell. */
function fleetOf(words: readonly string[]): { hosts: string[]; groups: string[] }[] {
  const paths = words.flatMap((word, n) => {
    const [, inline] = /^(?:-i|--inventory=)(.+)$/.exec(word) ?? []
    if (inline !== undefined) return [inline]
    const next = words[n + 1]
    return (word === '-i' || word === '--inventory') && next !== undefined ? [next] : []
  })
  // To press Tab is not to run programs.
  const read = paths.filter(path => !isExecutable(path))
  if (read.length === 0) return []
  try {
    const inventory = readInventories(read, new Problems())
    return [{ hosts: [...inventory.hosts.keys()], groups: [...inventory.groups.keys()] }]
  } catch {
    return []
  }
}
