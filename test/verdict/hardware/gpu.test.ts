import { describe, expect, it, test } from 'vitest'
import type { Host, PciDevice } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { gpuFindings } from '../../../src/verdict/hardware/gpu.ts'
import { aDevice, aFirmware, withDevices, withLog } from '../../builders.ts'
import { aDesktop, told, wholly, withGraphics } from './machines.ts'

const findings = (host: Host) => gpuFindings(host, host.devices)
const radeon = (device: string, differing: Partial<PciDevice> = {}): Host =>
  withGraphics({ vendor: '1002', device, ...differing })
const RX580 = '01:00.0 VGA controller [1002:67df]'

test('a card is told with its driver, its name and the rest of it, for -v', () => {
  const host = withDevices(
    aDesktop({ pciNames: observed({ '10de:13c2': 'GM204 [GeForce GTX 970]' }) }),
    aDevice({ address: '0000:01:00.1', id: '10de:0fbb', class: '040300', group: 1 }),
  )
  expect(findings(host)[0]).toMatchObject({
    severity: 'ok',
    what: '01:00.0 VGA controller [10de:13c2] GM204 [GeForce GTX 970], on nouveau, on one card with 01:00.1 audio device [10de:0fbb]',
  })
})

test('NVIDIA’s error 43 is told once, as what it was', () => {
  const host = withDevices(aDesktop(), aDevice({ address: '0000:02:00.0' }))
  expect(
    findings(host)
      .filter(({ severity }) => severity === 'note')
      .map(wholly),
  ).toEqual([
    [
      'usable, note',
      'NVIDIA (01:00.0, 02:00.0): "error 43" in Windows guests is history since driver 465 (2021)',
      '/sys/bus/pci/devices/0000:01:00.0/vendor is 0x10de',
      'only older drivers need KVM hidden from the guest',
    ],
  ])
})

describe('the reset of a card', () => {
  const PATH = '/sys/bus/pci/devices/0000:01:00.0/reset_method'
  const WHAT = `${RX580} is a Polaris, which does not reset properly: after one guest the next may not get it`

  test.each([
    [
      'that needs vendor-reset, and another method is chosen',
      radeon('67df', { resetMethods: ['pm', 'bus'] }),
      [
        'usable, warning',
        WHAT,
        `${PATH}: pm bus`,
        'install the module vendor-reset and write device_specific to 0000:01:00.0/reset_method; without it, restart the host between guests',
      ],
    ],
    [
      'that needs vendor-reset, on a kernel before 5.15',
      radeon('67df'),
      [
        'usable, warning',
        WHAT,
        `${PATH} does not exist, as before Linux 5.15`,
        'install the module vendor-reset; without it, restart the host between guests',
      ],
    ],
    [
      'that needs vendor-reset, which Secure Boot wants signed',
      { ...radeon('67df', { resetMethods: [] }), firmware: aFirmware({ secureBoot: true }) },
      [
        'usable, warning',
        WHAT,
        `${PATH}: empty`,
        'install the module vendor-reset and write device_specific to 0000:01:00.0/reset_method, signed, as Secure Boot is on; without it, restart the host between guests',
      ],
    ],
    [
      'that the kernel cannot reset at all',
      withGraphics({ resetMethods: [] }),
      [
        'usable, warning',
        'the kernel has no way to reset 01:00.0 VGA controller [10de:13c2]: it may work for one guest only',
        `${PATH}: empty`,
        'give it to one guest only, and restart the host when that guest no longer finds it',
      ],
    ],
  ] as const)('%s', (_, host, finding) => {
    expect(
      findings(host)
        .filter(({ severity }) => severity === 'warning')
        .map(wholly),
    ).toEqual([finding])
  })

  it.each([
    ['6860', 'Vega'],
    ['687f', 'Vega'],
    ['66af', 'Vega'],
    ['731f', 'Navi 10'],
    ['7360', 'Navi 12'],
    ['7340', 'Navi 14'],
    ['699f', 'Polaris'],
  ])('1002:%s is a %s', (device, family) => {
    expect(told(findings(radeon(device)))[0]).toContain(`is a ${family}, which does not reset`)
  })

  it.each([
    ['with vendor-reset chosen', radeon('67df', { resetMethods: ['device_specific', 'bus'] })],
    ['of a newer card', radeon('73bf', { resetMethods: ['bus'] })],
    ['that an old kernel does not tell of', radeon('73bf')],
    ['of the same number by another maker', withGraphics({ vendor: '8086', device: '67df' })],
  ])('%s is no warning', (_, host) => {
    expect(told(findings(host))).toEqual([])
  })
})

