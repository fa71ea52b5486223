import type { Processors } from '../../ansible_evidence.ts'
import { linesOf } from '../fact.ts'

/**
 * The first processor as /proc/cpuinfo tells it, which of them are online (cpulist, as in `0-3,8`), and the packages
 * they are in. All of a machine's are of one model, as far as Linux shows it; undefined where cpuinfo has no such form.
 */
export function readProcessors(text: string): Processors | undefined {
  const fields = linesOf(text).map((line): readonly [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, Math.max(0, colon)).trim(), line.slice(colon + 1).trim()]
  })
  const field = (name: string): string | undefined => fields.find(([key]) => key === name)?.[1]
  const count = (name: string): number | undefined => {
    const value = field(name)
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined
  }
  const online = listOf(field('online') ?? '')
  if (online.length === 0 || field('processor') === undefined) return undefined
  return {
    online,
    says: fields.filter(([key]) => SAID.includes(key)).map(([, value]) => value),
    packages:
      field('physical id') === undefined
        ? undefined
        : (field('packages') ?? '').split(' ').filter(Boolean).length,
    cores: count('cpu cores'),
    siblings: count('siblings'),
  }
}

/** Beside its number, what Ansible lists of each (hardware/linux.py, get_cpu_facts). */
const SAID = ['model name', 'Processor', 'vendor_id', 'cpu', 'Vendor']

/** Documentation/admin-guide/cputopology.rst. */
function listOf(text: string): readonly number[] {
  return text.split(',').flatMap(range => {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range.trim()) ?? []
    if (from === '') return []
    return Array.from({ length: Math.max(0, Number(to) - Number(from) + 1) }, (_, n) => Number(from) + n)
  })
}
