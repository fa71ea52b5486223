import { describe, expect, it } from 'vitest'
import { driverModules, pci } from '../../../src/host/facts/pci.ts'
import { recordedHost } from '../../hosts/index.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

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
      '0000:01:00.0/subsystem_vendor:0x1043',
      '0000:01:00.0/subsystem_device:0x8508',
      '0000:01:00.0/current_link_speed:2.5 GT/s PCIe',
      '0000:01:00.0/current_link_width:16',
      '0000:01:00.0/max_link_speed:8.0 GT/s PCIe',
      '0000:01:00.0/max_link_width:16',
      '0000:01:00.0/reset_method:flr bus',
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
      'drwxr-xr-x 3 root root 0 Nov 22 14:02 10000:01:00.0/vfio-dev',
    ].join('\n'),
    nodes: [
      link('drm/card1', `../../devices/pci0000:00/0000:00:10.0/0000:01:00.0/drm/card1`),
      link('net/eth0', `../../devices/pci0000:00/0000:00:10.0/net/eth0`),
      link('net/lo', '../../devices/virtual/net/lo'),
    ].join('\n'),
    windows: [
      '0000:01:00.0 0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200',
      '0000:01:00.0 0x00000000e0000000 0x00000000efffffff 0x000000000014220c',
      '0000:01:00.0 0x0000000000000000 0x0000000000000000 0x0000000000000000',
      '0000:01:00.0 0x0000000000000000 0x0000000000000000 0x0000000000000000',
      '0000:01:00.0 0x000000000000e000 0x000000000000e07f 0x0000000000040101',
      '0000:01:00.0 0x0000000000000000 0x0000000000000000 0x0000000000000000',
      '0000:01:00.0 0x00000000f7000000 0x00000000f707ffff 0x0000000000046200',
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
        subsystem: '1043:8508',
        nodes: ['card1'],
        link: { speed: 2.5, width: 16, maxSpeed: 8, maxWidth: 16 },
        bars: [
          { index: 0, size: 16 << 20, prefetchable: false },
          { index: 1, size: 256 << 20, prefetchable: true },
        ],
        resetMethods: ['flr', 'bus'],
        sriov: undefined,
        physicalFunction: undefined,
        vfioDev: false,
        mediated: false,
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
        subsystem: '',
        nodes: [],
        link: undefined,
        bars: [],
        resetMethods: undefined,
        sriov: undefined,
        physicalFunction: undefined,
        vfioDev: true,
        mediated: false,
      },
    ])
  })

  const parsed = (more: Partial<Record<'attributes' | 'links', readonly string[]>>) =>
    pci
      .parse({
        ...out,
        attributes: [out.attributes, ...(more.attributes ?? [])].join('\n'),
        links: [out.links, ...(more.links ?? [])].join('\n'),
      })
      .find(({ address }) => address === '0000:01:00.0')

  it.each([
    ['one whose speed is Unknown', 'current_link_speed:Unknown'],
    ['one that is switched off, and answers with ones', 'current_link_width:63'],
    ['one without a link', 'max_link_width:0'],
  ])('have no link to tell of: %s', (_, line) => {
    expect(parsed({ attributes: [`0000:01:00.0/${line}`] })?.link).toBeUndefined()
  })

  it.each([
    ['none where the file is empty', 'reset_method:', []],
    ['those that there are', 'reset_method:device_specific pm', ['device_specific', 'pm']],
  ])('have methods of reset: %s', (_, line, methods) => {
    expect(parsed({ attributes: [`0000:01:00.0/${line}`] })?.resetMethods).toEqual(methods)
  })

  it('know their virtual functions, and these the physical one', () => {
    const attributes = ['0000:01:00.0/sriov_totalvfs:8', '0000:01:00.0/sriov_numvfs:2']
    expect(parsed({ attributes })?.sriov).toEqual({ total: 8, vfs: 2 })
    expect(parsed({ links: [link('0000:01:00.0/physfn', '../0000:00:10.0')] })?.physicalFunction).toBe(
      '0000:00:10.0',
    )
  })

  it.each([
    ['mediated devices', 'drwxr-xr-x 3 root root 0 Nov 22 14:02 0000:01:00.0/mdev_supported_types'],
    ["NVIDIA's own way", '-r--r--r-- 1 root root 4096 Nov 22 14:02 0000:01:00.0/nvidia/creatable_vgpu_types'],
  ])('can be divided among guests: %s', (_, line) => {
    expect(parsed({})?.mediated).toBe(false)
    expect(parsed({ links: [line] })?.mediated).toBe(true)
  })

  it('a 64-bit window has the size it has', () => {
    const windows = '0000:01:00.0 0x0000006000000000 0x00000067ffffffff 0x000000000014220c'
    expect(pci.parse({ ...out, windows })[0]?.bars).toEqual([
      { index: 0, size: 32 * 2 ** 30, prefetchable: true },
    ])
  })

  it('a look that is older than the later questions claims nothing', () => {
    const { attributes, links } = { attributes: '', links: out.links }
    expect(pci.parse({ attributes, links, nodes: '', windows: '' })[0]).toMatchObject({
      subsystem: '',
      nodes: [],
      link: undefined,
      bars: [],
      resetMethods: undefined,
      sriov: undefined,
    })
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)(
      'have windows read of displays only, and nodes by the device nearest to them',
      () => {
        const card = '/sys/devices/pci0000:00/0000:01:00.0'
        const port = '/sys/devices/pci0000:00/0000:00:10.0'
        const window = '0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n'
        const contents = {
          [`${card}/vendor`]: '0x10de\n',
          [`${card}/class`]: '0x030000\n',
          [`${card}/resource`]: window,
          [`${card}/drm/card0/dev`]: '226:0\n',
          [`${card}/drm/card0/card0-DP-1/status`]: 'connected\n',
          [`${card}/vfio-dev/vfio0/dev`]: '511:0\n',
          [`${port}/vendor`]: '0x8086\n',
          [`${port}/class`]: '0x060400\n',
          [`${port}/resource`]: window,
          '/sys/bus/pci/devices/0000:01:00.0': { to: '../../../devices/pci0000:00/0000:01:00.0' },
          '/sys/bus/pci/devices/0000:00:10.0': { to: '../../../devices/pci0000:00/0000:00:10.0' },
          '/sys/class/drm/card0': { to: '../../devices/pci0000:00/0000:01:00.0/drm/card0' },
          '/sys/class/drm/card0-DP-1': { to: '../../devices/pci0000:00/0000:01:00.0/drm/card0/card0-DP-1' },
        }
        expect(factOf(pci, argv, contents)).toMatchObject([
          { address: '0000:00:10.0', nodes: [], bars: [], vfioDev: false },
          {
            address: '0000:01:00.0',
            nodes: ['card0'],
            bars: [{ index: 0, size: 16 << 20, prefetchable: false }],
            vfioDev: true,
          },
        ])
      },
    )
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

it('any output gives a value', () => {
  parsesAnything(pci)
  parsesAnything(driverModules)
})
