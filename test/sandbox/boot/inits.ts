import { type Disk, namesIn } from '../disk.ts'
import type { Loads } from '../distribution.ts'
import { KernelArguments } from './arguments.ts'

/** initramfs-tools: conf/modules, after udev (scripts/functions load_modules()). */
export const initramfsToolsLoads = (image: Disk): Loads => ({
  first: [],
  later: namesIn(image.readIfThere('/conf/modules')),
})

/** dracut: rd.driver.pre of the command line and of etc/cmdline.d, before udev (98dracut-systemd/dracut-pre-udev.sh). */
export function dracutLoads(image: Disk, cmdline: string): Loads {
  const written = image.files('/etc/cmdline.d', '.conf').map(path => image.read(path))
  const args = new KernelArguments([...written, cmdline].join(' '))
  return { first: args.all('rd.driver.pre'), later: [] }
}

/** mkinitcpio: MODULES of its config before udev (init); with the systemd hook they are modules-load.d(5), beside udev. */
export function mkinitcpioLoads(image: Disk): Loads {
  const later = image.files('/etc/modules-load.d', '.conf').flatMap(path => namesIn(image.read(path)))
  const [, modules = ''] = /^MODULES="(.*)"$/m.exec(image.readIfThere('/config')) ?? []
  const isSystemd = image.has('/etc/modules-load.d/MODULES.conf')
  return { first: isSystemd ? [] : modules.split(' ').filter(Boolean), later }
}
