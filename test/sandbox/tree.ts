import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** A file system as data: absolute path → what is there. Folders above an entry follow from its path. */
export type Tree = ReadonlyMap<string, Entry>

export type Entry =
  | { readonly kind: 'file'; readonly content: string | Buffer; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'folder' }

export const file = (content: string | Buffer, mode = 0o644): Entry => ({ kind: 'file', content, mode })
export const folder: Entry = { kind: 'folder' }

/** A symlink as the kernel makes them: relative, from the folder that holds it. */
export const link = (from: string, to: string): [string, Entry] => [
  from,
  { kind: 'link', to: relative(dirname(from), to) },
]

/** The attributes of one folder. */
export const filesIn = (
  path: string,
  contents: Readonly<Record<string, string>>,
  mode = 0o444,
): [string, Entry][] =>
  Object.entries(contents).map(([name, content]) => [`${path}/${name}`, file(content, mode)])

export function writeTree(root: string, tree: Tree): void {
  const made = new Set<string>()
  for (const [path, entry] of tree) {
    const at = join(root, path)
    const parent = entry.kind === 'folder' ? at : dirname(at)
    if (!made.has(parent)) mkdirSync(parent, { recursive: true })
    made.add(parent)
    writeEntry(at, entry)
  }
}

function writeEntry(at: string, entry: Entry): void {
  if (entry.kind === 'link') symlinkSync(entry.to, at)
  if (entry.kind !== 'file') return
  writeFileSync(at, entry.content)
  // writeFileSync's own mode is cut by the umask.
  chmodSync(at, entry.mode)
}
