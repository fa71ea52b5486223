import type { Interlock } from './loss.ts'

/** The display that firmware has started with (boot_vga, drivers/pci/vgaarb.c): the console is on it. */
export const bootDisplay: Interlock = {
  lock: 'boot_display',
  provided: 'ssh or a serial console reaches this host without it',
  about: 'taking',
  lostWithDriver: true,
  find: (_, device) =>
    device.bootVga ? { what: 'is the boot display: the console would go dark' } : undefined,
}
