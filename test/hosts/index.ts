import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gather } from '../../src/host/gather.ts'
import type { Host } from '../../src/host/host.ts'

/**
 * Machines as our own look at them printed it, one folder each: the lab's Debian 12 before and after a run, and those
 * with other arrangements (test/record.ts), and machines of files as distributions write them (test/sandbox/record.ts).
 */
export const recordedHosts = (): { name: string; host: Host }[] =>
  names().map(name => ({ name, host: recordedHost(name) }))

export const recordedHost = (name: string): Host => gather(NONCE).parse(readFileSync(outputOf(name)))

/** What test/record.ts frames the output with. */
const NONCE = 'recorded'

const outputOf = (name: string): string => join(import.meta.dirname, name, 'gather.txt')

/** A folder without output is one whose machine is being recorded. */
const names = (): string[] =>
  readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && hasOutput(entry.name))
    .map(entry => entry.name)
    .sort()

function hasOutput(name: string): boolean {
  try {
    return readFileSync(outputOf(name)).length > 0
  } catch {
    return false
  }
}
