import type { AnsibleEvidence } from '../../../host/ansible_evidence.ts'
import type { Host } from '../../../host/host.ts'

export interface ProcessorFacts {
  /** Of each processor its number, its maker and its model. */
  readonly processor: readonly string[]
  /** Packages, cores in each, threads of each core, and threads in all. */
  readonly count: number
  readonly cores: number
  readonly threads: number
  readonly vcpus: number
}

/**
 * As module_utils/facts/hardware/linux.py counts them; undefined where the host does not tell, on S/390, which numbers
 * its processors otherwise, and under Xen, where what the kernel shows depends on the kind of guest.
 */
export function processorsOf(
  { arch, machine }: Host,
  { processors }: AnsibleEvidence,
): ProcessorFacts | undefined {
  if (processors === undefined || arch.startsWith('s390') || machine.xen !== '') return undefined
  const { online, says, siblings = 1 } = processors
  const count = processors.packages ?? (processors.cores === undefined ? online.length : 1)
  const cores = processors.cores || 1
  const threads = Math.floor(siblings / cores)
  return {
    processor: online.flatMap(number => [String(number), ...says]),
    count,
    cores,
    threads,
    vcpus: threads * count * cores,
  }
}
