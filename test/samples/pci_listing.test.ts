import { describe, expect, it } from 'vitest'
import { idOf, shortAddress } from '../../src/host/pci.ts'
import { addressesIn, readListing } from './pci_listing.ts'

const read = (bytes: string) =>
  readListing({ name: 'a listing', bytes, distribution: '', conclusion: '' }).listed.map(({ device }) =>
    [
      shortAddress(device.address),
      idOf(device),
      device.class.slice(0, 4),
      device.group.is === 'unknown' ? '?' : device.group.value,
      device.driver.is === 'unknown' ? '?' : device.driver.value,
    ].join(' '),
  )

const VGA =
  'VGA compatible controller [0300]: NVIDIA Corporation GM204 [GeForce GTX 970] [10de:13c2] (rev a1)'

describe('listings as people post them', () => {
  it.each<[string, string, readonly string[]]>([
    ['a group on each line', `IOMMU Group 15 01:00.0 ${VGA}`, ['01:00.0 10de:13c2 0300 15 ?']],
    ['a group above', `IOMMU Group 15:\n\t0000:01:00.0 ${VGA}`, ['01:00.0 10de:13c2 0300 15 ?']],
    ['a group above, as a heading', `### Group 15 ###\n 01:00.0 ${VGA}`, ['01:00.0 10de:13c2 0300 15 ?']],
    [
      'a group above, in capitals, and in brackets',
      `IOMMU GROUP 9\n (15) 01:00.0 ${VGA}`,
      ['01:00.0 10de:13c2 0300 15 ?'],
    ],
    [
      'ids before addresses',
      'Group 15:\t[10de:13c2] [R] 01:00.0  VGA compatible controller   GM204 [GeForce]',
      ['01:00.0 10de:13c2 0300 15 ?'],
    ],
    ['links of sysfs', '/sys/kernel/iommu_groups/15/devices/0000:01:00.0', ['01:00.0 :  15 ?']],
    ['in Markdown', `> * IOMMU Group 15:\n>     * 01:00.0 ${VGA}`, ['01:00.0 10de:13c2 0300 15 ?']],
    [
      'in colours, from Windows',
      `\u001b[1mIOMMU Group 15\u001b[0m 01:00.0 ${VGA}\r\n`,
      ['01:00.0 10de:13c2 0300 15 ?'],
    ],
    [
      'lspci -nnk in comments',
      `# 01:00.0 ${VGA}\n#\tSubsystem: X [1462:284a]\n#\tKernel modules: nouveau`,
      ['01:00.0 10de:13c2 0300 ? '],
    ],
    [
      'lspci -nk',
      '$ lspci -nks 01:00\n01:00.0 0300: 10de:13c2 (rev a1)\n\tKernel driver in use: vfio-pci',
      ['01:00.0 10de:13c2 0300 ? vfio-pci'],
    ],
    ['lspci of long ago', '01:00.0 Class 0300: 10de:13c2', ['01:00.0 10de:13c2 0300 ? ?']],
    [
      'lspci -v that tells groups',
      '01:00.0 3D controller: NVIDIA Corporation GM107M\n\tFlags: bus master, fast devsel, latency 0, IOMMU group 15',
      ['01:00.0 : 0302 15 ?'],
    ],
    [
      'lspci -vv that tells groups',
      '01:00.0 3D controller: NVIDIA Corporation GM107M\n\tIOMMU group: 15\n02:00.0 Audio device: X',
      ['01:00.0 : 0302 15 ?', '02:00.0 : 0403 ? ?'],
    ],
    [
      'the same device before and after',
      `IOMMU Group 1 01:00.0 ${VGA}\n...\nIOMMU Group 15 01:00.0 ${VGA}`,
      ['01:00.0 10de:13c2 0300 15 ?'],
    ],
    ['none', 'pcilib: Cannot open /proc/bus/pci\n', []],
  ])('%s', (_, bytes, devices) => {
    expect(read(bytes)).toEqual(devices)
    expect(addressesIn(bytes).map(shortAddress)).toEqual(devices.map(text => text.split(' ')[0]))
  })
})
