import type { Disk } from '../../disk.ts'

/** A file of loader/entries (UAPI.1, type #1): the values of each key, in order. */
export interface EntryFile {
  /** The file's name without .conf. */
  readonly id: string
  first(key: string): string | undefined
  all(key: string): readonly string[]
}

export const entryFiles = (disk: Disk, folder: string): EntryFile[] =>
  disk
    .files(folder, '.conf')
    .map(path => readEntry(path.replace(/^.*\//, '').replace(/\.conf$/, ''), disk.read(path)))

function readEntry(id: string, text: string): EntryFile {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const pairs = lines.map(line => {
    const [, key = '', value = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? []
    return [key, value] as const
  })
  const all = (key: string) => pairs.filter(([name]) => name === key).map(([, value]) => value)
  return { id, all, first: key => all(key)[0] }
}

/** strverscmp-like: runs of digits count as numbers. Negative: `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []]
  const at = left.findIndex((part, i) => part !== right[i])
  if (at < 0) return left.length - right.length
  const [x = '', y = ''] = [left[at], right[at]]
  return /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : x < y ? -1 : 1
}
