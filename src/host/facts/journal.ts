import type { Journal, RebootRecord } from '../host.ts'
import { defineFact, linesOf } from './fact.ts'

/** What earlier runs left on the target. */
export const journal = defineFact({
  commands: {
    lock: 'cat "$state/lock"',
    reboot: 'cat "$state/reboot.json"',
    rebuilt: 'cat "$state/rebuilt"',
  },
  parse: (out): Journal => ({
    lock: out.lock.trim(),
    reboot: parseReboot(out.reboot),
    rebuilt: linesOf(out.rebuilt),
  }),
})

function parseReboot(text: string): RebootRecord | undefined {
  try {
    const record: unknown = JSON.parse(text)
    if (typeof record !== 'object' || record === null || !('bootId' in record) || !('reasons' in record))
      return undefined
    const { bootId, reasons } = record
    if (typeof bootId !== 'string' || !Array.isArray(reasons)) return undefined
    const configuration =
      'configuration' in record && typeof record.configuration === 'string' ? record.configuration : undefined
    return { bootId, reasons: reasons.filter(reason => typeof reason === 'string'), configuration }
  } catch {
    return undefined
  }
}
