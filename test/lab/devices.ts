/** What QEMU puts on the board. The groups that the guest's kernel makes of it are the point of each arrangement. */
export interface Arrangement {
  readonly iommu: 'intel' | 'amd' | 'none'
  readonly behindPorts: readonly Port[]
  /** A second disk, from which the machine can start a guest of its own (guest_disk.ts). */
  readonly guestDisk?: true
}

/** A PCI Express root port of its own, and what hangs on it. */
export interface Port {
  /** QEMU name of the port; devices name it as their bus. */
  readonly id: string
  /** Slot on bus 0: 1 is the AMD IOMMU's, 2 to 4 are taken by what must stay with the host. */
  readonly slot: number
  /** QEMU's root ports have ACS, so that each is a group boundary unless this is off. */
  readonly acs: boolean
  readonly devices: readonly string[]
}

/** A graphics card with its audio function, 1002:5159 and 8086:293e: alone in one group, the good case. */
const graphicsCard: Port = {
  id: 'gpu',
  slot: 0x10,
  acs: true,
  devices: [
    'ati-vga,model=rv100,bus=gpu,addr=0.0,multifunction=on,romfile=',
    'ich9-intel-hda,bus=gpu,addr=0.1,multifunction=on',
  ],
}

/** 1033:0194, which xhci_pci takes as soon as it is loaded: the device that shows who binds first. */
const usbController: Port = { id: 'usb', slot: 0x11, acs: true, devices: ['nec-usb-xhci,bus=usb'] }

const networkCard: Port = {
  id: 'nic',
  slot: 0x12,
  acs: true,
  devices: ['e1000e,bus=nic,netdev=unused,romfile='],
}

/** A device that no driver wants. */
const noDriver: Port = { id: 'plain', slot: 0x13, acs: true, devices: ['edu,bus=plain'] }

/** Everything behind a conventional bridge shares a group; the card has the id of the boot display. */
const sharedGroup: Port = {
  id: 'shared',
  slot: 0x14,
  acs: true,
  devices: [
    'pcie-pci-bridge,id=conventional,bus=shared',
    'secondary-vga,bus=conventional,addr=1,romfile=',
    'intel-hda,bus=conventional,addr=2',
    'piix3-usb-uhci,bus=conventional,addr=3',
  ],
}

/** Without ACS the port is in the group of what hangs on it. */
const nvmeWithPort: Port = {
  id: 'nvme',
  slot: 0x15,
  acs: false,
  devices: ['nvme,bus=nvme,serial=lab,drive=nvme'],
}

const behindPorts = [graphicsCard, usbController, networkCard, noDriver, sharedGroup]

export const ARRANGEMENTS = {
  intel: { iommu: 'intel', behindPorts: [...behindPorts, nvmeWithPort] },
  'with-guest': { iommu: 'intel', behindPorts: [...behindPorts, nvmeWithPort], guestDisk: true },
  /** Behind QEMU's AMD IOMMU the NVMe never answers: a minute after the boot its driver gives up and lets go of it. */
  amd: { iommu: 'amd', behindPorts },
  /** No DMAR and no IVRS table: switched off in the firmware. */
  'no-iommu': { iommu: 'none', behindPorts: [...behindPorts, nvmeWithPort] },
} as const satisfies Record<string, Arrangement>

export type ArrangementName = keyof typeof ARRANGEMENTS

/** Where the guest finds them, in every arrangement; ids as in the inventory. */
export const GUEST = {
  bootDisplay: { address: '0000:00:02.0', id: '1234:1111' },
  /** The network card of our own connection. */
  managementCard: { address: '0000:00:03.0', id: '1af4:1000' },
  rootDisk: { address: '0000:00:04.0', id: '1af4:1001' },
  graphicsCard: { address: '0000:01:00.0', id: '1002:5159' },
  graphicsAudio: { address: '0000:01:00.1', id: '8086:293e' },
  usbController: { address: '0000:02:00.0', id: '1033:0194' },
  /** Has the id of the boot display, and shares its group with the next two. */
  sharedDisplay: { address: '0000:06:01.0', id: '1234:1111' },
  sharedAudio: { address: '0000:06:02.0', id: '8086:2668' },
  sharedUsb: { address: '0000:06:03.0', id: '8086:7020' },
  nvme: { address: '0000:07:00.0', id: '1b36:0010' },
} as const

/** What the scenarios hand over: a graphics card with its audio function, and the USB controller. */
export const CHOSEN = [GUEST.graphicsCard, GUEST.graphicsAudio, GUEST.usbController]

/** UEFI firmware, where Debian's package has it. The variables are a file of each machine's own: firmware writes it. */
export const OVMF = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
} as const

/** QEMU arguments of UEFI in place of the board's BIOS. */
export const uefiArguments = (variables: string): string[] => [
  ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF.code}`],
  ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
]

/** QEMU arguments of the board. The host's own display, disk and network stay on bus 0. */
export function boardArguments(
  arrangement: Arrangement,
  ssh: { readonly port: number },
  disks: { readonly root: string; readonly guest?: string },
): string[] {
  return [
    ...BOARD,
    ...IOMMU[arrangement.iommu],
    ...device('VGA,id=boot-vga,addr=2'),
    ...['-netdev', `user,id=management,restrict=off,hostfwd=tcp:127.0.0.1:${ssh.port}-:22`],
    ...device('virtio-net-pci,netdev=management,addr=3,romfile='),
    ...['-drive', `file=${disks.root},format=qcow2,if=none,id=root,cache=unsafe`],
    ...device('virtio-blk-pci,drive=root,addr=4'),
    ...(disks.guest === undefined ? [] : guestDisk(disks.guest)),
    ...['-netdev', 'user,id=unused,restrict=on'],
    ...['-drive', 'driver=null-co,size=64M,if=none,id=nvme'],
    ...arrangement.behindPorts.flatMap((port, index) => [
      ...rootPort(port, index + 1),
      ...port.devices.flatMap(device),
    ]),
  ]
}

const guestDisk = (file: string): string[] => [
  ...['-drive', `file=${file},format=raw,if=none,id=guest,readonly=on`],
  ...device('virtio-blk-pci,drive=guest,addr=5'),
]

const BOARD = [
  ...['-machine', 'q35,kernel-irqchip=split'],
  // /dev/kvm may be there and yet not boot a stock kernel: emulation works everywhere.
  ...['-accel', 'tcg,thread=multi,tb-size=512'],
  // One processor: TCG then needs no atomic instructions, a third less work than with two.
  ...['-m', '1024', '-smp', '1'],
  ...['-nodefaults', '-no-user-config', '-display', 'none'],
]

const IOMMU: Record<Arrangement['iommu'], readonly string[]> = {
  intel: ['-device', 'intel-iommu,intremap=on', '-cpu', 'Nehalem'],
  amd: ['-device', 'amd-iommu,intremap=on', '-cpu', 'Opteron_G3,+svm'],
  none: ['-cpu', 'Nehalem'],
}

const device = (spec: string): string[] => ['-device', spec]

const rootPort = (port: Port, chassis: number): string[] =>
  device(
    `pcie-root-port,id=${port.id},bus=pcie.0,addr=0x${port.slot.toString(16)},chassis=${chassis}${port.acs ? '' : ',disable-acs=on'}`,
  )
