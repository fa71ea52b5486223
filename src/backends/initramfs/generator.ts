import type { Change } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import type { Refusal } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import type { Evidence } from '../evidence.ts'

/** Makes initramfs images and keeps a list of modules that must be in them. One adapter each. */
export interface InitramfsGenerator {
  readonly name: string
  /** What speaks for it being installed; which one made the images is told by their content. */
  readonly evidence: Evidence
  /** Names of generators that it runs itself: where both are found it is the one to ask. */
  readonly manages?: readonly string[]
  /** Configuration files to look at on every host; * stands for any name in a folder. */
  readonly reads: readonly string[]
  /** What its images carry of modprobe.d, for people; '' for nothing. */
  readonly carries: string
  /** Modules on its list, underscored. */
  listed(host: Host): readonly string[]
  /** Changes that put modules on the list, or take them off. */
  edit(host: Host, edit: ModuleEdit): readonly Change[] | Refusal
  /**
   * Changes after which the images carry the rules that bind by address (address_binding.ts), or no longer name them where
   * the host has none; refused where the images have nothing that would read or run them.
   */
  carryRules(host: Host): readonly Change[] | Refusal
  readonly images: Artifact
}

export interface ModuleEdit {
  readonly add: readonly string[]
  readonly remove: readonly string[]
}
