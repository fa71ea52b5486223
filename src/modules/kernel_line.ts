import { findBootloader } from '../backends/bootloaders/index.ts'
import { pathsOf } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { type ArgEdit, isSatisfied } from '../host/kernel_args.ts'
import { type Lock, refuseMeasured, signerOf } from '../host/measured_boot.ts'
import { isRefusal } from '../refusal.ts'
import { blocked, type Outcome } from './define.ts'

/**
 * What the kernel-argument modules share: edit the loader's sources, ask for its menu, and be done only when the
 * running kernel was booted with the arguments. `what` says what is to be there or to go, e.g. `intel_iommu=on`.
 */
export function planKernelLine(
  host: Host,
  edits: readonly ArgEdit[],
  what: string,
  { state = 'present', allow = [] }: KernelLineOptions = {},
): Outcome {
  const words = WORDS[state]
  const found = findBootloader(host)
  if (isRefusal(found)) return { kind: 'blocked', ...found }
  const { loader } = found
  const changes = loader.edit(host, edits)
  if (isRefusal(changes)) return { kind: 'blocked', ...changes }
  const stale = loader.menu?.isStale(host)
  const measured = changes.length > 0 || stale !== undefined ? refuseMeasured(host, allow) : undefined
  if (measured !== undefined) return blocked(measured.why, measured.hint)
  if (changes.length > 0) {
    const path = pathsOf(changes)[0] ?? loader.name
    const signer = signerOf(host)
    const why = words.change(what, `${path} (${loader.name}${signer ? `, signed anew by ${signer}` : ''})`)
    return { kind: 'change', why, changes, ...(loader.menu && { rebuild: ['menu'] }) }
  }
  if (stale !== undefined) return { kind: 'pending', why: stale, needs: 'rebuild', rebuild: ['menu'] }
  return inEffect(host, edits, words, what)
}

interface KernelLineOptions {
  readonly state?: keyof typeof WORDS
  /** What the change may cost. */
  readonly allow?: readonly Lock[]
}

const WORDS = {
  present: {
    change: (what: string, where: string) => `${what} in ${where}`,
    brings: (what: string) => what,
    done: (what: string) => `${what} is configured and in effect`,
    waits: (what: string) => `${what} is configured, and takes effect at the next boot`,
  },
  absent: {
    change: (what: string, where: string) => `no ${what} in ${where}`,
    brings: (what: string) => `no ${what}`,
    done: (what: string) => `no ${what} on the kernel command line`,
    waits: (what: string) => `no ${what} is configured, but the running kernel was booted with it`,
  },
} as const

function inEffect(
  host: Host,
  edits: readonly ArgEdit[],
  words: (typeof WORDS)[keyof typeof WORDS],
  what: string,
): Outcome {
  if (host.cmdline.is === 'unknown')
    return { kind: 'unknown', why: `${words.brings(what)}: ${host.cmdline.why}` }
  const { value } = host.cmdline
  if (edits.every(edit => isSatisfied(value, edit))) return { kind: 'converged', why: words.done(what) }
  return {
    kind: 'pending',
    why: words.waits(what),
    needs: 'reboot',
    brings: words.brings(what),
  }
}
