import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../../sandbox/machine.ts'

/**
 * Everything below a folder of a sandbox, path → what is there: a file with its mode and bytes, a link, or a folder.
 * Two of these are equal where no byte has changed.
 */
export function hostTree(sandbox: Sandbox, folder = '/'): ReadonlyMap<string, string> {
  return new Map(entriesBelow(sandbox.at(folder), folder))
}

/** Not readdir's own recursion, which follows links: those of /sys lead in circles. */
function entriesBelow(at: string, path: string): [string, string][] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const [here, name] = [join(at, entry.name), join(path, entry.name)]
    return [[name, contentOf(here)], ...(entry.isDirectory() ? entriesBelow(here, name) : [])]
  })
}

function contentOf(path: string): string {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return `link to ${readlinkSync(path)}`
  const mode = (stat.mode & 0o7777).toString(8)
  if (stat.isDirectory()) return `folder ${mode}`
  // sysfs has files that can only be written to; without root they cannot be read here either.
  const isReadable = (stat.mode & 0o400) !== 0
  return `file ${mode}\n${isReadable ? readFileSync(path, 'latin1') : ''}`
}

/** Paths that differ between two trees. */
export const differences = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter(path => a.get(path) !== b.get(path)).sort()

/** Temporary files of ours, wherever they were left. */
export const leftBehind = (sandbox: Sandbox): string[] =>
  [...hostTree(sandbox).keys()].filter(path => path.includes('.vfio-run'))
