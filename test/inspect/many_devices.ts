import type { Host, PciDevice } from '../../src/host/host.ts'
import { aDevice, aHost } from '../builders.ts'

/** A server with 148 PCI devices: eight GPUs, network cards with their virtual functions, disks, and many bridges. */
export const aServer = (): Host =>
  aHost({
    hostname: 'gpu-server-17.example.org',
    devices: [...bridges(54), ...gpus(8), ...networkCards(2, 32), ...disks(12), ...usbControllers(2)],
  })

const place = (bus: number, slot: number, fn = 0): string => `0000:${hex(bus)}:${hex(slot)}.${fn}`
const hex = (number: number): string => number.toString(16).padStart(2, '0')
const each = (count: number, make: (index: number) => PciDevice | PciDevice[]): PciDevice[] =>
  Array.from({ length: count }, (_, index) => make(index)).flat()

const bridges = (count: number): PciDevice[] =>
  each(count, index =>
    aDevice({
      address: place(1, index % 32, Math.floor(index / 32)),
      id: '1022:1483',
      class: '060400',
      driver: 'pcieport',
      group: index,
    }),
  )

const gpus = (count: number): PciDevice[] =>
  each(count, index => [
    aDevice({
      address: place(0x10 + index, 0),
      id: '10de:2330',
      class: '030200',
      driver: 'nvidia',
      group: 60 + index,
    }),
  ])

const networkCards = (count: number, functions: number): PciDevice[] =>
  each(count, card => [
    aDevice({
      address: place(0x40 + card, 0),
      id: '15b3:101d',
      class: '020000',
      driver: 'mlx5_core',
      group: 70 + card,
      sriov: { total: 64, vfs: functions },
    }),
    ...each(functions, index =>
      aDevice({
        address: place(0x40 + card, 1 + Math.floor(index / 8), index % 8),
        id: '15b3:101e',
        class: '020000',
        driver: 'mlx5_core',
        group: 80 + card * functions + index,
        physicalFunction: place(0x40 + card, 0),
      }),
    ),
  ])

const disks = (count: number): PciDevice[] =>
  each(count, index =>
    aDevice({
      address: place(0x60 + index, 0),
      id: '144d:a80a',
      class: '010802',
      driver: 'nvme',
      group: 160 + index,
    }),
  )

const usbControllers = (count: number): PciDevice[] =>
  each(count, index => [
    aDevice({
      address: place(0x70 + index, 0),
      id: '1022:148c',
      class: '0c0330',
      driver: 'xhci_hcd',
      group: 180 + index,
    }),
    ...each(3, other =>
      aDevice({
        address: place(0x70 + index, 0, other + 1),
        id: `1022:14${other}5`,
        class: '108000',
        driver: 'ccp',
        group: 190 + index * 4 + other,
      }),
    ),
  ])
