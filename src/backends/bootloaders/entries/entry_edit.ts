import { applyChanges, type Change, write } from '../../../host/change.ts'
import type { Host } from '../../../host/host.ts'
import type { ArgEdit } from '../../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import { refuseText } from '../../plain_text.ts'
import { editJoinedLine } from '../lines/joined_line.ts'
import { bytesOf, type WrittenLine } from '../lines/written_line.ts'
import { type BlsEntry, parseBlsEntry } from './bls.ts'
import { kernelInstallToken, unquoted } from './loader_entries.ts'

/** Every edit holds in each of the entries afterwards. An entry without options is given some. */
export function editEntries(
  host: Host,
  entries: readonly BlsEntry[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const odd = neighbours(host, entries).find(path => /\0/.test(bytesOf(host, path)))
  const refusal = odd === undefined ? undefined : refuseText(host, odd)
  if (refusal !== undefined) return refusal
  const changes: Change[] = []
  for (const entry of entries) {
    const own = refuseEntry(host, entry) ?? editEntry(host, entry, edits)
    if (isRefusal(own)) return own
    changes.push(...own)
  }
  return changes
}

/** What the folders of the entries hold: a file in UTF-16 has no `linux` that we could see, and would be passed over unsaid. */
function neighbours(host: Host, entries: readonly BlsEntry[]): string[] {
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
  const folders = new Set(entries.map(({ path }) => folderOf(path)))
  return Object.keys(host.files).filter(path => path.endsWith('.conf') && folders.has(folderOf(path)))
}

function refuseEntry(host: Host, { path }: BlsEntry): Refusal | undefined {
  if (host.files[path]?.masks === true)
    return refuse(`${path} is a link to /dev/null`, 'take the link away, or leave this host out with --limit')
  if (/\r/.test(bytesOf(host, path)))
    return (
      refuseText(host, path) ??
      refuse(`${path} has a carriage return, which ends a line for the loader`, 'mend it, then run again')
    )
  return refuseText(host, path)
}

/** A line of options is ours to take away again when nothing is left on it, as it is ours to add where there is none. */
function editEntry(host: Host, entry: BlsEntry, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  const lines = entry.options.map(line => beforeMachineId(host, entry, unquoted(host, line)))
  const filled = lines.filter(line => line.end > line.start)
  if (filled.length === 0) return addOptions(host, entry, edits)
  const changes = editJoinedLine(host, filled, edits)
  return isRefusal(changes) ? changes : dropEmptied(host, entry, changes)
}

/**
 * kernel-install puts systemd.machine_id= behind what /etc/kernel/cmdline says: arguments before it stand where they
 * will stand when the entry is made anew (90-loaderentry.install).
 */
function beforeMachineId(host: Host, entry: BlsEntry, line: WrittenLine): WrittenLine {
  if (kernelInstallToken(entry) === undefined) return line
  const text = bytesOf(host, line.path).slice(line.start, line.end)
  const tail = /(?<=\S)[ \t]+systemd\.machine_id=[0-9a-f]{32}$/.exec(text)
  return tail === null ? line : { ...line, end: line.start + tail.index }
}

function addOptions(host: Host, { path }: BlsEntry, edits: readonly ArgEdit[]): readonly Change[] | Refusal {
  const bytes = bytesOf(host, path)
  const key = bytes.endsWith('\n') ? 'options ' : '\noptions '
  const end = bytes.endsWith('\n') ? '\n' : ''
  const begun = withBytes(host, path, bytes + key + end)
  const start = bytes.length + key.length
  const changes = editJoinedLine(begun, [{ path, start, end: start }], edits)
  if (isRefusal(changes)) return changes
  return changes.length === 0 ? [] : write(host, path, bytesOf(applyChanges(begun, changes), path))
}

function dropEmptied(host: Host, { path, options }: BlsEntry, changes: readonly Change[]): readonly Change[] {
  const edited = applyChanges(host, changes)
  const now = parseBlsEntry(path, bytesOf(edited, path)).options
  const emptied = now.filter((line, i) => {
    const before = options[i]
    return isBlank(edited, line) && before !== undefined && !isBlank(host, before)
  })
  return write(host, path, emptied.reduceRight(withoutLine, bytesOf(edited, path)))
}

const isBlank = (host: Host, { path, start, end }: WrittenLine): boolean =>
  bytesOf(host, path).slice(start, end).trim() === ''

function withoutLine(bytes: string, { start, end }: WrittenLine): string {
  const from = bytes.lastIndexOf('\n', start - 1) + 1
  return end < bytes.length
    ? bytes.slice(0, from) + bytes.slice(end + 1)
    : bytes.slice(0, Math.max(from - 1, 0))
}

const withBytes = (host: Host, path: string, bytes: string): Host => ({
  ...host,
  files: { ...host.files, [path]: { bytes, mode: host.files[path]?.mode ?? '644' } },
})
