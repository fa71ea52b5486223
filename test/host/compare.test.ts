import { describe, expect, it } from 'vitest'
import { compareHosts } from '../../src/host/compare.ts'
import type { Host } from '../../src/host/host.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import { aHost, anIommu, withCmdline, withDevice, withFiles } from '../builders.ts'

/** What the recorded machine could not tell (menus of loaders that it does not have), of what is compared at all. */
const unknowns =
  JSON.stringify({
    ...aHost({ iommu: anIommu({ interruptRemapping: observed(true) }) }),
    acsPatch: undefined,
    pciNames: undefined,
    fqdn: undefined,
  }).split('"is":"unknown"').length - 1

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

  it.each<[string, Host]>([
    [
      'who has a device open',
      aHost({ holders: [{ device: '0000:02:00.0', path: '/dev/dri/card0', process: 'Xorg', pid: 812 }] }),
    ],
    [
      'where the boot framebuffer lies',
      aHost({ framebuffers: [{ device: '0000:02:00.0', name: 'BOOTFB' }] }),
    ],
    ['which vGPUs there are', aHost({ mediatedParents: ['0000:02:00.0'] })],
    ['what was only asked for here', aHost({ acsPatch: observed(true), pciNames: observed({}) })],
    ['what was only asked for there', aHost({ acsPatch: unknown('not asked') })],
    [
      'what firmware makes of the IOMMU',
      aHost({
        iommu: anIommu({ directGroups: [4], interruptRemapping: observed(false), unsafeInterrupts: true }),
      }),
    ],
    [
      'how fast a link is just now, and what a driver makes of a device',
      withDevice(aHost(), '0000:02:00.0', {
        link: { speed: 2.5, width: 16, maxSpeed: 16, maxWidth: 16 },
        nodes: ['card1'],
        bars: [{ index: 0, size: 4096, prefetchable: false }],
        sriov: { total: 8, vfs: 0 },
        vfioDev: true,
        mediated: true,
      }),
    ],
  ])('nobody predicts %s', (_, prediction) => {
    expect(compareHosts(prediction, aHost()).wrong).toEqual([])
    expect(compareHosts(aHost(), prediction).wrong).toEqual([])
  })

  it('what only one of the two looks was asked for tells nothing', () => {
    const asked: Host = {
      ...withFiles(aHost(), { '/etc/libvirt/qemu.conf': 'x' }),
      places: { '/etc/libvirt/qemu.conf': { kind: 'absent' } },
      packages: { qemu: observed({ installed: true, version: observed('1') }) },
    }
    expect(compareHosts(asked, aHost()).wrong).toEqual([])
    expect(compareHosts(aHost(), asked).wrong).toEqual([])
    const other = { ...asked, packages: { qemu: observed({ installed: false, version: observed('') }) } }
    expect(compareHosts(asked, other).wrong.map(({ field }) => field)).toEqual([
      'packages.qemu.installed',
      'packages.qemu.version',
    ])
  })

  it('an empty list differs from one that is not', () => {
    const host = aHost({ iommu: anIommu({ units: observed([]) }) })
    expect(compareHosts(host, aHost()).wrong).toEqual([
      { field: 'iommu.units.0', predicted: undefined, observed: 'dmar0' },
    ])
  })
})
