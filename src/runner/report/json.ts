import { isUtf8 } from 'node:buffer'
import { type Bytes, base64FromBytes } from '../../host/bytes.ts'
import type { Report, RunEvent } from '../events.ts'
import type { Screen } from './text.ts'

/** One JSON object a line, for programs; docs/output.md documents the fields. */
export const createJsonReport = (stdout: Screen): Report => ({
  onEvent: event => void stdout.write(`${jsonLine(event)}\n`),
  close: async () => {},
})

export const jsonLine = (event: RunEvent): string =>
  JSON.stringify(
    event.event === 'diff'
      ? { ...event, before: jsonContent(event.before), after: jsonContent(event.after) }
      : event,
  )

/** JSON holds Unicode, a file holds bytes: what is not UTF-8 travels as base64. `null` is an absent file. */
function jsonContent(bytes: Bytes | undefined): string | { base64: string } | null {
  if (bytes === undefined) return null
  const buffer = Buffer.from(bytes, 'latin1')
  return isUtf8(buffer) ? buffer.toString('utf8') : { base64: base64FromBytes(bytes) }
}
