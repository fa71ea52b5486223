import type { Finding } from '../../verdict/finding.ts'
import type { BindingOwner, Host, PciDevice } from '../host.ts'
import { describe, isVfioDriver } from '../pci.ts'
import { ownersOf } from './other_owner.ts'

/** Who else moves the drivers of these devices, without being in the way: worth knowing when a driver changes by itself. */
export const ownerNotes = (host: Host, chosen: readonly PciDevice[]): Finding[] =>
  chosen.flatMap(device =>
    ownersOf(host, device).flatMap(owner => {
      const said = SAID[owner.owner](owner, describe(device))
      return said === undefined
        ? []
        : [{ stage: 'driver', severity: 'note', evidence: owner.evidence, ...said } as const]
    }),
  )

/** Undefined where it is a matter of the interlock. */
const SAID: Record<
  BindingOwner['owner'],
  (owner: BindingOwner, device: string) => Pick<Finding, 'what' | 'next'> | undefined
> = {
  driverctl: ({ driver }, device) =>
    isVfioDriver(driver)
      ? {
          what: `driverctl gives ${device} to ${driver} at every boot too`,
          next: 'keep one of the two: driverctl goes on when vfio-run gives the device back',
        }
      : undefined,
  // virPCIDeviceBindToStub() leaves a device alone that vfio-pci has, before the guest and after it (src/util/virpci.c).
  libvirt: (_, device) => ({
    what: `libvirt takes ${device} for vfio-pci when its guest starts, and gives it back to the driver it had when the guest stops (managed='yes')`,
    next: 'nothing: what vfio-pci has already stays there',
  }),
  // PVE::SysFSTools::pci_dev_group_bind_to_vfio() (pve-common).
  'Proxmox VE': (_, device) => ({
    what: `Proxmox VE takes ${device} and its IOMMU group for vfio-pci when its guest starts, and leaves them there`,
    next: '',
  }),
  'GPU operator': ({ driver }, device) =>
    isVfioDriver(driver)
      ? { what: `a GPU operator of Kubernetes gives ${device} to ${driver} too`, next: 'keep one of the two' }
      : undefined,
}
