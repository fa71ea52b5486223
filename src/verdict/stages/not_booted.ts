import type { Bootloader } from '../../backends/bootloaders/bootloader.ts'
import { findBootloader } from '../../backends/bootloaders/index.ts'
import type { Host } from '../../host/host.ts'
import { keyOf, splitArgs } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { isRefusal } from '../../refusal.ts'

/** Why the running kernel was booted as it was, and not as it is to be. */
export interface NotBooted {
  /** A clause that goes on from `…, and `; '' where it is configured nowhere. */
  readonly because: string
  readonly evidence: string
  readonly next: string
}

type Holds = (line: readonly string[]) => boolean

/** An argument that is to be there, or to be gone. */
type Wish = keyof typeof WORDS
const WORDS = {
  present: { done: 'it is set', not: 'is without it' },
  absent: { done: 'it is taken away', not: 'still has it' },
} as const

/**
 * What is between the wish and the booted command line: nothing configured, a file that another one overrides, a menu
 * that is older than its sources, another entry, or only the reboot. `unset` is what to do where nothing is configured.
 */
export function notBooted(host: Host, wish: Wish, holds: Holds, unset: string): NotBooted {
  const words = WORDS[wish]
  const nowhere = { because: '', evidence: '/proc/cmdline', next: unset }
  const found = findBootloader(host)
  if (isRefusal(found)) return { ...nowhere, next: `${found.hint} (${found.why})` }
  const { loader } = found
  const configured = loader.configured(host)
  if (isRefusal(configured)) return { ...nowhere, next: `${configured.hint} (${configured.why})` }
  if (!holds(configured)) return (wish === 'present' ? overridden(host, loader, holds) : undefined) ?? nowhere
  const stale = loader.menu?.isStale(host)
  if (stale !== undefined)
    return {
      because: `${words.done}, but the menu has not been made anew since`,
      evidence: stale,
      next: `run ${(loader.menu?.rebuild(host) ?? []).map(argv => argv.join(' ')).join(', then ')}, then reboot`,
    }
  return (
    otherEntry(host, loader, holds, words) ?? {
      because: `${words.done} and not yet booted`,
      evidence: `/proc/cmdline, and the files of ${loader.name}`,
      next: 'reboot',
    }
  )
}

/** Files that are read later have the last word (grub-mkconfig sources /etc/default/grub.d/*.cfg after /etc/default/grub). */
function overridden(host: Host, loader: Bootloader, holds: Holds): NotBooted | undefined {
  const sources = Object.entries(host.files).filter(([path]) =>
    loader.reads.some(glob => isUnder(glob, path)),
  )
  const assignments = sources.flatMap(([path, { bytes }]) =>
    bytes.split('\n').flatMap((line, i) => {
      const [, name, value = ''] = /^\s*(?:export\s+)?([A-Z][A-Z_]*)\+?=(.*)$/.exec(line) ?? []
      return name === undefined
        ? []
        : [{ place: `${path}:${i + 1}`, name, value: value.replaceAll(/["']/g, ' ') }]
    }),
  )
  const set = assignments.find(({ value }) => holds(splitArgs(value)))
  if (set === undefined) return undefined
  const later = assignments.findLast(
    ({ place, name, value }) => place !== set.place && name === set.name && !holds(splitArgs(value)),
  )
  return {
    because: `it is set in ${set.place}, but ${later === undefined ? 'what is read later overrides it' : `${later.place} sets ${later.name} anew and overrides it`}`,
    evidence: later === undefined ? set.place : `${later.place}: ${later.name}=…`,
    next: `set it in ${later === undefined ? 'the file that is read last' : later.place.replace(/:\d+$/, '')} too, or let iommu_kernel_args and vfio_ids do it, then reboot`,
  }
}

const isUnder = (glob: string, path: string): boolean => {
  const [start = '', end = ''] = glob.split('*', 2)
  return glob.includes('*') ? path.startsWith(start) && path.endsWith(end) : path === glob
}

function otherEntry(
  host: Host,
  loader: Bootloader,
  holds: Holds,
  words: (typeof WORDS)[Wish],
): NotBooted | undefined {
  const next = loader.next(host)
  if (isRefusal(next))
    return {
      because: `${words.done}; which entry boots next cannot be told`,
      evidence: next.why,
      next: next.hint,
    }
  const entry = `"${next.title}", ${next.chosenBy}`
  if (!holds(next.cmdline))
    return {
      because: `${words.done}, but the entry that boots next (${entry}) ${words.not}`,
      evidence: `${loader.name}: ${entry}`,
      next: 'let the loader boot an entry that carries the configured arguments by default, then reboot',
    }
  const running = ifKnown(host.kernel)
  if (running !== undefined && running !== next.release)
    return {
      because: `${words.done}, but another kernel is running than the loader’s default`,
      evidence: `kernel ${running} is running, and ${entry} boots ${next.release}`,
      next: 'reboot, and let the loader take its default entry',
    }
  const own = (ifKnown(host.cmdline) ?? []).filter(
    token => APART.has(keyOf(token)) && !next.cmdline.includes(token),
  )
  return own.length === 0
    ? undefined
    : {
        because: `${words.done}, but another entry was booted than the loader’s default`,
        evidence: `/proc/cmdline has ${own.join(' ')}, which ${entry} has not`,
        next: 'reboot, and let the loader take its default entry',
      }
}

/** What tells entries apart: others may have been edited since, in the very entry that was booted. */
const APART = new Set([
  'root',
  'rootflags',
  'ostree',
  'single',
  'recovery',
  'emergency',
  'rescue',
  'systemd.unit',
])
