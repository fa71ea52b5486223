import type { Host } from '../../../host/host.ts'
import { kernelArgs, keyOf } from '../../../host/kernel_args.ts'
import { ifKnown } from '../../../host/known.ts'
import { type Refusal, refuse } from '../../../refusal.ts'

/** What of a menu's Linux entry tells whose it is, and what for. */
export interface LinuxEntry {
  readonly title: string
  readonly args: readonly string[]
  /** Names that its maker gave it: its file, its kernel, its version. */
  readonly names?: readonly string[]
  /** machine-id(5) of the system that it says it is of. */
  readonly machineId?: string | undefined
  /** Arguments stand elsewhere, or there are none: it is not to be passed over by what it seems to boot. */
  readonly isUnclear?: boolean
}

/**
 * The entries that our arguments belong in, of all that boot a Linux: those of this system, and none that is the way
 * back in when an argument was wrong. grub-mkconfig draws the same line: its recovery entries do not get
 * GRUB_CMDLINE_LINUX_DEFAULT, while an entry with a fallback image does. Where some entry boots the running root file
 * system, all others are somebody else's; where none does, they have to agree.
 */
export function ownEntries<E extends LinuxEntry>(
  host: Host,
  path: string,
  entries: readonly E[],
): readonly E[] | Refusal {
  const running = ifKnown(host.cmdline) ?? []
  const id = runningId(running)
  const usual = entries.filter(entry => !isRescue(entry) && (id === undefined || (idOf(entry) ?? id) === id))
  const root = rootOf(running)
  const isHere = ({ args }: E) => root !== undefined && rootOf(args) === root
  if (usual.some(isHere)) return usual.filter(entry => entry.isUnclear || isHere(entry))
  const clear = usual.filter(entry => !entry.isUnclear)
  return agree(clear) ? usual : severalSystems(path, clear)
}

/** Single-user mode and the like: boot parameters of systemd(1), kernel-command-line(7) and initramfs-tools(7). */
export const isRescue = ({ title, args, names = [] }: LinuxEntry): boolean =>
  RESCUE_TITLE.test(title) ||
  names.some(name => RESCUE_NAME.test(name)) ||
  kernelArgs(args).some(arg => RESCUE_ARGUMENT.test(arg.replaceAll('"', '')))

const RESCUE_TITLE =
  /\b(single[- ]user|rescue|recovery|emergency|minimal options|safe mode|memory test)\b|memtest/i
/** Fedora’s NAME-0-rescue, Pop!_OS’ Recovery-UUID. */
const RESCUE_NAME = /rescue|recovery|emergency|memtest/i
const RESCUE_ARGUMENT =
  /^(single|[sS1]|-s|rescue|emergency|recovery|init=(\/\w+)*\/bin\/\w*sh|((rd\.)?systemd\.unit|SYSTEMD_UNIT)=(rescue|emergency)(\.target)?|(rd\.)?break(=.*)?)$/

/** Which root file system a line boots, and which subvolume of it; undefined where it names none. */
function rootOf(line: readonly string[]): string | undefined {
  const args = kernelArgs(line).map(arg => arg.replaceAll('"', ''))
  const last = (key: string) => args.findLast(arg => keyOf(arg) === key && arg.includes('='))
  const flags = last('rootflags')?.slice('rootflags='.length).split(',') ?? []
  const subvolume = flags.findLast(flag => /^subvol(id)?=/.test(flag))?.replace(/^subvol=\/+/, 'subvol=')
  // Initramfs hooks of ZFS take the data set by names of their own, with root= or without it.
  const named = ['root', 'zfs', 'bootfs'].flatMap(key => last(key) ?? [])
  return named.length === 0 ? undefined : [...named, ...(subvolume ? [subvolume] : [])].join(' ')
}

const MACHINE_ID = /^systemd\.machine_id=([0-9a-f]{32})$/

/** What kernel-install(8) writes into entries, and the loader hands over; the folder of its initrd is named so, too. */
const runningId = (args: readonly string[]): string | undefined =>
  firstOf(args, MACHINE_ID) ?? firstOf(args, /^initrd=\\([0-9a-f]{32})\\/)

const idOf = ({ machineId, args }: LinuxEntry): string | undefined => machineId ?? firstOf(args, MACHINE_ID)

const firstOf = (args: readonly string[], pattern: RegExp): string | undefined =>
  args.flatMap(arg => pattern.exec(arg)?.[1] ?? [])[0]

const agree = (entries: readonly LinuxEntry[]): boolean =>
  new Set(entries.map(({ args }) => rootOf(args))).size < 2 &&
  new Set(entries.flatMap(entry => idOf(entry) ?? [])).size < 2

function severalSystems(path: string, entries: readonly LinuxEntry[]): Refusal {
  const systems = entries.map(entry => {
    const id = idOf(entry)
    const name = entry.title || entry.names?.[0] || 'without a title'
    return `${name}: ${rootOf(entry.args) ?? 'no root='}${id === undefined ? '' : ` of machine ${id}`}`
  })
  return refuse(
    `the entries in ${path} boot more than one system (${systems.join('; ')}), and which of them is the running one cannot be told`,
    'set the kernel arguments by hand there, or write the root= of this system as it was booted with',
  )
}

/** Those of the paths that are there; a file system that is mounted at two places shows its files twice. */
export function filesThere(host: Host, paths: readonly string[]): string[] {
  const there = paths.filter(path => path in host.files)
  const onDisk = (path: string) => path.replace(/^\/(boot\/efi|efi|boot)\//, '/')
  const isSame = (a: string, b: string) =>
    onDisk(a) === onDisk(b) && host.files[a]?.bytes === host.files[b]?.bytes
  return there.filter((path, i) => there.findIndex(other => isSame(other, path)) === i)
}
