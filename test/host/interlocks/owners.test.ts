import { describe, expect, it } from 'vitest'
import type { BindingOwner, Host } from '../../../src/host/host.ts'
import { ownerNotes } from '../../../src/host/interlocks/index.ts'
import { aDevice, aHost, withDevices } from '../../builders.ts'
import { refusal, take } from './take.ts'

const CARD = '0000:0a:00.0'
const owned = (differing: Partial<BindingOwner>, device = aDevice()): Host =>
  withDevices(
    aHost({ owners: [{ owner: 'driverctl', device: CARD, driver: '', evidence: '', ...differing }] }),
    device,
  )
const notes = (host: Host) =>
  ownerNotes(
    host,
    host.devices.filter(({ address }) => address === CARD),
  )
const driverctl = { driver: 'nouveau', evidence: `/etc/driverctl.d/${CARD}: nouveau` }
const operator = { owner: 'GPU operator', device: '', evidence: '/run/nvidia/driver' } as const
const libvirt = {
  owner: 'libvirt',
  driver: 'vfio-pci',
  evidence: "/etc/libvirt/qemu/win.xml: managed='yes'",
} as const
const proxmox = {
  owner: 'Proxmox VE',
  device: '0000:0a:00',
  driver: 'vfio-pci',
  evidence: '/etc/pve/qemu-server/101.conf: hostpci0: 0000:0a:00',
} as const

describe('who gives a device to another driver is not fought', () => {
  it.each<[string, Host, string, string]>([
    [
      'driverctl',
      owned(driverctl),
      '0a:00.0 VGA controller [10de:13c2] is given to nouveau by driverctl at every boot (/etc/driverctl.d/0000:0a:00.0: nouveau)',
      'take that back: driverctl unset-override 0000:0a:00.0',
    ],
    [
      'driverctl, to no driver at all',
      owned({ driver: 'none', evidence: `/etc/driverctl.d/${CARD}: none` }),
      '0a:00.0 VGA controller [10de:13c2] is given to no driver by driverctl at every boot (/etc/driverctl.d/0000:0a:00.0: none)',
      'take that back: driverctl unset-override 0000:0a:00.0',
    ],
    [
      'a GPU operator',
      owned(operator),
      '0a:00.0 VGA controller [10de:13c2] is managed by a GPU operator of Kubernetes (/run/nvidia/driver)',
      'let the operator bind it, or take this node out of its hands',
    ],
    [
      'a GPU operator that says what it gives accelerators to',
      owned({ ...operator, driver: 'nvidia' }, aDevice({ class: '120000' })),
      '0a:00.0 accelerator [10de:13c2] is managed by a GPU operator of Kubernetes, which gives it to nvidia (/run/nvidia/driver)',
      'let the operator bind it, or take this node out of its hands',
    ],
  ])('%s', (_, host, why, instead) => {
    expect(refusal(host, CARD, 'other_owner')).toEqual({
      why,
      hint: `${instead}; or say allow: [other_owner], where it may be taken from them`,
      allowed: true,
    })
    expect(notes(host)).toEqual([])
  })

  it('a GPU operator has no say in other devices', () => {
    expect(take(owned(operator, aDevice({ class: '0c0330' })), [CARD])).toBeUndefined()
  })
})

describe('who wants the same, or only hands devices to guests, is told of', () => {
  it.each<[string, Host, string, string, string]>([
    [
      'driverctl',
      owned({ driver: 'vfio-pci', evidence: `/etc/driverctl.d/${CARD}: vfio-pci` }),
      'driverctl gives 0a:00.0 VGA controller [10de:13c2] to vfio-pci at every boot too',
      `/etc/driverctl.d/${CARD}: vfio-pci`,
      'keep one of the two: driverctl goes on when vfio-run gives the device back',
    ],
    [
      'libvirt',
      owned(libvirt),
      "libvirt takes 0a:00.0 VGA controller [10de:13c2] for vfio-pci when its guest starts, and gives it back to the driver it had when the guest stops (managed='yes')",
      libvirt.evidence,
      'nothing: what vfio-pci has already stays there',
    ],
    [
      'Proxmox VE, by the slot',
      owned(proxmox),
      'Proxmox VE takes 0a:00.0 VGA controller [10de:13c2] and its IOMMU group for vfio-pci when its guest starts, and leaves them there',
      proxmox.evidence,
      '',
    ],
    [
      'a GPU operator for virtual machines',
      owned({ ...operator, driver: 'vfio-pci' }),
      'a GPU operator of Kubernetes gives 0a:00.0 VGA controller [10de:13c2] to vfio-pci too',
      operator.evidence,
      'keep one of the two',
    ],
  ])('%s', (_, host, what, evidence, next) => {
    expect(take(host, [CARD])).toBeUndefined()
    expect(notes(host)).toEqual([{ stage: 'driver', severity: 'note', what, evidence, next }])
  })

  it('of other devices nothing is said', () => {
    expect(notes(owned({ ...libvirt, device: '0000:0b:00.0' }))).toEqual([])
  })
})
