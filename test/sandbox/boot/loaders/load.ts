import type { Disk } from '../../disk.ts'

/** What an entry of a menu names, with paths of the machine's file system. */
export interface Entry {
  readonly kernel: string
  readonly initrd: string
}

/** Reads an entry's files, as the loader does; without one of them the machine stops there. */
export function load(
  disk: Disk,
  loader: string,
  { kernel, initrd }: Entry,
): { kernel: Buffer; initrd: Buffer } {
  const missing = [kernel, initrd].find(path => !disk.has(path))
  if (missing !== undefined) throw new Error(`${loader} cannot load ${missing}: file not found`)
  return { kernel: disk.bytes(kernel), initrd: disk.bytes(initrd) }
}
