import { describe, expect, it } from 'vitest'
import { DEVICE_LOCKS } from '../../../src/host/locks.ts'
import {
  aDevice,
  aHost,
  anAmdHost,
  anIommu,
  withCmdline,
  withDevice,
  withDevices,
  withFiles,
} from '../../builders.ts'
import { take } from './take.ts'

const AT = '0000:0a:00.0'
/** Whatever the user says. */
const ALL = { allow: DEVICE_LOCKS }

describe('a physical function with virtual ones', () => {
  const card = aDevice({
    id: '8086:1572',
    class: '020000',
    driver: 'i40e',
    sriov: { total: 64, vfs: 2 },
  })
  const function1 = aDevice({
    address: '0000:0a:02.0',
    id: '8086:154c',
    class: '020000',
    group: 41,
    physicalFunction: AT,
  })
  const host = withDevices(aHost(), card, function1, {
    ...function1,
    address: '0000:0a:02.1',
    group: { is: 'observed', value: 42 },
  })
  const hint =
    'choose virtual functions in its place, or let what made them take them away: echo 0 > /sys/bus/pci/devices/0000:0a:00.0/sriov_numvfs'

  it('is not taken', () => {
    expect(take(host, [AT], ALL)).toEqual({
      refused: true,
      why: '0a:00.0 Ethernet controller [8086:1572] has 2 virtual functions (0a:02.0 and 0a:02.1): the kernel does not give it to vfio-pci while they exist, and they would go with its driver',
      hint,
    })
  })

  it('nor one whose virtual function is not shown', () => {
    expect(take(withDevices(aHost(), { ...card, sriov: { total: 8, vfs: 1 } }), [AT], ALL)).toEqual({
      refused: true,
      why: '0a:00.0 Ethernet controller [8086:1572] has 1 virtual function: the kernel does not give it to vfio-pci while they exist, and they would go with its driver',
      hint,
    })
  })

  it('a virtual function is free, and so is a card that has none', () => {
    expect(take(host, ['0000:0a:02.0'])).toBeUndefined()
    expect(take(withDevices(aHost(), { ...card, sriov: { total: 64, vfs: 0 } }), [AT])).toBeUndefined()
  })

  it('which VFIO has, with functions of its own (enable_sriov), is left alone', () => {
    const driver = { is: 'observed', value: 'vfio-pci' } as const
    expect(take(withDevice(host, AT, { driver }), [AT])).toBeUndefined()
  })
})

describe('memory that the firmware insists on', () => {
  const refused = {
    refused: true,
    why: '0a:00.0 RAID controller [10de:13c2] has memory that the firmware insists on (RMRR, "direct" in /sys/kernel/iommu_groups/40/reserved_regions): VFIO refuses its group',
    hint: 'use another slot or another device; some makers let it be switched off in BIOS/UEFI (HPE: "HP Shared Memory features")',
  }
  const host = (driver: string) =>
    withDevices(aHost({ iommu: anIommu({ directGroups: [40] }) }), aDevice({ class: '010400', driver }))

  it.each(['nouveau', '', 'vfio-pci'])('whoever has the device now: "%s"', driver => {
    expect(take(host(driver), [AT], ALL)).toEqual(refused)
  })

  it('on Intel’s machines that of USB and graphics is none: kernels before 5.3 do not call it relaxable', () => {
    const graphics = withDevices(aHost({ iommu: anIommu({ directGroups: [40] }) }), aDevice())
    expect(take(graphics, [AT], ALL)).toBeUndefined()
    const amd = withDevices(anAmdHost({ iommu: anIommu({ directGroups: [40] }) }), aDevice())
    expect(take(amd, [AT], ALL)?.why).toMatch('has memory that the firmware insists on')
    const besides = withDevices(graphics, aDevice({ address: '0000:0a:00.1', class: '010400' }))
    expect(take(besides, [AT], ALL)?.why).toMatch('has memory that the firmware insists on')
  })

  it("does not count where the groups will be others, nor in another device's group", () => {
    expect(take(host(''), [AT], { groupsWillChange: true })).toBeUndefined()
    expect(take(host(''), ['0000:02:00.0'])).toBeUndefined()
  })
})

