import { z } from 'zod'
import { resolveDevices } from '../host/devices.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { effectiveValues } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import { describe, idOf, isVfioDriver } from '../host/pci.ts'
import { isRefusal } from '../refusal.ts'
import { devices, state } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome, untilBoot } from './define.ts'

export const verify_devices = defineModule({
  name: 'verify_devices',
  summary: 'Prove that each chosen device is on vfio-pci now',
  description: `Looks at the driver link of every chosen device: vfio-pci or one of its variants. With
\`state: absent\` it proves that none of them is any more.`,
  args: z.strictObject({ devices, state }),
  example: `- name: Prove that the devices are ready
  verify_devices:
    devices: ["10de:13c2", "10de:0fbb"]`,
  plan(host, { devices, state }) {
    const chosen = resolveDevices(host, devices)
    if (isRefusal(chosen)) return { kind: 'blocked', why: chosen.why, hint: chosen.hint }
    const bad = chosen.map(device => problemOf(host, device, state)).find(problem => problem !== undefined)
    if (bad !== undefined) return bad
    const names = chosen
      .map(device => `${describe(device)} on ${ifKnown(device.driver) || 'no driver'}`)
      .join(', ')
    const foreseen = chosen.some(device => device.driver.is === 'predicted')
    return (foreseen ? untilBoot : converged)(names)
  },
})

function problemOf(host: Host, device: PciDevice, state: 'present' | 'absent'): Outcome | undefined {
  if (device.driver.is === 'unknown')
    return { kind: 'unknown', why: `${describe(device)}: ${device.driver.why}` }
  const driver = device.driver.value
  if (isVfioDriver(driver) === (state === 'present')) return undefined
  if (state === 'absent')
    return blocked(
      `${describe(device)} is still on ${driver}`,
      'reboot, or look for another owner of the device: driverctl, libvirt, a virtual machine',
    )
  return blocked(`${describe(device)} is on ${driver || 'no driver'}, not on vfio-pci`, causeOf(host, device))
}

function causeOf(host: Host, device: PciDevice): string {
  if ((ifKnown(device.group) ?? -1) < 0)
    return 'it is in no IOMMU group, so vfio-pci refuses it: verify_dmesg says why the IOMMU is off'
  const claimed = effectiveValues(ifKnown(host.cmdline) ?? [], 'vfio-pci.ids').some(id =>
    id.toLowerCase().startsWith(idOf(device)),
  )
  if (!claimed)
    return `the running kernel was not booted with vfio-pci.ids=${idOf(device)}: reboot, or see which entry is booted`
  return 'its driver was faster than vfio-pci: look at journalctl -k -b, and at the initramfs with lsinitramfs'
}
