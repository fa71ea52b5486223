import type { Bytes } from '../host/bytes.ts'
import { type Change, editsOf, write } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { type Directive, MODPROBE_FOLDERS } from '../host/modprobe.ts'
import { type Refusal, refuse } from '../refusal.ts'

/** Takes whole lines out of a modprobe.d file; a file that holds nothing else then goes. */
export function removeLines(host: Host, path: string, lines: readonly Directive[]): readonly Change[] {
  const before = host.files[path]?.bytes
  if (before === undefined || lines.length === 0) return []
  const after = lines
    .toSorted((a, b) => b.start - a.start)
    .reduce((bytes, { start, end }) => bytes.slice(0, start) + bytes.slice(end), before)
  // An empty file still hides what it hid.
  const isOver = /^[ \t\n]*$/.test(after) && hiddenBy(host, path) === undefined
  return isOver ? [{ kind: 'remove', path, before }] : write(host, path, after)
}

/** A new file in /etc would take those of the same name in other folders out of effect (modprobe.d(5)). */
export function refuseHiding(host: Host, changes: readonly Change[]): Refusal | undefined {
  for (const { path, before } of changes.flatMap(editsOf)) {
    const hidden = before === undefined ? hiddenBy(host, path) : undefined
    if (hidden !== undefined)
      return refuse(`a new ${path} would hide ${hidden}`, 'name another file with file:, then run again')
  }
  return undefined
}

function hiddenBy(host: Host, path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/'))
  return MODPROBE_FOLDERS.map(folder => folder + name).find(other => other !== path && other in host.files)
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