describe('Intel VMD', () => {
  const hint =
    'switch VMD off in BIOS/UEFI (it may be called Intel RST or RAID), if the host boots without it'
  const controller = aDevice({ address: '0000:00:0e.0', id: '8086:467f', class: '010400', driver: 'vmd' })
  const disk = aDevice({
    address: '10000:01:00.0',
    id: '144d:a808',
    class: '010802',
    driver: 'nvme',
    group: -1,
  })
  const port = aDevice({ address: '10000:00:06.0', id: '8086:464d', class: '060400', group: -1 })

  it.each([
    [
      'a disk behind it',
      [disk],
      disk.address,
      '10000:01:00.0 NVMe controller [144d:a808] is behind Intel VMD, where vfio-pci cannot take a device',
    ],
    [
      'the controller',
      [controller, port, disk],
      controller.address,
      '00:0e.0 RAID controller [8086:467f] is an Intel VMD controller: 10000:01:00.0 behind it would go with it',
    ],
    [
      'a controller whose driver is not loaded',
      [aDevice({ address: '0000:00:0e.0', id: '8086:9a0b', class: '010400' })],
      controller.address,
      '00:0e.0 RAID controller [8086:9a0b] is an Intel VMD controller: what is behind it would go with it',
    ],
    [
      'a controller that is newer than our list',
      [aDevice({ address: '0000:00:0e.0', id: '8086:ffff', class: '010400', driver: 'vmd' })],
      controller.address,
      '00:0e.0 RAID controller [8086:ffff] is an Intel VMD controller: what is behind it would go with it',
    ],
  ])('%s', (_, devices, address, why) => {
    expect(take(aHost({ devices }), [address], ALL)).toEqual({ refused: true, why, hint })
  })
})

describe("vfio-pci's own denylist", () => {
  const host = (id: string) => withDevices(aHost(), aDevice({ id, class: '0b4000' }))

  it.each([
    ['8086:0435', 'an Intel QAT DH895xCC'],
    ['8086:0443', 'a virtual function of an Intel QAT DH895xCC'],
    ['8086:37c8', 'an Intel QAT C62x'],
    ['8086:37c9', 'a virtual function of an Intel QAT C62x'],
    ['8086:19e2', 'an Intel QAT C3xxx'],
    ['8086:19e3', 'a virtual function of an Intel QAT C3xxx'],
    ['8086:0b25', 'an Intel Data Streaming Accelerator (DSA)'],
    ['8086:0cfe', 'an Intel In-Memory Analytics Accelerator (IAX)'],
  ])('%s', (id, name) => {
    expect(take(host(id), [AT], ALL)).toEqual({
      refused: true,
      why: `0a:00.0 coprocessor [${id}] is ${name}, which vfio-pci itself refuses: a guest could hang the host with it`,
      hint: 'choose another device; the kernel takes it only with vfio-pci.disable_denylist=1, which is yours to set',
    })
  })

  it.each([
    ['', 'options vfio-pci disable_denylist=Y\n'],
    ['vfio_pci.disable_denylist', ''],
    ['vfio-pci.disable_denylist=1', ''],
  ])('is no matter where the user has switched it off: "%s" "%s"', (line, options) => {
    const files = { '/etc/modprobe.d/qat.conf': options }
    expect(take(withFiles(withCmdline(host('8086:37c8'), line), files), [AT])).toBeUndefined()
  })

  it.each(['vfio-pci.disable_denylist=0', 'other.disable_denylist=1', 'disable_denylist=1'])(
    'but %s does not',
    line => {
      expect(take(withCmdline(host('8086:37c8'), line), [AT])).toBeDefined()
    },
  )

  it('does not matter for those who only share the group', () => {
    const usb = aDevice({ address: '0000:0a:00.1', id: '1b21:1242', class: '0c0330' })
    expect(take(withDevices(host('8086:37c8'), usb), [usb.address])).toBeUndefined()
  })
})

it('a bridge is part of the bus', () => {
  expect(take(aHost(), ['0000:00:1f.0'], ALL)).toEqual({
    refused: true,
    why: '00:1f.0 ISA bridge [8086:2918] is a bridge: it belongs to the bus, and vfio-pci does not take it',
    hint: 'choose the devices behind it',
  })
})
