import type { Programs } from '../bin.ts'

/** An EFI system partition that is mounted only while somebody writes or reads it. */
export interface UnmountedEsp {
  readonly programs: Programs
  readonly files: Readonly<Record<string, string>>
}

/**
 * @param device Its path in /dev/disk.
 * @param content Path on the partition → content, as far as a look at its menu goes.
 */
export const unmountedEsp = (device: string, content: Readonly<Record<string, string>>): UnmountedEsp => ({
  programs: { unshare: true, mount: true, umount: true },
  files: Object.fromEntries(Object.entries(content).map(([path, text]) => [`${device}${path}`, text])),
})
