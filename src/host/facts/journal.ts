import type { Journal, RebootRecord } from '../host.ts'
import { defineFact, linesOf } from './fact.ts'

/** `stamps_of PATH…`, below the root and as one word: a file that was written or replaced since has another one. */
export const STAMPS = `stamps_of() { (cd "\${root:-/}" && for p; do stat -L -c '%i:%s:%Y' -- ".$p" || echo none; done) | tr '\\n' ,; }`

/**
 * What earlier runs left on the target. Rebuilds are lines of `FINGERPRINT STAMPS PATH…`; where one of the paths is
 * no longer what was made then, the rebuild may help again, and is not told.
 */
export const journal = defineFact({
  commands: {
    lock: 'cat "$state/lock"',
    reboot: 'cat "$state/reboot.json"',
    rebuilt: `${STAMPS}
while read -r f s p; do [ -n "$s" ] && [ "$s" = "$(stamps_of $p)" ] && echo "$f"; done <"$state/rebuilt"`,
  },
  parse: (out): Journal => ({
    lock: out.lock.trim(),
    reboot: parseReboot(out.reboot),
    rebuilt: linesOf(out.rebuilt),
  }),
})

const isText = (value: unknown): value is string => typeof value === 'string'

function groupsIn(record: object): Pick<RebootRecord, 'groups'> {
  if (!('groups' in record) || !Array.isArray(record.groups)) return {}
  return { groups: record.groups.filter(Array.isArray).map(group => group.filter(isText)) }
}

function parseReboot(text: string): RebootRecord | undefined {
  try {
    const record: unknown = JSON.parse(text)
    if (typeof record !== 'object' || record === null || !('bootId' in record) || !('reasons' in record))
      return undefined
    const { bootId, reasons } = record
    if (typeof bootId !== 'string' || !Array.isArray(reasons)) return undefined
    const configuration =
      'configuration' in record && typeof record.configuration === 'string' ? record.configuration : undefined
    return { bootId, reasons: reasons.filter(isText), configuration, ...groupsIn(record) }
  } catch {
    return undefined
  }
}
