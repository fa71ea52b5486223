import { refuseText, TEMPLATE } from '../backends/plain_text.ts'
import type { Bytes } from '../host/bytes.ts'
import { type Change, editsOf, pathsOf, write } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { type Directive, MODPROBE_FOLDERS, modprobeDirectives } from '../host/modprobe.ts'
import { type Refusal, refuse } from '../refusal.ts'

/** Takes whole lines out of a modprobe.d file; a file that holds nothing else then goes. */
export function removeLines(host: Host, path: string, lines: readonly Directive[]): readonly Change[] {
  const before = host.files[path]?.bytes
  if (before === undefined || lines.length === 0) return []
  const after = lines
    .toSorted((a, b) => b.start - a.start)
    .reduce((bytes, { start, end }) => bytes.slice(0, start) + bytes.slice(end), before)
  // An empty file still hides what it hid, and one with blanks in it was somebody else's before us.
  const isOver = /^\n*$/.test(after) && hiddenBy(host, path) === undefined
  return isOver ? [{ kind: 'remove', path, before }] : write(host, path, after)
}

/**
 * Why a line that our answer hangs on cannot be relied on: modprobe reads it otherwise than it looks. `matters` is asked
 * of each line as it looks; what else is wrong with files that we only read is nobody's trouble here.
 */
export function refuseDirectives(
  host: Host,
  matters: (directive: Directive) => boolean,
): Refusal | undefined {
  return modprobeDirectives(host)
    .filter(directive => matters(asItLooks(directive)))
    .map(directive => refuseText(host, directive.path, directive))
    .find(refusal => refusal !== undefined)
}

/** Byte order marks, carriage returns and the other half of UTF-16 are not seen. */
function asItLooks({ word, rest, ...place }: Directive): Directive {
  const [first = '', ...others] = [word, ...rest]
    .map(text => text.replaceAll(/\xef\xbb\xbf|\xff\xfe|\xfe\xff|[\r\0]/g, ''))
    .filter(text => text !== '')
  return { ...place, word: first, rest: others }
}

/** Whatever the template is filled in with may be the module in question. */
export function isOfAnyModule({ rest }: Directive): boolean {
  const at = rest.join(' ').search(TEMPLATE)
  return at >= 0 && at < (rest[0] ?? '').length
}

/** A file that is there already and that these changes would write to, though it is not what it looks like. */
export const refuseWriting = (host: Host, changes: readonly Change[]): Refusal | undefined =>
  pathsOf(changes)
    .map(path => refuseText(host, path))
    .find(refusal => refusal !== undefined)

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
