import { z } from 'zod'
import { resolveDevices } from '../host/devices.ts'
import type { PciDevice } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { describe, isVfioDriver } from '../host/pci.ts'
import { isRefusal } from '../refusal.ts'
import { firstFailure, type Verdict } from '../verdict/finding.ts'
import { verdictOf } from '../verdict/ladder.ts'
import { devices, state } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome, refused, untilBoot } from './define.ts'
import { failedAt, stageOf, withFindings } from './verdict_outcome.ts'

export const verify_devices = defineModule({
  name: 'verify_devices',
  summary: 'Prove that each chosen device is on vfio-pci now, and ready for a guest',
  description: `Looks at the driver link of every chosen device: vfio-pci or one of its variants, and at what could
still keep a guest from it. Where it fails, the first stage that is to blame is named, with its evidence and what to do:
firmware, kernel, command line, groups, initramfs, driver, or usable (a BAR that the boot framebuffer holds, interrupts
that are not remapped). What endangers only a later boot is a warning.

With \`state: absent\` it proves that none of them is on vfio-pci any more.`,
  args: z.strictObject({ devices, state }),
  example: `- name: Prove that the devices are ready
  verify_devices:
    devices: ["10de:13c2", "10de:0fbb"]`,
  plan(host, { devices, state }) {
    const chosen = resolveDevices(host, devices)
    if (isRefusal(chosen)) return refused(chosen)
    return state === 'present' ? ready(chosen, verdictOf(host, chosen)) : givenBack(chosen)
  },
})

function ready(chosen: readonly PciDevice[], verdict: Verdict): Outcome {
  const failure = firstFailure(verdict)
  if (failure !== undefined) return failedAt(failure, verdict)
  const driver = stageOf(verdict, 'driver')
  if (driver.is === 'unknown') return { kind: 'unknown', why: driver.why }
  return withFindings(whereTheyAre(chosen), verdict.findings)
}

function givenBack(chosen: readonly PciDevice[]): Outcome {
  for (const device of chosen) {
    if (device.driver.is === 'unknown')
      return { kind: 'unknown', why: `${describe(device)}: ${device.driver.why}` }
    const driver = device.driver.value
    if (isVfioDriver(driver))
      return blocked(
        `${describe(device)} is still on ${driver}`,
        'reboot, or look for another owner of the device: driverctl, libvirt, a virtual machine',
      )
  }
  return whereTheyAre(chosen)
}

function whereTheyAre(chosen: readonly PciDevice[]): Outcome {
  const names = chosen.map(device => `${describe(device)} on ${ifKnown(device.driver) || 'no driver'}`)
  const isForeseen = chosen.some(device => device.driver.is === 'predicted')
  return (isForeseen ? untilBoot : converged)(names.join(', '))
}
