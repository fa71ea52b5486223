import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import { verify_devices } from '../../src/modules/verify_devices.ts'
import { aHost, aReadyHost, planned, withCmdline, withDevice, withImage } from '../builders.ts'
import { foreseen } from '../verdict/subjects.ts'

const plan = (host: Host, args: Record<string, unknown> = {}) =>
  planned(verify_devices, host, { devices: ['1033:0194'], ...args })
const USB = '0000:02:00.0'
const IMAGE = '/boot/initrd.img-6.1.0-56-amd64'
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

describe('blocked, with the stage that is to blame', () => {
  const link = '/sys/bus/pci/devices/0000:02:00.0'

  it.each<[string, Host, string, string]>([
    [
      'driver: its own was faster',
      on('xhci_hcd'),
      `is on xhci_hcd, not on vfio-pci: xhci_pci was loaded from the initramfs before vfio-pci, though /etc/modprobe.d/vfio.conf says softdep xhci_pci pre: vfio-pci (${link}/driver; the content of /boot/initrd.img-6.1.0-56-amd64)`,
      'reboot, if the images were made after the last boot; else look at journalctl -k -b for who loads it',
    ],
    [
      'driver: the kernel was not booted with its id',
      withCmdline(on(''), 'ro'),
      'is on no driver, not on vfio-pci: the running kernel was booted without vfio-pci.ids=1033:0194; it is set and not yet booted (/proc/cmdline, and the files of GRUB)',
      'reboot',
    ],
    [
      'groups: it is in none',
      withDevice(on('xhci_hcd'), USB, { group: observed(-1), driver: observed('xhci_hcd') }),
      `is in no IOMMU group (there is no link ${link}/iommu_group)`,
      'see that the kernel lists it: journalctl -k -b | grep "Adding to iommu group"',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(plan(host)).toMatchObject({
      kind: 'blocked',
      why: `02:00.0 USB controller [1033:0194] ${why}`,
      hint,
    })
  })

  it('usable: a BAR that the boot framebuffer holds', () => {
    const host: Host = { ...aReadyHost(), framebuffers: [{ device: USB, name: 'BOOTFB' }] }
    expect(plan(host)).toMatchObject({
      kind: 'blocked',
      why: 'a BAR of 02:00.0 USB controller [1033:0194] is held by the boot framebuffer (BOOTFB in /proc/iomem)',
    })
  })

  it('what else is to be mended is told beside it, and what follows from it is not', () => {
    const host = withImage(withDevice(on('xhci_hcd'), USB, { group: observed(-1) }), IMAGE, { modules: [] })
    expect(plan(withDevice(host, USB, { driver: observed('xhci_hcd') })).findings).toMatchObject([
      { stage: 'initramfs', severity: 'problem', what: expect.stringContaining('does not hold vfio-pci') },
    ])
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

it('what endangers a later boot only is told beside it', () => {
  expect(plan(withImage(aReadyHost(), IMAGE, { modules: [] }))).toMatchObject({
    kind: 'converged',
    why: '02:00.0 USB controller [1033:0194] on vfio-pci',
    findings: [{ stage: 'initramfs', severity: 'warning' }],
  })
})

describe('before the boot', () => {
  it('a driver that is foreseen is no proof', () => {
    expect(plan(foreseen(withDevice(aReadyHost(), USB, { driver: predicted('vfio-pci') })))).toEqual({
      kind: 'unknown',
      why: 'foreseen, and shown by the next boot: 02:00.0 USB controller [1033:0194] on vfio-pci',
    })
  })

  it('one that cannot be foreseen says why', () => {
    const driver = unknown('xhci_pci may be faster than vfio-pci')
    expect(plan(foreseen(withDevice(aReadyHost(), USB, { driver })))).toEqual({
      kind: 'unknown',
      why: '02:00.0 USB controller [1033:0194]: xhci_pci may be faster than vfio-pci',
    })
  })
})
