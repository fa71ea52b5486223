import { describe, expect, it } from 'vitest'
import { editRules, RULES_FILE } from '../../../src/host/address_binding.ts'
import { applyChanges } from '../../../src/host/change.ts'
import { sha256 } from '../../../src/host/digest.ts'
import type { Host } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { initramfs } from '../../../src/verdict/stages/initramfs.ts'
import { aReadyHost, withDevice, withFiles, withImage, withKernel } from '../../builders.ts'
import { failureOf, foreseen, remarksOf, resultOf } from '../subjects.ts'

const USB = '0000:02:00.0'
const IMAGE = '/boot/initrd.img-6.1.0-56-amd64'
const OTHER = '6.1.0-18-amd64'
const REBUILD = 'let initramfs_rebuild see to it, then reboot'

/** Everything is in place, and still the USB controller's own driver has it. */
const lost = (host: Host = aReadyHost()): Host => withDevice(host, USB, { driver: observed('xhci_hcd') })

/** With a second kernel, whose image holds nothing of vfio. */
function withSecond(host: Host): Host {
  const path = `/boot/initrd.img-${OTHER}`
  const image = { path, release: OTHER, madeBy: '', modules: [], loads: [], files: {} } as const
  return {
    ...host,
    kernels: host.kernels.flatMap(kernel => [kernel, { ...kernel, release: OTHER }]),
    images: { ...host.images, [path]: observed(image) },
  }
}

const builtIn = (host: Host): Host => withKernel(host, { vfio: { vfio_pci: { is: 'builtin', needs: [] } } })

describe('passes', () => {
  it.each<[string, Host, string]>([
    ['with an image that has it all', lost(), 'the image brings vfio-pci, and what is configured today'],
    [
      'where nothing needs to be in it',
      withImage(builtIn(lost()), IMAGE, { modules: [], loads: [] }),
      'vfio-pci is compiled into every kernel, so that no image has to bring it',
    ],
  ])('%s', (_, host, says) => {
    expect(resultOf(initramfs, host, USB)).toMatchObject({ is: 'passed', says })
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'an image without vfio-pci',
      withImage(lost(), IMAGE, { modules: [], loads: [] }),
      {
        what: `${IMAGE} (kernel 6.1.0-56-amd64) does not hold vfio-pci, so that any driver is faster than it`,
        evidence: 'vfio modules in it: none',
        next: REBUILD,
      },
    ],
    [
      'that of a kernel which is not booted',
      withSecond(lost()),
      {
        what: `/boot/initrd.img-${OTHER} (kernel ${OTHER}) does not hold vfio-pci, so that any driver is faster than it`,
        evidence: 'vfio modules in it: none',
        next: REBUILD,
      },
    ],
    [
      'an image with an older file of modprobe.d',
      withFiles(lost(), { '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1033:0194\n' }),
      {
        what: `an image is older than the configuration: ${IMAGE} holds an older /etc/modprobe.d/vfio.conf`,
        evidence: 'its content, compared with what initramfs-tools would make today',
        next: REBUILD,
      },
    ],
    [
      'an image that does not load what is listed',
      withImage(lost(), IMAGE, { loads: ['vfio'] }),
      {
        what: `an image is older than the configuration: ${IMAGE} does not load vfio_iommu_type1`,
        evidence: 'its content, compared with what initramfs-tools would make today',
        next: REBUILD,
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(initramfs, host, USB)).toEqual(failure)
  })

  it('every image is judged by itself', () => {
    const host = withSecond(withImage(lost(), IMAGE, { loads: [] }))
    expect(failureOf(initramfs, host, USB)).toMatchObject({
      what: `an image is older than the configuration: ${IMAGE} does not load vfio`,
    })
    expect(remarksOf(initramfs, host, USB)).toMatchObject([
      { severity: 'problem', what: expect.stringContaining(`${OTHER}) does not hold vfio-pci`) },
    ])
  })
})

it('an image without the rule that binds by address is stale, though vfio-pci is compiled in', () => {
  const plain = withFiles(withImage(builtIn(lost()), IMAGE, { modules: [], loads: [] }), {
    '/etc/initramfs-tools/modules': '',
  })
  const device = plain.devices.find(({ address }) => address === USB)
  if (device === undefined) throw new Error('no USB controller')
  const bound = applyChanges(
    plain,
    editRules(plain, [{ device, driver: 'vfio-pci' }], () => false),
  )
  expect(resultOf(initramfs, plain, USB).is).toBe('passed')
  expect(failureOf(initramfs, bound, USB)).toMatchObject({
    what: `an image is older than the configuration: ${IMAGE} holds no ${RULES_FILE}`,
  })
  const held = withImage(bound, IMAGE, {
    files: Object.fromEntries(
      Object.entries(bound.files)
        .filter(([path]) => /^\/etc\/(?:modprobe\.d|udev)\//.test(path))
        .map(([path, { bytes }]) => [path, sha256(bytes)]),
    ),
  })
  expect(resultOf(initramfs, held, USB)).toMatchObject({
    is: 'passed',
    says: 'the image brings what is configured today',
  })
})

it('where the devices are ready, a stale image endangers the next boot only', () => {
  const host = withImage(aReadyHost(), IMAGE, { modules: [], loads: [] })
  expect(resultOf(initramfs, host, USB).is).toBe('passed')
  expect(remarksOf(initramfs, host, USB)).toMatchObject([
    { severity: 'warning', what: expect.stringContaining('does not hold vfio-pci') },
  ])
})

it('one that holds vfio-pci and does not load it may be too late, where no softdep helps', () => {
  const text = '# nothing yet\n'
  const files = { '/etc/modprobe.d/vfio.conf': sha256(text) }
  const host = withFiles(withImage(lost(), IMAGE, { loads: [], files }), {
    '/etc/modprobe.d/vfio.conf': text,
    '/etc/initramfs-tools/modules': '',
  })
  expect(remarksOf(initramfs, host, USB)).toContainEqual({
    severity: 'warning',
    what: `${IMAGE} (kernel 6.1.0-56-amd64) holds vfio-pci and does not load it: xhci_pci may be faster`,
    evidence: 'modules that its init loads by name: none of vfio',
    next: REBUILD,
  })
})

describe('cannot be told', () => {
  it.each<[string, Host, readonly string[], string]>([
    ['without devices', lost(), [], 'no device is claimed for VFIO'],
    [
      'without images',
      { ...lost(), images: {} },
      [USB],
      'no initramfs image of an installed kernel can be seen',
    ],
    [
      'where an image cannot be read',
      { ...lost(), images: { [IMAGE]: unknown('zstd is not installed') } },
      [USB],
      `${IMAGE} cannot be read: zstd is not installed`,
    ],
    [
      'before the boot',
      foreseen(withImage(lost(), IMAGE, { modules: [], loads: [] })),
      [USB],
      `${IMAGE} (kernel 6.1.0-56-amd64) does not hold vfio-pci, so that any driver is faster than it`,
    ],
  ])('%s', (_, host, chosen, why) => {
    expect(failureOf(initramfs, host, ...chosen)).toBe(`unknown: ${why}`)
  })
})
