import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { OVMF } from './devices.ts'
import type { Firmware } from './image/recipes.ts'

/** This machine lacks something; the message says what to do. */
export class LabCannotRun extends Error {
  override readonly name = 'LabCannotRun'
}

/** Names the packages, so that one apt-get install mends it. */
export function requireThat(needed: readonly Need[]): void {
  const packages = new Set(needed.filter(need => !isHere(need)).map(need => PACKAGES[need]))
  if (packages.size === 0) return
  const install = `apt-get install -y --no-install-recommends ${[...packages].join(' ')}`
  throw new LabCannotRun(`something is missing; as root: ${install}`)
}

export function requireRoot(why: string): void {
  if (process.getuid?.() !== 0) throw new LabCannotRun(`${why}: run it once as root`)
}

/** What an image takes to be built or to be booted. */
export const needs = (what: 'build' | 'boot', firmware: Firmware): readonly Need[] => [
  ...TO_BOOT[firmware],
  ...(what === 'build' ? TO_BUILD[firmware] : []),
]

/** A program, or a file by its path. */
type Need = keyof typeof PACKAGES

const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  sfdisk: 'fdisk',
  unshare: 'util-linux',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  [OVMF.code]: 'ovmf',
} as const

const BOOT: readonly Need[] = ['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen']
const TO_BOOT: Record<Firmware, readonly Need[]> = { bios: BOOT, uefi: [...BOOT, OVMF.code] }

const BUILD: readonly Need[] = ['mmdebstrap', 'mke2fs', 'sfdisk', 'unshare']
const TO_BUILD: Record<Firmware, readonly Need[]> = { bios: BUILD, uefi: [...BUILD, 'mkfs.vfat', 'mcopy'] }

function isHere(need: Need): boolean {
  if (isAbsolute(need)) return existsSync(need)
  return searchPath().some(folder => {
    try {
      accessSync(join(folder, need), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Root shells started by a service often lack the sbin folders, where mke2fs and sfdisk live. */
export const searchPath = (): readonly string[] => [
  ...(process.env.PATH ?? '').split(delimiter).filter(folder => folder !== ''),
  '/usr/sbin',
  '/sbin',
]
