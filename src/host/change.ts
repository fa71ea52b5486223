import type { Bytes } from './bytes.ts'
import type { Host } from './host.ts'

/** A program and its arguments, never a shell text. */
export type Argv = readonly [string, ...string[]]

/** Pure data: can be saved, compared, shown, and checked on the host before it is applied. */
export type Change =
  | {
      readonly kind: 'write'
      readonly path: string
      readonly before: Bytes | undefined
      readonly after: Bytes
    }
  | { readonly kind: 'remove'; readonly path: string; readonly before: Bytes }
  /** A program that edits its own configuration: grubby, kernelstub, rpm-ostree. */
  | {
      readonly kind: 'run'
      readonly argv: Argv
      readonly reason: string
      /** The files that it writes: as they are, and as they are expected to be afterwards. */
      readonly edits: readonly FileEdit[]
      /** Brings back what no file holds, when a later step fails. */
      readonly undo?: Argv
    }

/** undefined: there is no such file. */
export interface FileEdit {
  readonly path: string
  readonly before: Bytes | undefined
  readonly after: Bytes | undefined
}

/** Files made by us are world-readable configuration, as their neighbours are. */
const NEW_FILE_MODE = '644'

/** The only overlay: what the host will look like once the change is applied. */
export const applyChange = (host: Host, change: Change): Host => editsOf(change).reduce(applyEdit, host)

function applyEdit(host: Host, { path, after }: FileEdit): Host {
  if (after === undefined) {
    const { [path]: _, ...files } = host.files
    return { ...host, files }
  }
  const mode = host.files[path]?.mode ?? NEW_FILE_MODE
  return { ...host, files: { ...host.files, [path]: { bytes: after, mode } } }
}

/** What a change does to files, whoever writes them. */
export function editsOf(change: Change): readonly FileEdit[] {
  switch (change.kind) {
    case 'write':
      return [change]
    case 'remove':
      return [{ ...change, after: undefined }]
    case 'run':
      return change.edits
  }
}

/** The paths that changes write to, each one once. */
export const pathsOf = (changes: readonly Change[]): string[] => [
  ...new Set(changes.flatMap(change => editsOf(change).map(({ path }) => path))),
]

/** The same in words; a menu may have many entries. */
export function placesOf(changes: readonly Change[]): string {
  const paths = pathsOf(changes)
  const [named, others] = paths.length > 3 ? [paths.slice(0, 2), paths.length - 2] : [paths, 0]
  const last = others > 0 ? `${others} more files` : named.at(-1)
  const first = others > 0 ? named : named.slice(0, -1)
  return first.length > 0 ? `${first.join(', ')} and ${last}` : (last ?? '')
}

export const applyChanges = (host: Host, changes: readonly Change[]): Host =>
  changes.reduce(applyChange, host)

/** The change that makes `path` hold `after`; none where it does already. */
export function write(host: Host, path: string, after: Bytes): readonly Change[] {
  const before = host.files[path]?.bytes
  return before === after ? [] : [{ kind: 'write', path, before, after }]
}