describe('the boot framebuffer in a card’s memory', () => {
  const framebuffers = [{ device: '0000:01:00.0', name: 'BOOTFB' }]
  const WHAT = 'the boot framebuffer (BOOTFB) lies in the memory of 01:00.0 VGA controller [1002:73bf]'
  const about = (host: Host) =>
    findings(host)
      .filter(({ what }) => what.includes('framebuffer'))
      .map(wholly)

  it('is a note while the host has the card', () => {
    expect(about({ ...radeon('73bf', { driver: observed('amdgpu') }), framebuffers })).toEqual([
      [
        'usable, note',
        WHAT,
        '/proc/iomem: BOOTFB within its memory',
        'firmware that starts with another card avoids it; vfio-pci of newer kernels takes it over',
      ],
    ])
  })

  it('is a warning once vfio-pci has it', () => {
    expect(about({ ...radeon('73bf', { driver: observed('vfio-pci') }), framebuffers })).toEqual([
      [
        'usable, warning',
        `${WHAT}: a guest may not get it`,
        '/proc/iomem: BOOTFB within its memory',
        'let firmware start with another card, or boot a newer kernel, whose vfio-pci takes the framebuffer over',
      ],
    ])
  })

  it('and the kernel’s word for it is the better evidence', () => {
    const line = "vfio-pci 0000:01:00.0: BAR 0: can't reserve [mem 0xc0000000-0xcfffffff 64bit pref]"
    expect(about(withLog({ ...radeon('73bf'), framebuffers }, [line]))[0]?.[2]).toBe(
      `the kernel says "${line}"`,
    )
  })
})

test.each([
  [256 * 2 ** 20, []],
  [
    512 * 2 ** 20,
    ['note: 01:00.0 VGA controller [1002:73bf] has a BAR of 512 MiB: a guest maps it above 4 GiB'],
  ],
  [
    16 * 2 ** 30,
    ['note: 01:00.0 VGA controller [1002:73bf] has a BAR of 16 GiB: a guest maps it above 4 GiB'],
  ],
])('a BAR of %d bytes', (size, expected) => {
  const bars = [
    { index: 0, size, prefetchable: true },
    { index: 2, size: 2 ** 21, prefetchable: true },
  ]
  expect(told(findings(radeon('73bf', { bars })))).toEqual(expected)
})

describe('graphics of the processor', () => {
  it('of Intel’s are told by their address', () => {
    const host = withDevices(aDesktop({ devices: [] }), aDevice({ address: '0000:00:02.0', id: '8086:1912' }))
    expect(
      findings(host)
        .filter(({ severity }) => severity === 'note')
        .map(wholly),
    ).toEqual([
      [
        'usable, note',
        "00:02.0 VGA controller [8086:1912] is the processor's own graphics, which are harder to give away than a card",
        'it is at 00:02.0',
        'QEMU’s docs/igd-assign.txt says what a guest needs for it',
      ],
    ])
  })

  it('of AMD’s by what else is in their slot', () => {
    const host = withDevices(
      radeon('1638'),
      aDevice({ address: '0000:01:00.2', id: '1022:15df', class: '108000' }),
    )
    expect(told(findings(host))).toEqual([
      "note: 01:00.0 VGA controller [1002:1638] is the processor's own graphics, which are harder to give away than a card",
    ])
  })
})

test('a board’s management display serves the host well', () => {
  expect(findings(withGraphics({ vendor: '1a03', device: '2000' })).map(({ what }) => what)).toContain(
    "01:00.0 VGA controller [1a03:2000] is the board's management display, which serves the host well",
  )
})

test('other devices are no graphics cards', () => {
  expect(gpuFindings(aDesktop(), [aDevice({ class: '020000' })])).toEqual([])
})
