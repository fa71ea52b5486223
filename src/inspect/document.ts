import type { Sight } from '../runner/inspect_fleet.ts'
import { type HostMap, passthroughMap } from './map.ts'
import type { PciNames } from './pci_names.ts'

/** What `vfio-run inspect --output json` prints: docs/output.md documents the fields. */
export interface InspectDocument {
  /** Of this form: counted up where a field changes its meaning or goes. */
  readonly version: 1
  readonly hosts: Readonly<Record<string, InspectedHost>>
}

export type InspectedHost =
  | {
      readonly status: 'seen'
      /** ISO 8601: when the snapshot was taken; null where the host was looked at now. */
      readonly snapshot: string | null
      readonly map: HostMap
    }
  | {
      readonly status: 'failed' | 'unreachable'
      /** `hint`: what to do; '' where nothing is known. */
      readonly error: { readonly why: string; readonly hint: string }
    }

export const inspectDocument = (
  sights: ReadonlyMap<string, Sight>,
  names: PciNames = {},
): InspectDocument => ({
  version: 1,
  hosts: Object.fromEntries([...sights].map(([name, sight]) => [name, inspected(sight, names)])),
})

function inspected(sight: Sight, names: PciNames): InspectedHost {
  if (sight.status !== 'seen')
    return { status: sight.status, error: { why: sight.why, hint: sight.hint ?? '' } }
  return {
    status: 'seen',
    snapshot: sight.takenAt?.toISOString() ?? null,
    map: passthroughMap(sight.host, names),
  }
}
