import assert from 'node:assert/strict'
import { handOver } from '../hand_over.ts'
import type { Scenario } from '../lab.ts'

/**
 * Debian's default is MODULES=most. Its init coldplugs before it loads the module list (scripts/init-top/udev), so
 * that xhci_pci, which is in the image then, takes the USB controller first unless something makes vfio-pci win.
 */
export const most: Scenario = {
  name: 'most',
  summary: 'with MODULES=most, where xhci_pci is in the initramfs too, vfio-pci still has the USB controller',
  machine: 'intel',
  proves: { bootloader: 'GRUB', initramfs: 'initramfs-tools' },
  async run(lab, machine) {
    await lab.step('MODULES=most', () =>
      machine.ssh("sed -i 's/^MODULES=.*/MODULES=most/' /etc/initramfs-tools/initramfs.conf"),
    )
    const look = await handOver(lab, machine)
    const xhci = look.imageNames.filter(name => /\/xhci[-_]pci\.ko/.test(name))
    assert.notDeepEqual(xhci, [], 'xhci_pci is in the initramfs, or this shows nothing')
  },
}
