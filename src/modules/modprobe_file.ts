import type { Change } from '../host/change.ts'
import { write } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import type { Directive } from '../host/modprobe.ts'

/** Takes whole lines out of a modprobe.d file; a file that holds nothing else then goes. */
export function removeLines(host: Host, path: string, lines: readonly Directive[]): readonly Change[] {
  const before = host.files[path]?.bytes
  if (before === undefined || lines.length === 0) return []
  const after = lines
    .toSorted((a, b) => b.start - a.start)
    .reduce((bytes, { start, end }) => bytes.slice(0, start) + bytes.slice(end), before)
  return after.trim() === '' ? [{ kind: 'remove', path, before }] : write(host, path, after)
}
