import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import { verify_devices } from '../../src/modules/verify_devices.ts'
import { aHost, aReadyHost, planned, withCmdline, withDevice } from '../builders.ts'

const plan = (host: Host, args: Record<string, unknown> = {}) =>
  planned(verify_devices, host, { devices: ['1033:0194'], ...args })
const USB = '0000:02:00.0'
const on = (driver: string) => withDevice(aReadyHost(), USB, { driver: observed(driver) })

describe('devices that are ready', () => {
  it.each(['vfio-pci', 'mlx5_vfio_pci'])('one on %s is', driver => {
    expect(plan(on(driver))).toEqual({
      kind: 'converged',
      why: `02:00.0 USB controller [1033:0194] on ${driver}`,
    })
  })

  it('names them all', () => {
    expect(plan(aReadyHost(), { devices: ['01:00.0', '01:00.1'] })).toEqual({
      kind: 'converged',
      why: '01:00.0 VGA controller [1002:5159] on vfio-pci, 01:00.1 audio device [8086:293e] on vfio-pci',
    })
  })
})

describe('blocked, with the cause', () => {
  it.each<[string, Host, string, string]>([
    [
      'its driver was faster',
      on('xhci_hcd'),
      'is on xhci_hcd, not on vfio-pci',
      'its driver was faster than vfio-pci: look at journalctl -k -b, and at the initramfs with lsinitramfs',
    ],
    [
      'the kernel was not booted with its id',
      withCmdline(on(''), 'ro'),
      'is on no driver, not on vfio-pci',
      'the running kernel was not booted with vfio-pci.ids=1033:0194: reboot, or see which entry is booted',
    ],
    [
      'it is in no group',
      withDevice(on('xhci_hcd'), USB, { group: observed(-1), driver: observed('xhci_hcd') }),
      'is on xhci_hcd, not on vfio-pci',
      'it is in no IOMMU group, so vfio-pci refuses it: verify_dmesg says why the IOMMU is off',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(plan(host)).toEqual({ kind: 'blocked', why: `02:00.0 USB controller [1033:0194] ${why}`, hint })
  })

  it('a device that is not there', () => {
    expect(plan(aHost(), { devices: ['10de:13c2'] })).toMatchObject({
      kind: 'blocked',
      why: 'no device 10de:13c2 on this host',
    })
  })
})

describe('devices that were given back', () => {
  it.each(['xhci_hcd', ''])('one on %j is', driver => {
    expect(plan(on(driver), { state: 'absent' }).kind).toBe('converged')
  })

  it('one on vfio-pci is not', () => {
    expect(plan(aReadyHost(), { state: 'absent' })).toEqual({
      kind: 'blocked',
      why: '02:00.0 USB controller [1033:0194] is still on vfio-pci',
      hint: 'reboot, or look for another owner of the device: driverctl, libvirt, a virtual machine',
    })
  })
})

describe('before the boot', () => {
  it('a driver that is foreseen is no proof', () => {
    expect(plan(withDevice(aHost(), USB, { driver: predicted('vfio-pci') }))).toEqual({
      kind: 'unknown',
      why: 'foreseen, and shown by the next boot: 02:00.0 USB controller [1033:0194] on vfio-pci',
    })
  })

  it('one that cannot be foreseen says why', () => {
    expect(
      plan(withDevice(aHost(), USB, { driver: unknown('xhci_pci may be faster than vfio-pci') })),
    ).toEqual({
      kind: 'unknown',
      why: '02:00.0 USB controller [1033:0194]: xhci_pci may be faster than vfio-pci',
    })
  })
})
