import type { Host, PciDevice } from '../host.ts'
import type { DeviceLock, Lock } from '../locks.ts'

/** What the host would lose with a device, or why no guest can have it. */
export interface Loss {
  readonly device: PciDevice
  /** The name that allows it; undefined where no word of the user makes it possible. */
  readonly lock: DeviceLock | undefined
  /** A clause whose subject is the device: `is the boot display: the console would go dark`. */
  readonly what: string
  /** What to do in its place. */
  readonly instead: string
  /** What must be so for `lock` to be safe; '' where there is none. */
  readonly provided: string
}

/** One kind of loss. Pure and total: what was not observed is no loss. */
export interface Interlock {
  readonly lock: DeviceLock | undefined
  readonly provided: string
  /**
   * `taking`: it is about the driver that a device would lose, so a device that VFIO has already has nothing to lose,
   * and a run on a converged host passes without `allow`. `group`: no guest can have its group, whoever has the device.
   */
  readonly about: 'taking' | 'group'
  /** It comes with the loss of the driver alone, as for those who share the IOMMU group, or for a blacklisted driver. */
  readonly lostWithDriver: boolean
  /** `taken`: all that goes to guests together, the device among it. */
  find(host: Host, device: PciDevice, taken: readonly PciDevice[]): Found | undefined
}

export interface Found {
  readonly what: string
  /** Where choosing another device is not the best there is. */
  readonly instead?: string
}

export const forbiddenBy =
  (allow: readonly Lock[]) =>
  ({ lock }: Loss): boolean =>
    lock === undefined || !allow.includes(lock)

/** Each loss has a name of its own, and nothing allows them all. */
export const hintOf = ({ lock, provided }: Loss, instead: string): string =>
  lock === undefined ? instead : `${instead}; or say allow: [${lock}], where ${provided}`

/** `a`, `a and b`, `a, b and c`; of more than four the first three, and how many more. */
export function listed(parts: readonly string[]): string {
  const shown = parts.length > 4 ? [...parts.slice(0, 3), `${parts.length - 3} more`] : parts
  const last = shown.at(-1) ?? ''
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${last}` : last
}
