import { findBootloader } from '../backends/bootloaders/index.ts'
import type { Host } from '../host/host.ts'
import { type ArgEdit, isSatisfied } from '../host/kernel_args.ts'
import { isRefusal } from '../refusal.ts'
import type { Outcome } from './define.ts'

/**
 * What the kernel-argument modules share: edit the loader's sources, ask for its menu, and be done only when the
 * running kernel was booted with the arguments. `what` says the aim, e.g. `intel_iommu=on`.
 */
export function planKernelLine(host: Host, edits: readonly ArgEdit[], what: string): Outcome {
  const found = findBootloader(host)
  if (isRefusal(found)) return { kind: 'blocked', ...found }
  const { loader } = found
  const changes = loader.edit(host, edits)
  if (isRefusal(changes)) return { kind: 'blocked', ...changes }
  if (changes.length > 0) {
    const path = changes[0]?.path ?? loader.name
    return { kind: 'change', why: `${what} in ${path} (${loader.name})`, changes, rebuild: ['menu'] }
  }
  const stale = loader.menu.isStale(host)
  if (stale !== undefined) return { kind: 'pending', why: stale, needs: 'rebuild', rebuild: ['menu'] }
  return inEffect(host, edits, what)
}

function inEffect(host: Host, edits: readonly ArgEdit[], what: string): Outcome {
  if (host.cmdline.is === 'unknown') return { kind: 'unknown', why: `${what}: ${host.cmdline.why}` }
  const { value } = host.cmdline
  if (edits.every(edit => isSatisfied(value, edit)))
    return { kind: 'converged', why: `${what} is configured and in effect` }
  return {
    kind: 'pending',
    why: `${what} is configured, and takes effect at the next boot`,
    needs: 'reboot',
    brings: what,
  }
}
