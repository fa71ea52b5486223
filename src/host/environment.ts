import { type Refusal, refuse } from '../refusal.ts'
import type { Host } from './host.ts'
import { ifKnown } from './known.ts'

/**
 * Where no change to this system can make passthrough work, because the IOMMU is not this kernel's: in a container, under
 * Xen, in a virtual machine that was given none, on another architecture. What was not observed is no such place.
 */
export const refuseEnvironment = (host: Host): Refusal | undefined =>
  container(host) ?? xen(host) ?? architecture(host) ?? virtualMachine(host)

function container({ machine }: Host): Refusal | undefined {
  return machine.container === ''
    ? undefined
    : refuse(
        `this is a container (${machine.container}): the kernel, its command line and the devices are not its own`,
        'name the machine that it runs on in the inventory',
      )
}

// A PV domain has no DMAR or IVRS table, as Xen keeps them (xen/drivers/passthrough, acpi_dmar_zap()).
function xen({ machine }: Host): Refusal | undefined {
  if (machine.xen === '') return undefined
  return machine.xen === 'dom0'
    ? refuse(
        "this is dom0 of Xen: the IOMMU is the hypervisor's, and vfio-pci has none to work with",
        "Xen's own way is xen-pciback: xen-pciback.hide=(02:00.0) on dom0's command line and pci = ['02:00.0'] for the guest (xl-pci-configuration(5)); for vfio-pci boot without Xen",
      )
    : refuse(
        'this is a guest of Xen, which gives its guests no IOMMU',
        'run vfio-run on a machine that boots without Xen',
      )
}

function architecture({ arch }: Host): Refusal | undefined {
  return arch === '' || arch === 'x86_64'
    ? undefined
    : refuse(
        `this machine's architecture is ${arch}: vfio-run knows the IOMMUs of x86_64 (VT-d and AMD-Vi) only`,
        arch === 'i686'
          ? 'boot a 64-bit kernel, if the processor can'
          : 'leave it out of the play (hosts: all:!NAME)',
      )
}

/** An IOMMU without ACPI tables (virtio-iommu) shows in /sys/class/iommu. */
function virtualMachine({ cpu, firmware, iommu, machine }: Host): Refusal | undefined {
  const hasIommu = firmware.tables.length > 0 || (ifKnown(iommu.units)?.length ?? 0) > 0
  if (!cpu.flags.includes('hypervisor') || hasIommu) return undefined
  const dmi = `${machine.vendor} ${machine.product}`
  const known = HYPERVISORS.find(({ says }) => says.test(dmi))
  const name = known?.name ?? known?.says.exec(dmi)?.[0]
  return refuse(
    `this is a virtual machine${name === undefined ? '' : ` (${name})`} without an IOMMU: its firmware has no ACPI table DMAR or IVRS`,
    known?.way ?? WAYS,
  )
}

/** By system-manufacturer and system-product-name of DMI, as systemd-detect-virt(1) tells them apart. */
const HYPERVISORS: readonly {
  readonly says: RegExp
  /** Where it is not what DMI says. */
  readonly name?: string
  readonly way: string
}[] = [
  {
    says: /VMware/,
    way: 'give it one: "Expose IOMMU to the guest OS" in its processor settings (vvtd.enable = "TRUE"), then power it off and on',
  },
  {
    says: /VirtualBox|innotek/,
    name: 'VirtualBox',
    way: 'give it one: VBoxManage modifyvm NAME --chipset=ich9 --iommu=automatic',
  },
  {
    says: /Microsoft Corporation Virtual Machine/,
    name: 'Hyper-V',
    way: 'Hyper-V gives its guests none: use another hypervisor, or a machine of its own',
  },
  {
    says: /Amazon EC2|Google Compute Engine|DigitalOcean|Hetzner|Alibaba Cloud|OpenStack/,
    way: 'take a bare-metal machine: guests there are shown no IOMMU',
  },
  {
    says: /QEMU|KVM|oVirt|RHEV/,
    way: "give it one: QEMU -machine q35,kernel-irqchip=split -device intel-iommu,intremap=on; libvirt <iommu model='intel'/> with <ioapic driver='qemu'/>; Proxmox VE qm set ID --machine q35,viommu=intel",
  },
]

const WAYS =
  'give it a virtual IOMMU (QEMU -device intel-iommu,intremap=on; libvirt <iommu model="intel"/>; VMware "Expose IOMMU"), or use a machine of its own'
