import type { Disk } from '../../disk.ts'
import type { Started } from '../../distribution.ts'
import { bootedEntry } from '../menu.ts'
import { load } from './load.ts'

/** GRUB with a menu of its own (grub-mkconfig), /boot being on the root file system. */
export function startGrub(disk: Disk): Started {
  const grubenv = disk.read(ENVIRONMENT)
  const entry = bootedEntry(disk.read('/boot/grub/grub.cfg'), grubenv)
  disk.write(ENVIRONMENT, withoutNextEntry(grubenv))
  return { title: entry.title, cmdline: entry.cmdline, efiVariables: {}, ...load(disk, 'GRUB', entry) }
}

const ENVIRONMENT = '/boot/grub/grubenv'

/** GRUB's `set next_entry=; save_env next_entry`: it is for one boot. */
export const withoutNextEntry = (grubenv: string): string =>
  grubenv.replace(/^next_entry=.*\n/m, '').padEnd(1024, '#')
