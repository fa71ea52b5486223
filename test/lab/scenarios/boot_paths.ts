import { handOver } from '../hand_over.ts'
import type { Scenario } from '../lab.ts'

/** The main job by each way that a machine of the lab is booted. */
export const bootPaths: readonly Scenario[] = (
  [
    {
      name: 'main',
      summary:
        'a card, its audio and a USB controller are on vfio-pci after one run; a second run changes nothing',
      machine: 'intel',
      proves: { bootloader: 'GRUB', initramfs: 'initramfs-tools' },
    },
    {
      name: 'amd',
      summary: 'the same on a machine with an AMD IOMMU, where no argument switches it on',
      machine: 'amd',
      proves: { bootloader: 'GRUB', initramfs: 'initramfs-tools' },
    },
    {
      name: 'dracut',
      summary: 'the same where dracut makes the initramfs',
      machine: 'dracut',
      proves: { bootloader: 'GRUB', initramfs: 'dracut' },
    },
    {
      name: 'systemd-boot',
      summary: 'the same on UEFI, where systemd-boot starts an entry that kernel-install makes',
      machine: 'systemd-boot',
      proves: { bootloader: 'systemd-boot', initramfs: 'initramfs-tools' },
    },
    {
      name: 'uki',
      summary: 'the same on UEFI, where systemd-boot starts a unified kernel image that dracut makes',
      machine: 'uki',
      proves: { bootloader: 'UKI', initramfs: 'dracut' },
    },
  ] as const
).map(path => ({
  ...path,
  async run(lab, machine) {
    await handOver(lab, machine)
  },
}))
