import { applyChanges, write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { type ArgEdit, keyOf } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, loaderInfo, not, path, stubInfo, tool } from '../evidence.ts'
import type { Bootloader } from './bootloader.ts'
import type { BlsEntry } from './entries/bls.ts'
import {
  configuredEntry,
  entryFiles,
  type LoaderEntry,
  loaderEntries,
  nextOf,
  noEntries,
  optionTokens,
  ourEntries,
} from './entries/loader_entries.ts'
import { editKernelCmdline, KERNEL_CMDLINE, KERNEL_CMDLINE_FILES, seedOf } from './lines/kernel_cmdline.ts'
import { bytesOf } from './lines/written_line.ts'
import { BOOT_ROOTS, SYSTEMD_BOOT, systemdBootHasBooted } from './systemd_boot.ts'

const NAME = 'sdbootutil'

/**
 * openSUSE with systemd-boot or GRUB's type #1 entries: the options are made of /etc/kernel/cmdline. Only entries of
 * the running snapshot are; older snapshots keep theirs, as they keep their kernels.
 */
export const sdbootutil: Bootloader = {
  name: NAME,
  evidence: all(
    tool(NAME),
    any(systemdBootHasBooted, all(loaderInfo(/^GRUB/i), path('/boot/efi/EFI/*/installed_by_sdbootutil'))),
    not(stubInfo(/./)),
  ),
  manages: ['systemd-boot', 'GRUB'],
  reads: [...entryFiles(BOOT_ROOTS), ...KERNEL_CMDLINE_FILES],
  configured(host) {
    const entry = itsNextEntry(host)
    return isRefusal(entry) ? entry : (expectedOptions(host, entry) ?? [])
  },
  edit(host, edits) {
    const entry = itsNextEntry(host)
    if (isRefusal(entry)) return entry
    const changes = editKernelCmdline(host, edits, optionTokens(host, entry))
    if (isRefusal(changes) || changes.length === 0) return changes
    const after = changes.find(change => change.kind === 'write')?.after ?? bytesOf(host, KERNEL_CMDLINE)
    if (/[|&\\\n]/.test(after.trim())) return notForSed
    return refuseLosing(applyChanges(host, changes), edits) ?? changes
  },
  next(host) {
    return /^GRUB/i.test(host.firmware.loaderInfo ?? '') ? orderOfGrub : nextOf(host, SYSTEMD_BOOT)
  },
  get menu() {
    return sdbootutilEntries
  },
}

function itsNextEntry(host: Host): LoaderEntry | Refusal {
  const entries = ourEntries(host, loaderEntries(host, SYSTEMD_BOOT))
  return isRefusal(entries) ? entries : (itsEntries(host)[0] ?? noEntries(SYSTEMD_BOOT))
}

/** Of the running snapshot: same root file system and subvolume; the one that boots next first. */
function itsEntries(host: Host): LoaderEntry[] {
  const entries = ourEntries(host, loaderEntries(host, SYSTEMD_BOOT))
  if (isRefusal(entries)) return []
  const subvolume = flagsOf(ifKnown(host.cmdline) ?? [])
  const its = entries.filter(entry => flagsOf(optionTokens(host, entry)) === subvolume)
  const next = configuredEntry(host, SYSTEMD_BOOT)
  return isRefusal(next)
    ? its
    : its.toSorted((a, b) => Number(b.path === next.path) - Number(a.path === next.path))
}

/** Whether an image on the ESP is one that other snapshots boot and the running one does not: they keep theirs. */
export function isOfOtherSnapshot(host: Host, path: string): boolean {
  if (!host.tools.includes(NAME)) return false
  const boots = ({ initrds }: LoaderEntry) => initrds.some(initrd => initrd !== '' && path.endsWith(initrd))
  return loaderEntries(host, SYSTEMD_BOOT).some(boots) && !itsEntries(host).some(boots)
}

