import { describe, expect, it } from 'vitest'
import { findInitramfs } from '../../../src/backends/initramfs/index.ts'
import { rpmOstree } from '../../../src/backends/initramfs/rpm_ostree.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { aHost, withKernel } from '../../builders.ts'

const PATH = '/boot/ostree/fedora-01ab/initramfs-6.1.0-56-amd64.img'
const VFIO = ['vfio', 'vfio_iommu_type1', 'vfio_pci']
const HELD = [...VFIO, 'vfio_pci_core', 'vfio_virqfd']
const aSilverblue = (differing: Partial<Image> = {}): Host =>
  aHost({
    tools: ['rpm-ostree', 'dracut'],
    paths: ['/run/ostree-booted'],
    files: {},
    images: {
      [PATH]: observed({
        path: PATH,
        release: '6.1.0-56-amd64',
        madeBy: 'dracut',
        modules: [],
        loads: [],
        files: {},
        ...differing,
      }),
    },
  })

describe('an rpm-ostree system', () => {
  it('is told from one that has dracut to itself', () => {
    expect(findInitramfs(aSilverblue())).toMatchObject({ generator: { name: 'rpm-ostree' } })
    expect(findInitramfs({ ...aSilverblue(), paths: [] })).toMatchObject({ generator: { name: 'dracut' } })
  })

  it.each<[string, Host]>([
    ['its image has them already (Bazzite)', aSilverblue({ modules: HELD, loads: VFIO })],
    [
      'the kernel has them built in',
      withKernel(aSilverblue(), {
        vfio: Object.fromEntries(HELD.map(name => [name, { is: 'builtin', needs: [] }])),
      }),
    ],
  ])('needs nothing where %s', (_, host) => {
    expect(rpmOstree.edit(host, { add: VFIO, remove: [] })).toEqual([])
  })

  it.each<[string, Host, string]>([
    ['lacks a module', aSilverblue(), `${PATH} does not hold vfio`],
    [
      'does not load one',
      aSilverblue({ modules: HELD, loads: ['vfio'] }),
      `${PATH} does not load vfio_iommu_type1`,
    ],
    [
      'cannot be read',
      { ...aSilverblue(), images: { [PATH]: unknown('no cpio') } },
      `${PATH} cannot be read (no cpio)`,
    ],
  ])('is refused, with the command to run, where its image %s', (_, host, why) => {
    expect(rpmOstree.edit(host, { add: VFIO, remove: [] })).toMatchObject({
      why: `${why}, and this system's images are not made on the host (rpm-ostree): only kernel arguments are set here`,
      hint: expect.stringContaining(
        'rpm-ostree initramfs --enable --arg=--force-drivers --arg="vfio vfio_iommu_type1 vfio_pci"',
      ),
    })
  })

  it('is refused where no image is found', () => {
    expect(rpmOstree.edit({ ...aSilverblue(), images: {} }, { add: VFIO, remove: [] })).toMatchObject({
      why: expect.stringContaining('no image of an installed kernel was found'),
    })
  })

  it('never has its images made anew', () => {
    const host = aSilverblue()
    expect(rpmOstree.images.isStale(host)).toBeUndefined()
    expect(rpmOstree.images.rebuild(host)).toEqual([])
    expect(rpmOstree.edit(host, { add: [], remove: VFIO })).toEqual([])
  })
})
