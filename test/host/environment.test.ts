import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refuseEnvironment } from '../../src/host/environment.ts'
import type { Host, Machine } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { aFirmware, aHost, anIommu } from '../builders.ts'
import { recordedHost, recordedHosts } from '../hosts/index.ts'
import { hostLike } from '../laws/hosts.ts'

const told = (host: Host) => {
  const refusal = refuseEnvironment(host)
  return refusal && [refusal.why, refusal.hint]
}
const on = (machine: Partial<Machine>): Host => aHost({ machine: { ...aHost().machine, ...machine } })
const without = (machine: Partial<Machine>): Host => ({
  ...on(machine),
  firmware: aFirmware({ tables: [] }),
  iommu: anIommu({ units: observed([]) }),
})

describe('where the IOMMU is not the kernel’s own, nothing is prepared', () => {
  it.each<[string, Host, string, string]>([
    [
      'a container',
      on({ container: 'lxc' }),
      'this is a container (lxc): the kernel, its command line and the devices are not its own',
      'name the machine that it runs on in the inventory',
    ],
    [
      'dom0 of Xen',
      on({ xen: 'dom0' }),
      "this is dom0 of Xen: the IOMMU is the hypervisor's, and vfio-pci has none to work with",
      "Xen's own way is xen-pciback: xen-pciback.hide=(02:00.0) on dom0's command line and pci = ['02:00.0'] for the guest (xl-pci-configuration(5)); for vfio-pci boot without Xen",
    ],
    [
      'a guest of Xen',
      on({ xen: 'domU' }),
      'this is a guest of Xen, which gives its guests no IOMMU',
      'run vfio-run on a machine that boots without Xen',
    ],
    [
      'another architecture',
      aHost({ arch: 'aarch64' }),
      "this machine's architecture is aarch64: vfio-run knows the IOMMUs of x86_64 (VT-d and AMD-Vi) only",
      'leave it out of the play (hosts: all:!NAME)',
    ],
    [
      'a 32-bit kernel',
      aHost({ arch: 'i686' }),
      "this machine's architecture is i686: vfio-run knows the IOMMUs of x86_64 (VT-d and AMD-Vi) only",
      'boot a 64-bit kernel, if the processor can',
    ],
  ])('%s', (_, host, why, hint) => {
    expect(told(host)).toEqual([why, hint])
  })
})

describe('a virtual machine that was given no IOMMU is told how to get one', () => {
  it.each([
    [
      'QEMU',
      { vendor: 'QEMU', product: 'Standard PC (Q35 + ICH9, 2009)' },
      "give it one: QEMU -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on; libvirt <iommu model='intel'/> with <ioapic driver='qemu'/>; Proxmox VE qm set ID --machine q35,viommu=intel",
    ],
    [
      'VMware',
      { vendor: 'VMware, Inc.', product: 'VMware7,1' },
      'give it one: "Expose IOMMU to the guest OS" in its processor settings (vvtd.enable = "TRUE"), then power it off and on',
    ],
    [
      'VirtualBox',
      { vendor: 'innotek GmbH', product: 'VirtualBox' },
      'give it one: VBoxManage modifyvm NAME --chipset=ich9 --iommu=automatic',
    ],
    [
      'Hyper-V',
      { vendor: 'Microsoft Corporation', product: 'Virtual Machine' },
      'Hyper-V gives its guests none: use another hypervisor, or a machine of its own',
    ],
    [
      'Amazon EC2',
      { vendor: 'Amazon EC2', product: 'm5.large' },
      'take a bare-metal machine: guests there are shown no IOMMU',
    ],
    [
      'Google Compute Engine',
      { vendor: 'Google', product: 'Google Compute Engine' },
      'take a bare-metal machine: guests there are shown no IOMMU',
    ],
  ])('%s', (name, machine, hint) => {
    expect(told(without(machine))).toEqual([
      `this is a virtual machine (${name}) without an IOMMU: its firmware has no ACPI table DMAR or IVRS`,
      hint,
    ])
  })

  it('whoever it is of', () => {
    expect(told(without({ vendor: 'Bochs' }))).toEqual([
      'this is a virtual machine without an IOMMU: its firmware has no ACPI table DMAR or IVRS',
      'give it a virtual IOMMU (QEMU -device intel-iommu,intremap=on; libvirt <iommu model="intel"/>; VMware "Expose IOMMU"), or use a machine of its own',
    ])
  })

  it('as the lab has one', () => {
    expect(told(recordedHost('debian12-no-iommu'))?.[0]).toMatch(
      /^this is a virtual machine.* without an IOMMU/,
    )
  })
})

describe('all others are welcome', () => {
  it.each<[string, Host]>([
    ['a virtual machine with a virtual IOMMU', aHost()],
    [
      'one whose IOMMU has no ACPI table (virtio-iommu)',
      { ...aHost(), firmware: aFirmware({ tables: [] }), iommu: anIommu({ units: observed(['viommu']) }) },
    ],
    [
      'a machine of its own with VT-d switched off',
      aHost({
        cpu: { ...aHost().cpu, flags: ['vmx'] },
        firmware: aFirmware({ tables: [] }),
        iommu: anIommu({ units: unknown('') }),
      }),
    ],
    ['one whose architecture nobody has told', aHost({ arch: '' })],
  ])('%s', (_, host) => {
    expect(refuseEnvironment(host)).toBeUndefined()
  })

  it.each(recordedHosts().filter(({ name }) => name !== 'debian12-no-iommu'))('$name', ({ host }) => {
    expect(refuseEnvironment(host)).toBeUndefined()
  })
})

it('there is an answer on any host', () => {
  const anyHost = fc.constantFrom(...recordedHosts().map(({ host }) => host)).chain(hostLike)
  fc.assert(
    fc.property(anyHost, host => {
      refuseEnvironment(host)
    }),
  )
})
