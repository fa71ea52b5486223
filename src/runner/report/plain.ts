import type { Report } from '../events.ts'
import { type Activities, activitiesOf, countsLine } from './host_activity.ts'
import { Log, type LogOptions } from './log.ts'

/** Lines for logs and CI: nothing is ever overwritten. */
export function createPlainReport(options: LogOptions): Report {
  const { stdout, now } = options
  let activities: Activities = new Map()
  let lastWritten = now()
  const write = (text: string): void => {
    lastWritten = now()
    stdout.write(text)
  }
  const log = new Log(options, 'live', write)

  return {
    onEvent(event) {
      if (event.event === 'play') activities = activitiesOf(event.hosts, now)
      if ('host' in event && event.host !== undefined) activities.get(event.host)?.onEvent(event)
      log.onEvent(event)
      if (log.isHolding && now() - lastWritten >= LONGEST_SILENCE_MS) write(`${countsLine(activities)}\n`)
    },
    close: async () => log.flush(),
  }
}

/** While hosts wait for one another; a CI server that hears nothing for some minutes believes that the job hangs. */
const LONGEST_SILENCE_MS = 60_000
