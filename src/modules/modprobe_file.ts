import type { Bytes } from '../host/bytes.ts'
import { type Change, write } from '../host/change.ts'
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

/** Adds lines at the end of a modprobe.d file, each one read as a line of its own. */
export function appendLines(host: Host, path: string, lines: readonly string[]): readonly Change[] {
  const before = host.files[path]?.bytes ?? ''
  return write(host, path, before + lineBreakAfter(before) + lines.map(line => `${line}\n`).join(''))
}

/** A backslash at the end of a line, a comment's too, would swallow the next one (kmod's freadline_wrapped()). */
function lineBreakAfter(bytes: Bytes): Bytes {
  if (bytes.endsWith('\\')) return '\n\n'
  return bytes === '' || (bytes.endsWith('\n') && !bytes.endsWith('\\\n')) ? '' : '\n'
}
