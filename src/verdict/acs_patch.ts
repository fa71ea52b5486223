import type { Host, InstalledKernel } from '../host/host.ts'
import { keyOf } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { messagesOf } from './messages.ts'

/** Whether a kernel carries the ACS override patch, which is not in mainline, and what says so. */
export interface AcsPatch {
  /** `usually`: kernels of that name do; nobody has seen this one. */
  readonly is: 'there' | 'missing' | 'usually' | 'unknown'
  /** A clause whose subject is the kernel. */
  readonly evidence: string
}

/** Of the running kernel its own word counts; of others there is only their name, and any kernel can be built with it. */
export function acsPatchOf(host: Host, kernel: Pick<InstalledKernel, 'release'>): AcsPatch {
  const seen = runs(host, kernel) ? seenRunning(host) : undefined
  if (seen !== undefined) return seen
  return USUALLY_PATCHED.test(kernel.release)
    ? { is: 'usually', evidence: 'is called as kernels with the patch are' }
    : { is: 'unknown', evidence: `is not called as kernels with the patch are (${PATCHED_KERNELS})` }
}

export const PATCHED_KERNELS = 'Proxmox, Zen, Liquorix, CachyOS, linux-vfio, TrueNAS'

const USUALLY_PATCHED = /-pve$|-zen\d|-zen$|-lqx|liquorix|cachyos|-vfio|truenas|acs[-_.]?override/i

/** Of the next boot nothing has been seen. */
const runs = (host: Host, { release }: Pick<InstalledKernel, 'release'>): boolean =>
  host.kernel.is === 'observed' && host.kernel.value === release

function seenRunning(host: Host): AcsPatch | undefined {
  const { acs, unknownParameters } = messagesOf(host)
  if (acs.active !== undefined) return { is: 'there', evidence: `says "${acs.active}"` }
  const symbols = ifKnown(host.acsPatch)
  if (symbols !== undefined)
    return {
      is: symbols ? 'there' : 'missing',
      evidence: `has ${symbols ? 'the' : 'no'} symbol pcie_acs_override (/proc/kallsyms)`,
    }
  return unknownParameters?.value.ours.some(token => keyOf(token) === 'pcie_acs_override')
    ? { is: 'missing', evidence: `says "${unknownParameters.line}"` }
    : undefined
}
