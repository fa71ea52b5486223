import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What an image is made of; all of them are Debian 12 with the same kernel and the same users. */
export interface Recipe {
  readonly firmware: Firmware
  /** Besides those that all images have. */
  readonly packages: readonly string[]
  /** Scripts of the folder parts, in this order: each takes the tree further. */
  readonly parts: readonly Part[]
}

/** BIOS: one partition, GRUB installed by a first boot. UEFI: an EFI system partition too, on /boot/efi. */
export type Firmware = 'bios' | 'uefi'

/** One line each: what boots the machine, and what makes its initramfs. */
export const IMAGES = {
  grub: {
    firmware: 'bios',
    packages: ['grub-pc', 'initramfs-tools'],
    parts: ['debian', 'initramfs-tools', 'grub'],
  },
  'grub-dracut': {
    firmware: 'bios',
    packages: ['grub-pc', 'dracut'],
    parts: ['debian', 'dracut-systemd', 'dracut', 'grub'],
  },
  'systemd-boot': {
    firmware: 'uefi',
    packages: ['systemd-boot', 'initramfs-tools'],
    parts: ['debian', 'esp', 'systemd-boot', 'initramfs-tools'],
  },
  uki: {
    firmware: 'uefi',
    packages: ['systemd-boot', 'dracut', 'binutils'],
    parts: ['debian', 'esp', 'uki', 'dracut'],
  },
} as const satisfies Record<string, Recipe>

export type ImageName = keyof typeof IMAGES

export type Part =
  | 'debian'
  | 'initramfs-tools'
  | 'dracut-systemd'
  | 'dracut'
  | 'grub'
  | 'esp'
  | 'systemd-boot'
  | 'uki'

/** A script that mmdebstrap runs on the tree. */
export const partFile = (part: Part): string => join(PARTS_FOLDER, `${part}.sh`)

/** Of all that the image is made of and of nothing else: another recipe's change rebuilds only that one. */
export async function recipeHash(recipe: Recipe): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(recipe))
  const own = recipe.parts.map(partFile)
  for (const file of [...own, join(PARTS_FOLDER, 'first-boot.sh'), ...(await builderFiles())])
    hash.update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}

const PARTS_FOLDER = join(import.meta.dirname, 'parts')

async function builderFiles(): Promise<readonly string[]> {
  const names = await readdir(import.meta.dirname)
  return names
    .filter(name => name.endsWith('.ts') && join(import.meta.dirname, name) !== import.meta.filename)
    .sort()
    .map(name => join(import.meta.dirname, name))
}
