import type { Host } from '../../host/host.ts'
import { kernelArgs, keyOf } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { type Refusal, refuse } from '../../refusal.ts'

/** What of a menu's Linux entry tells whose it is. */
export interface LinuxEntry {
  readonly title: string
  readonly args: readonly string[]
}

/**
 * The entries that our arguments belong in, of all that boot a Linux: those of this system, which its root= tells, and
 * none that is the way back in when an argument was wrong. grub-mkconfig draws the same line: its recovery entries do
 * not get GRUB_CMDLINE_LINUX_DEFAULT, while an entry with a fallback image does.
 */
export function ownEntries<E extends LinuxEntry>(
  host: Host,
  path: string,
  entries: readonly E[],
): readonly E[] | Refusal {
  const usual = entries.filter(entry => !isRescue(entry))
  const roots = [...new Set(usual.flatMap(({ args }) => rootOf(args) ?? []))]
  if (roots.length < 2) return usual
  const own = rootOf(ifKnown(host.cmdline) ?? [])
  if (own !== undefined && roots.includes(own)) return usual.filter(({ args }) => rootOf(args) === own)
  return refuse(
    `the entries in ${path} boot more than one system (${roots.join(', ')}), and none of them is the running one`,
    'set the kernel arguments by hand there, or write the root= of this system as it was booted with',
  )
}

/** Single-user mode and the like: boot parameters of systemd(1), kernel-command-line(7) and initramfs-tools(7). */
export const isRescue = ({ title, args }: LinuxEntry): boolean =>
  RESCUE_TITLE.test(title) || kernelArgs(args).some(arg => RESCUE_ARGUMENT.test(arg))

const RESCUE_TITLE = /\b(single[- ]user|rescue|recovery|emergency|minimal options|safe mode)\b/i
const RESCUE_ARGUMENT =
  /^(single|[sS1]|-s|rescue|emergency|recovery|init=(\/usr)?\/bin\/\w*sh|(systemd\.unit|SYSTEMD_UNIT)=(rescue|emergency)(\.target)?|(rd\.)?break(=.*)?)$/

const rootOf = (args: readonly string[]): string | undefined =>
  kernelArgs(args)
    .findLast(arg => keyOf(arg) === 'root' && arg.includes('='))
    ?.replaceAll('"', '')

/** Those of the paths that are there; a file system that is mounted at two places shows its files twice. */
export function filesThere(host: Host, paths: readonly string[]): string[] {
  const there = paths.filter(path => path in host.files)
  const onDisk = (path: string) => path.replace(/^\/(boot\/efi|efi|boot)\//, '/')
  const isSame = (a: string, b: string) =>
    onDisk(a) === onDisk(b) && host.files[a]?.bytes === host.files[b]?.bytes
  return there.filter((path, i) => there.findIndex(other => isSame(other, path)) === i)
}
