import type { Argv } from '../host/change.ts'
import type { Host } from '../host/host.ts'
import type { Refusal } from '../refusal.ts'

/** Generated from files; rebuilt in this order. A unified kernel image is its loader's menu. */
export const ARTIFACT_KINDS = ['initramfs', 'menu'] as const
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number]

/** Something a host generates from its configuration files. */
export interface Artifact {
  readonly kind: ArtifactKind
  /** For people: `initramfs images`, `/boot/grub/grub.cfg`. */
  readonly title: string
  /** Why its content does not carry what its sources say; undefined where it does. */
  isStale(host: Host): string | undefined
  /** Why its content cannot be judged, and what to do first: making it anew would help nobody. */
  unclear?(host: Host): Refusal | undefined
  /** Programs to run, in order; a program that another artifact has run already is not run again. */
  rebuild(host: Host): readonly Argv[]
  /** Files the rebuild writes: kept aside first, put back when a later step fails. */
  writes(host: Host): readonly string[]
  /**
   * Programs that bring what no file of `writes` shows back in line with the files, where these were put back after a
   * step that failed: copies on file systems that only the program mounts.
   */
  restoredBy?(host: Host): readonly Argv[]
  /** What the rebuild will make of the host. */
  derive(host: Host): Host
}
