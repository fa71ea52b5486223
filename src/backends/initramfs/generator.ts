import type { Change } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import type { Refusal } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'

/** Makes initramfs images and keeps a list of modules that must be in them. One adapter each. */
export interface InitramfsGenerator {
  readonly name: string
  /** Modules on its list, underscored. */
  listed(host: Host): readonly string[]
  /** Changes that put modules on the list, or take them off. */
  edit(
    host: Host,
    edit: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): readonly Change[] | Refusal
  readonly images: Artifact
}
