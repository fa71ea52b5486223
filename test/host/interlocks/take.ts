import type { Host } from '../../../src/host/host.ts'
import { interlock } from '../../../src/host/interlocks/index.ts'
import type { DeviceLock } from '../../../src/host/locks.ts'

/** The lab's machine: 00:02.0 boot display, 00:03.0 our connection, 00:04.0 the disk of /, 01:00 a card of two. */
export const take = (
  host: Host,
  addresses: readonly string[],
  options: { readonly allow?: readonly DeviceLock[]; readonly groupsWillChange?: boolean } = {},
) =>
  interlock(
    host,
    host.devices.filter(device => addresses.includes(device.address)),
    { allow: [], ...options },
  )

/** What a user reads, and that it is what the name allows: with it there is nothing in the way. */
export const refusal = (host: Host, address: string, lock?: DeviceLock) => {
  const refused = take(host, [address])
  return {
    why: refused?.why,
    hint: refused?.hint,
    allowed: lock !== undefined && take(host, [address], { allow: [lock] }) === undefined,
  }
}
