import type { Change } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import type { ArgEdit } from '../../host/kernel_args.ts'
import type { Refusal } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'

/** Where a loader keeps the kernel command line, and how to change it there. One adapter each. */
export interface Bootloader {
  readonly name: string
  /** Tokens of the command line that the sources ask for, without root= and what the loader adds itself. */
  configured(host: Host): readonly string[] | Refusal
  /** Changes after which every edit holds in `configured`. */
  edit(host: Host, edits: readonly ArgEdit[]): readonly Change[] | Refusal
  readonly menu: Artifact
}
