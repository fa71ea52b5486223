import type { Change } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { type ArgEdit, isSatisfied, kernelArgs } from '../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import {
  all,
  any,
  cmdlineHas,
  type Evidence,
  loaderInfo,
  not,
  path,
  stubInfo,
  tool,
  variablesAreHidden,
} from '../evidence.ts'
import type { Bootloader } from './bootloader.ts'
import type { BlsEntry } from './entries/bls.ts'
import { editEntries } from './entries/entry_edit.ts'
import {
  configuredEntry,
  type EntryLoader,
  entryFiles,
  kernelInstallToken,
  type LoaderEntry,
  loaderEntries,
  nextOf,
  noEntries,
  optionTokens,
  ourEntries,
} from './entries/loader_entries.ts'
import {
  editKernelCmdline,
  KERNEL_CMDLINE,
  KERNEL_CMDLINE_FILES,
  kernelCmdline,
  seedOf,
} from './lines/kernel_cmdline.ts'

/** $BOOT: kernel-install(8) looks for it in this order, and the loader reads the ESP and the partition beside it. */
export const BOOT_ROOTS = ['/efi', '/boot', '/boot/efi'] as const

export const SYSTEMD_BOOT: EntryLoader = { name: 'systemd-boot', roots: BOOT_ROOTS, idsHaveSuffix: true }

/** By its word in the firmware, or by what a boot by it looks like where that is not to be read. */
export const systemdBootHasBooted: Evidence = any(
  loaderInfo(/^systemd-boot /),
  all(
    variablesAreHidden,
    cmdlineHas(/^initrd=\\/, 'initrd=\\… is on the command line'),
    any(...BOOT_ROOTS.map(root => path(`${root}/loader/loader.conf`))),
  ),
)

/** No evidence for a loader, but whether it is there has to be known. */
const asksForKernelInstall: Evidence = {
  ...tool('kernel-install'),
  find: () => ({ says: '', ofBoot: false }),
}

/**
 * systemd-boot with type #1 entries. Where kernel-install makes them, a kernel update makes them anew from
 * /etc/kernel/cmdline: both are edited.
 */
export const systemdBoot: Bootloader = {
  name: SYSTEMD_BOOT.name,
  evidence: all(systemdBootHasBooted, not(stubInfo(/./)), asksForKernelInstall),
  reads: [...entryFiles(BOOT_ROOTS), ...KERNEL_CMDLINE_FILES],
  configured(host) {
    const entry = configuredEntry(host, SYSTEMD_BOOT)
    return isRefusal(entry) ? entry : optionTokens(host, entry)
  },
  edit(host, edits) {
    const entries = ourEntries(host, loaderEntries(host, SYSTEMD_BOOT))
    if (isRefusal(entries)) return entries
    if (entries.length === 0) return noEntries(SYSTEMD_BOOT)
    const source = editSource(host, entries, edits)
    if (isRefusal(source)) return source
    const changes = editEntries(host, entries, edits)
    return isRefusal(changes) ? changes : [...source, ...changes]
  },
  next: host => nextOf(host, SYSTEMD_BOOT),
}

/** What the next kernel update makes entries from; nothing where they are written by hand. */
function editSource(
  host: Host,
  entries: readonly LoaderEntry[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  if (!host.tools.includes('kernel-install')) return []
  const made = entries.filter(isMade)
  const configured = configuredEntry(host, SYSTEMD_BOOT)
  const next = isRefusal(configured) ? undefined : [configured, ...made].find(isMade)
  if (next === undefined)
    return KERNEL_CMDLINE in host.files ? editKernelCmdline(host, edits, [], 'drops comments') : []
  const effective = optionTokens(host, next)
  return refuseSource(host, edits, effective) ?? editKernelCmdline(host, edits, effective, 'drops comments')
}

const isMade = (entry: BlsEntry): boolean => kernelInstallToken(entry) !== undefined

function refuseSource(
  host: Host,
  edits: readonly ArgEdit[],
  effective: readonly string[],
): Refusal | undefined {
  const source = kernelCmdline(host, 'drops comments')
  if (source !== undefined) return findsRoot(effective) && !findsRoot(source) ? sourceWithoutRoot : undefined
  const isNeeded = !edits.every(edit => isSatisfied(seedOf(effective), edit))
  return isNeeded && !findsRoot(effective) ? nothingNamesRoot : undefined
}

/** What tells the initramfs where the root file system is, itself or what lies under it. */
export const findsRoot = (tokens: readonly string[]): boolean =>
  kernelArgs(tokens).some(token =>
    /^"?(root|zfs|bootfs|ostree|nfsroot|netroot|cryptdevice|rd\.luks\.(uuid|name|data)|luks\.(uuid|name|data)|rd\.zfs|systemd\.gpt_auto)=/.test(
      token,
    ),
  )

const nothingNamesRoot = refuse(
  `there is no ${KERNEL_CMDLINE}, and the options of the entry that is booted do not name the root file system: a new one would leave the next kernel without it`,
  `write the whole command line to ${KERNEL_CMDLINE}, as kernel-install(8) has it, then run again`,
)

const sourceWithoutRoot = refuse(
  `${KERNEL_CMDLINE} does not name the root file system, and the entry that is booted does: the next entry that kernel-install makes from it would not boot`,
  `write the whole command line to ${KERNEL_CMDLINE}, root= included, then run again`,
)
