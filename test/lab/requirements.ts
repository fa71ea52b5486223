import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** This machine lacks something; the message says what to do. */
export class LabCannotRun extends Error {
  override readonly name = 'LabCannotRun'
}

/** Names the packages, so that one apt-get install mends it. */
export function requirePrograms(programs: readonly Program[]): void {
  const packages = new Set(programs.filter(program => !isOnPath(program)).map(program => PACKAGES[program]))
  if (packages.size === 0) return
  const install = `apt-get install -y --no-install-recommends ${[...packages].join(' ')}`
  throw new LabCannotRun(`programs are missing; as root: ${install}`)
}

export function requireRoot(why: string): void {
  if (process.getuid?.() !== 0) throw new LabCannotRun(`${why}: run it once as root`)
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
  unshare: 'util-linux',
} as const

export const TO_BOOT: readonly Program[] = ['qemu-system-x86_64', 'qemu-img', 'ssh', 'ssh-keygen']
export const TO_BUILD: readonly Program[] = [...TO_BOOT, 'mmdebstrap', 'mke2fs', 'sfdisk', 'unshare']

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
