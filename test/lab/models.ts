import { ARRANGEMENTS, type Arrangement } from './devices.ts'
import type { ImageName } from './image/recipes.ts'

/** A machine as scenarios ask for it: an image on a board. */
export interface Model {
  readonly image: ImageName
  readonly arrangement: Arrangement
}

export const MODELS = {
  intel: { image: 'grub', arrangement: ARRANGEMENTS.intel },
  'with-guest': { image: 'grub', arrangement: ARRANGEMENTS['with-guest'] },
  amd: { image: 'grub', arrangement: ARRANGEMENTS.amd },
  'no-iommu': { image: 'grub', arrangement: ARRANGEMENTS['no-iommu'] },
  dracut: { image: 'grub-dracut', arrangement: ARRANGEMENTS.intel },
  'systemd-boot': { image: 'systemd-boot', arrangement: ARRANGEMENTS.intel },
  uki: { image: 'uki', arrangement: ARRANGEMENTS.intel },
} as const satisfies Record<string, Model>

export type ModelName = keyof typeof MODELS
