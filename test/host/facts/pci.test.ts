import { describe, expect, it } from 'vitest'
import { driverModules, iommu, pci } from '../../../src/host/facts/pci.ts'
import { recordedHost } from '../../hosts/index.ts'
import { parsesAnything } from './any_output.ts'

const link = (path: string, target: string) => `lrwxrwxrwx 1 root root 0 Nov 22 14:02 ${path} -> ${target}`
const BRIDGE = '../../../devices/pci0000:00/0000:00:10.0'

describe('PCI devices', () => {
  const out = {
    attributes: [
      '0000:01:00.0/vendor:0x10de',
      '0000:01:00.0/device:0x13C2',
      '0000:01:00.0/class:0x030000',
      '0000:01:00.0/boot_vga:1',
      '0000:01:00.0/driver_override:(null)',
      '10000:01:00.0/vendor:0x8086',
      '10000:01:00.0/device:0x0a54',
      '10000:01:00.0/class:0x010802',
      '10000:01:00.0/driver_override:vfio-pci',
    ].join('\n'),
    links: [
      link('0000:01:00.0', `${BRIDGE}/0000:01:00.0`),
      link('0000:01:00.0/driver', '../../../../bus/pci/drivers/nouveau'),
      link('0000:01:00.0/iommu_group', '../../../../kernel/iommu_groups/11'),
      link(
        '10000:01:00.0',
        '../../../devices/pci0000:00/0000:00:0e.0/pci10000:00/10000:00:01.0/10000:01:00.0',
      ),
    ].join('\n'),
  }

  it('have their ids in lower case, their driver, group, override and the bridges above', () => {
    expect(pci.parse(out)).toEqual([
      {
        address: '0000:01:00.0',
        vendor: '10de',
        device: '13c2',
        class: '030000',
        bootVga: true,
        bridges: ['0000:00:10.0'],
        driver: { is: 'observed', value: 'nouveau' },
        group: { is: 'observed', value: 11 },
        driverOverride: '',
      },
      {
        address: '10000:01:00.0',
        vendor: '8086',
        device: '0a54',
        class: '010802',
        bootVga: false,
        bridges: ['0000:00:0e.0', '10000:00:01.0'],
        driver: { is: 'observed', value: '' },
        group: { is: 'observed', value: -1 },
        driverOverride: 'vfio-pci',
      },
    ])
  })

  it('are all there on a recorded machine', () => {
    const { devices } = recordedHost('debian12-intel')
    expect(devices).toHaveLength(23)
    expect(
      devices.every(({ vendor, device, class: code }) => /^[0-9a-f]{14}$/.test(vendor + device + code)),
    ).toBe(true)
  })
})

describe('drivers', () => {
  it('name the module that holds them', () => {
    expect(driverModules.parse({ links: link('xhci_hcd/module', '../../../../module/xhci_pci') })).toEqual({
      is: 'observed',
      value: { xhci_hcd: 'xhci_pci' },
    })
  })
})

describe('the IOMMU', () => {
  it('has its units, and the groups that isolate nothing', () => {
    expect(iommu.parse({ units: 'dmar0\ndmar1\n', names: '3/name:vfio-noiommu\n7/name:other\n' })).toEqual({
      units: { is: 'observed', value: ['dmar0', 'dmar1'] },
      noIommuGroups: [3],
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(pci)
  parsesAnything(driverModules)
  parsesAnything(iommu)
})
