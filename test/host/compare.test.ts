import { describe, expect, it } from 'vitest'
import { compareHosts } from '../../src/host/compare.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import { aHost, withCmdline, withDevice, withFiles } from '../builders.ts'

/** Menus of loaders that this machine does not have. */
const unknowns = Object.values(aHost().menus).filter(menu => menu.is === 'unknown').length

describe('a prediction against what was observed', () => {
  it('a host equals itself, in many fields', () => {
    const result = compareHosts(aHost(), aHost())
    expect(result).toMatchObject({ unknown: unknowns, wrong: [] })
    expect(result.compared).toBeGreaterThan(200)
  })

  it('it does not matter whether a value was predicted', () => {
    expect(compareHosts(aHost({ kernel: predicted('6.1.0-56-amd64') }), aHost()).wrong).toEqual([])
  })

  it('a field that was called unknown is counted, not compared', () => {
    const host = aHost({ cmdline: unknown('not booted yet') })
    expect(compareHosts(host, aHost())).toMatchObject({ unknown: unknowns + 1, wrong: [] })
  })

  it.each([
    ['a value', aHost({ kernel: predicted('6.1.0-57-amd64') }), 'kernel', '6.1.0-57-amd64', '6.1.0-56-amd64'],
    [
      'one byte of a file',
      withFiles(aHost(), { '/etc/initramfs-tools/modules': 'x' }),
      'files./etc/initramfs-tools/modules.bytes',
      'x',
      aHost().files['/etc/initramfs-tools/modules']?.bytes,
    ],
    [
      'a file that is not there',
      withFiles(aHost(), { '/etc/new': 'x' }),
      'files./etc/new',
      { bytes: 'x', mode: '644' },
      undefined,
    ],
    [
      'a file too many',
      withFiles(aHost(), { '/etc/initramfs-tools/modules': undefined }),
      'files./etc/initramfs-tools/modules',
      undefined,
      aHost().files['/etc/initramfs-tools/modules'],
    ],
    [
      'a token too few',
      withCmdline(aHost(), 'BOOT_IMAGE=/boot/vmlinuz-6.1.0-56-amd64'),
      'cmdline.1',
      undefined,
      'root=UUID=5f0a5f0e-6c61-4b2d-8a3e-1ab000000001',
    ],
    [
      'the driver of a device',
      withDevice(aHost(), '0000:02:00.0', { driver: predicted('vfio-pci') }),
      'devices.15.driver',
      'vfio-pci',
      'xhci_hcd',
    ],
  ])('%s is wrong by its path', (_, prediction, field, expected, seen) => {
    expect(compareHosts(prediction, aHost()).wrong).toContainEqual({
      field,
      predicted: expected,
      observed: seen,
    })
  })

  it('a value that could not be observed was not what was predicted', () => {
    const seen = aHost({ kernel: unknown('uname -r said nothing') })
    expect(compareHosts(aHost(), seen).wrong).toEqual([
      { field: 'kernel', predicted: '6.1.0-56-amd64', observed: undefined },
    ])
  })

  it('our own journal is no prediction', () => {
    const seen = aHost({ journal: { lock: 'held', reboot: undefined, rebuilt: [] } })
    expect(compareHosts(aHost(), seen).wrong).toEqual([])
  })

  it("nor is the user's word on the loader", () => {
    expect(compareHosts(aHost({ bootloader: 'GRUB' }), aHost()).wrong).toEqual([])
  })

  it('an empty list differs from one that is not', () => {
    const host = aHost({ iommu: { units: observed([]), noIommuGroups: [] } })
    expect(compareHosts(host, aHost()).wrong).toEqual([
      { field: 'iommu.units.0', predicted: undefined, observed: 'dmar0' },
    ])
  })
})
