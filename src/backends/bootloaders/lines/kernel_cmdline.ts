import { type Change, write } from '../../../host/change.ts'
import type { Host } from '../../../host/host.ts'
import { type ArgEdit, isSatisfied } from '../../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import { refuseText } from '../../plain_text.ts'
import { editJoinedLine, joinedTokens } from './joined_line.ts'
import { bytesOf, type WrittenLine } from './written_line.ts'

/** The command line for entries and images that are made from now on (kernel-install(8), mkinitcpio(8)). */
export const KERNEL_CMDLINE = '/etc/kernel/cmdline'

/** The distribution's, read where there is none in /etc. */
const VENDOR_CMDLINE = '/usr/lib/kernel/cmdline'

export const KERNEL_CMDLINE_FILES = [KERNEL_CMDLINE, VENDOR_CMDLINE] as const

/**
 * mkinitcpio leaves out lines that start with #; kernel-install, ukify and proxmox-boot-tool take every word of the
 * file (systemd, src/kernel-install/90-loaderentry.install and 60-ukify.install).
 */
export type Reader = 'drops comments' | 'takes every word'

/** What the files ask for; undefined where there is neither, and the running kernel's line is taken in their place. */
export function kernelCmdline(
  host: Host,
  reader: Reader = 'takes every word',
): readonly string[] | undefined {
  const path = KERNEL_CMDLINE_FILES.find(file => file in host.files)
  return path && joinedTokens(host, placesIn(host, path, reader))
}

/**
 * Every edit holds in /etc/kernel/cmdline afterwards. Where there is none yet, a new one is begun with `effective`, the
 * line that the machine boots with: one with our arguments only would lose root=, and the machine with it.
 */
export function editKernelCmdline(
  host: Host,
  edits: readonly ArgEdit[],
  effective: readonly string[],
  reader: Reader = 'takes every word',
): readonly Change[] | Refusal {
  if (KERNEL_CMDLINE in host.files)
    return refuseText(host, KERNEL_CMDLINE) ?? editCmdlineFile(host, KERNEL_CMDLINE, edits, reader)
  const vendor = bytesOf(host, VENDOR_CMDLINE)
  if (VENDOR_CMDLINE in host.files) {
    if (edits.every(edit => isSatisfied(kernelCmdline(host, reader) ?? [], edit))) return []
    const refusal = refuseText(host, VENDOR_CMDLINE)
    return refusal ?? editNewFile(host, vendor, edits, reader)
  }
  const seed = seedOf(effective)
  if (seed.length === 0) return nothingToBeginWith
  return edits.every(edit => isSatisfied(seed, edit))
    ? []
    : editNewFile(host, `${seed.join(' ')}\n`, edits, reader)
}

/** A file that holds nothing but a kernel command line: /etc/kernel/cmdline, or one that a preset names. */
export function editCmdlineFile(
  host: Host,
  path: string,
  edits: readonly ArgEdit[],
  reader: Reader,
): readonly Change[] | Refusal {
  const places = placesIn(host, path, reader)
  return places.length === 0 ? endsInComment(path) : editJoinedLine(host, places, edits)
}

/** What of a booted line is the configuration's: the rest is put there by loaders, and by kernel-install itself. */
export const seedOf = (effective: readonly string[]): readonly string[] =>
  effective.filter(token => !/^(BOOT_IMAGE|initrd|systemd\.machine_id)=/.test(token))

/** Where arguments stand in such a file: all of it, or what is between the comments. */
export function placesIn(host: Host, path: string, reader: Reader): WrittenLine[] {
  const bytes = bytesOf(host, path)
  if (reader === 'takes every word') return [{ path, start: 0, end: bytes.length }]
  const runs = [...bytes.matchAll(/(?:^(?!#)[^\n]*(?:\n|$))+/gm)]
  return runs.map(run => ({ path, start: run.index, end: run.index + run[0].length }))
}

function editNewFile(
  host: Host,
  text: string,
  edits: readonly ArgEdit[],
  reader: Reader,
): readonly Change[] | Refusal {
  const begun: Host = { ...host, files: { ...host.files, [KERNEL_CMDLINE]: { bytes: text, mode: '644' } } }
  const changes = editCmdlineFile(begun, KERNEL_CMDLINE, edits, reader)
  if (isRefusal(changes)) return changes
  const [change] = changes
  return change?.kind === 'write' ? write(host, KERNEL_CMDLINE, change.after) : []
}

const endsInComment = (path: string): Refusal =>
  refuse(
    `the command line in ${path} cannot be edited safely: it ends in a comment without a newline`,
    'end that line, then run again',
  )

const nothingToBeginWith = refuse(
  `there is no ${KERNEL_CMDLINE}, and what it would have to begin with cannot be told: the command line of the next boot is not known`,
  `write the whole command line, root= included, to ${KERNEL_CMDLINE}, then run again`,
)
