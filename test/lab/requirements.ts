import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What this machine lacks for the lab: names the packages, so that one apt-get install mends it. */
export function missing(programs: readonly Program[]): string | undefined {
  const packages = new Set(programs.filter(program => !isOnPath(program)).map(program => PACKAGES[program]))
  return packages.size === 0
    ? undefined
    : `apt-get install -y --no-install-recommends ${[...packages].join(' ')}`
}

export type Program = keyof typeof PACKAGES

const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  sfdisk: 'fdisk',
} as const

export const TO_BOOT: readonly Program[] = ['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen']
export const TO_BUILD: readonly Program[] = [...TO_BOOT, 'mmdebstrap', 'mke2fs', 'sfdisk']

function isOnPath(program: string): boolean {
  return searchPath().some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
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
