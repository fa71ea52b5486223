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

/** Files made by us are world-readable configuration, as their neighbours are. */
const NEW_FILE_MODE = '644'

/** The only overlay: what the host will look like once the change is applied. */
export function applyChange(host: Host, change: Change): Host {
  if (change.kind === 'remove') {
    const { [change.path]: _, ...files } = host.files
    return { ...host, files }
  }
  const mode = host.files[change.path]?.mode ?? NEW_FILE_MODE
  return { ...host, files: { ...host.files, [change.path]: { bytes: change.after, mode } } }
}

export const applyChanges = (host: Host, changes: readonly Change[]): Host =>
  changes.reduce(applyChange, host)

/** The change that makes `path` hold `after`; none where it does already. */
export function write(host: Host, path: string, after: Bytes): readonly Change[] {
  const before = host.files[path]?.bytes
  return before === after ? [] : [{ kind: 'write', path, before, after }]
}
