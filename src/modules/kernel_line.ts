import { findBootloader } from '../backends/bootloaders/index.ts'
import { applyChanges, placesOf } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import { type ArgEdit, effectiveValues, isSatisfied } from '../host/kernel_args.ts'
import type { Lock } from '../host/locks.ts'
import { refuseMeasured, signerOf } from '../host/measured_boot.ts'
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
    const signer = signerOf(host)
    const where = `${placesOf(changes) || loader.name} (${loader.name}${signer ? `, signed anew by ${signer}` : ''})`
    const before = loader.configured(host)
    const after = loader.configured(applyChanges(host, changes))
    const beside = isRefusal(before) || isRefusal(after) ? '' : words.beside(before, after, edits)
    const why = `${words.change(what)}${beside && `, ${beside},`} in ${where}`
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
    change: (what: string) => what,
    beside: goneWith,
    brings: (what: string) => what,
    done: (what: string) => `${what} is configured and in effect`,
    waits: (what: string) => `${what} is configured, and takes effect at the next boot`,
  },
  absent: {
    change: (what: string) => `no ${what}`,
    beside: leftOver,
    brings: (what: string) => `no ${what}`,
    done: (what: string) => `no ${what} on the kernel command line`,
    waits: (what: string) => `no ${what} is configured, but the running kernel was booted with it`,
  },
} as const

/** Somebody's own arguments that had to go: `in place of intel_iommu=off`, `without iommu=off`. */
function goneWith(before: readonly string[], after: readonly string[], edits: readonly ArgEdit[]): string {
  const gone = (edit: ArgEdit) => {
    if (edit.op !== 'add' && edit.op !== 'remove') return []
    const [was, is] = [effectiveValues(before, edit.key), effectiveValues(after, edit.key)]
    const replaced = is.some(value => !was.includes(value))
    return was
      .filter(value => !is.includes(value))
      .map(value => ({ token: `${edit.key}=${value}`, replaced }))
  }
  const all = edits.flatMap(gone)
  const phrase = (words: string, tokens: readonly { readonly token: string }[]) =>
    tokens.length > 0 ? [`${words} ${tokens.map(({ token }) => token).join(' and ')}`] : []
  const { replaced = [], dropped = [] } = Object.groupBy(all, one => (one.replaced ? 'replaced' : 'dropped'))
  return [...phrase('in place of', replaced), ...phrase('without', dropped)].join(', ')
}

/** What of an argument was not ours to take away: `but still intel_iommu=sm_on`. */
function leftOver(before: readonly string[], after: readonly string[], edits: readonly ArgEdit[]): string {
  const left = edits.flatMap(edit => {
    if (edit.op !== 'remove' || isSatisfied(before, edit)) return []
    const values = effectiveValues(after, edit.key)
    return values.length > 0 ? [`${edit.key}=${values.join(',')}`] : []
  })
  return left.length > 0 ? `but still ${left.join(' ')}` : ''
}

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