/** Entries are made anew of the file alone: what somebody has only written into an entry would be gone. */
function refuseLosing(host: Host, edits: readonly ArgEdit[]): Refusal | undefined {
  const ours = new Set(edits.map(edit => keyOf('key' in edit ? edit.key : edit.token)))
  for (const entry of itsEntries(host)) {
    const expected = expectedOptions(host, entry)
    const lost = optionTokens(host, entry).filter(
      token => !expected?.includes(token) && !ours.has(keyOf(token)) && seedOf([token]).length > 0,
    )
    if (expected !== undefined && lost.length > 0)
      return refuse(
        `${entry.path} carries ${lost.join(' ')}, ${KERNEL_CMDLINE} does not, and ${NAME} makes the entry anew of that file`,
        `write to ${KERNEL_CMDLINE} what of it is to stay, run ${NAME} update-all-entries, then run again`,
      )
  }
  return undefined
}

const flagsOf = (tokens: readonly string[]): string | undefined =>
  tokens.find(token => token.startsWith('rootflags='))

/** Options in the entries on the ESP. */
export const sdbootutilEntries: Artifact = {
  kind: 'menu',
  title: 'the options of the boot entries',
  rebuild: () => [[NAME, 'update-all-entries']],
  writes: host => itsEntries(host).map(entry => entry.path),
  isStale(host) {
    const stale = itsEntries(host).find(entry => {
      const expected = expectedOptions(host, entry)
      return expected !== undefined && expected.join('\n') !== optionTokens(host, entry).join('\n')
    })
    return stale && `${stale.path} does not carry the arguments of ${KERNEL_CMDLINE}`
  },
  derive: host =>
    itsEntries(host).reduce((derived, entry) => {
      const line = optionsLine(host, entry)
      if (line === undefined) return derived
      const after = bytesOf(host, entry.path).replaceAll(/^options\s*.*$/gm, () => `options    ${line}`)
      return applyChanges(derived, write(derived, entry.path, after))
    }, host),
}

const expectedOptions = (host: Host, entry: LoaderEntry): string[] | undefined =>
  optionsLine(host, entry)
    ?.split(' ')
    .filter(word => word !== '')

/**
 * What the program makes of the file for an entry: blanks squeezed, what loaders add dropped, and root=,
 * rootflags=subvol= and systemd.machine_id= as the entry has them (sedrootflags()). undefined: there is no file, and
 * it takes the running kernel's line.
 */
function optionsLine(host: Host, entry: BlsEntry): string | undefined {
  const file = KERNEL_CMDLINE_FILES.find(one => one in host.files)
  if (file === undefined) return undefined
  const tokens = optionTokens(host, entry)
  const fixed = [/^root=/, /^rootflags=subvol=/, /^systemd\.machine_id=/].flatMap(
    pattern => tokens.find(token => pattern.test(token)) ?? [],
  )
  const line = bytesOf(host, file)
    .replace(/\n+$/, '')
    .replaceAll(/[ \t]+/g, ' ')
    .replace(/^.*(initrd=[^ ]*|BOOT_IMAGE=[^ ]*)\s*/, '$1 ')
    .replace(/\b(BOOT_IMAGE|initrd)=[^ ]* ?/, '')
  return fixed.reduce(withToken, line)
}

function withToken(line: string, token: string): string {
  const name = token.startsWith('rootflags=') ? 'rootflags=subvol=' : `${token.split('=', 1)[0]}=`
  const pattern = new RegExp(`\\b${name.replaceAll('.', '\\.')}[^ ]*`)
  return pattern.test(line) ? line.replace(pattern, () => token) : `${line} ${token}`
}

const orderOfGrub = refuse(
  'which entry GRUB boots from its list is not known here',
  'look at its menu after the reboot: the arguments are in all entries of this snapshot',
)

const notForSed: Refusal = refuse(
  `${KERNEL_CMDLINE} has several lines, or one of | & \\, and ${NAME} would make broken entries of it`,
  'write it in one line without these, then run again',
)
