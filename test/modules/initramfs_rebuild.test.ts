import { describe, expect, it } from 'vitest'
import { applyChanges } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import { initramfs_rebuild } from '../../src/modules/initramfs_rebuild.ts'
import { aHost, aReadyHost, planned, withFiles, withKernel, written } from '../builders.ts'
import { complaint, lifeOf } from './outcomes.ts'

const MODULES = '/etc/initramfs-tools/modules'
const plan = (host: Host, args: Record<string, unknown> = {}) => planned(initramfs_rebuild, host, args)
const listing = (text: string) => withFiles(aHost(), { [MODULES]: text })

/** Before 6.2 vfio_virqfd is a module of its own. */
function withOlderKernel(host: Host): Host {
  const module = (...needs: readonly string[]) => ({ is: 'module', needs }) as const
  const vfio = { vfio: module(), vfio_pci: module('vfio') }
  const kernels = host.kernels.map(kernel => ({ ...kernel, vfio }))
  const older = kernels.map(kernel => ({
    ...kernel,
    release: '6.1.0-9-amd64',
    vfio: { ...vfio, vfio_virqfd: module() },
  }))
  return { ...host, kernels: [...kernels, ...older] }
}

describe('the modules of the initramfs', () => {
  it.each<[string, Host, Record<string, unknown>, string]>([
    [
      'those of vfio by default',
      listing('ext4\n'),
      {},
      'ext4\nvfio\nvfio_iommu_type1\nvfio_virqfd\nvfio_pci\n',
    ],
    [
      'without vfio_virqfd where no kernel has it',
      withKernel(listing(''), {
        vfio: { vfio: { is: 'module', needs: [] }, vfio_pci: { is: 'module', needs: ['vfio'] } },
      }),
      {},
      'vfio\nvfio_pci\n',
    ],
    [
      'without vfio_virqfd where one of the kernels does not have it',
      withOlderKernel(listing('')),
      {},
      'vfio\nvfio_pci\n',
    ],
    ['others on their word', listing(''), { modules: ['kvmgt', 'vfio-pci'] }, 'kvmgt\nvfio-pci\n'],
    ['taken away again', listing('ext4\nvfio\nvfio-pci\n'), { state: 'absent' }, 'ext4\n'],
  ])('%s', (_, host, args, text) => {
    expect(written(plan(host, args))).toEqual({ [MODULES]: text })
  })

  it('ask for the images', () => {
    expect(plan(aHost())).toMatchObject({
      kind: 'change',
      why: 'vfio, vfio_iommu_type1, vfio_virqfd, vfio_pci in /etc/initramfs-tools/modules',
      rebuild: ['initramfs'],
    })
  })

  it('are a change, then stale images, then done', () => {
    expect(lifeOf(initramfs_rebuild, aHost())).toEqual([
      'change',
      'pending rebuild',
      'converged',
      'converged',
    ])
    expect(lifeOf(initramfs_rebuild, aReadyHost(), { state: 'absent' })).toEqual([
      'change',
      'pending rebuild',
      'converged',
      'converged',
    ])
  })

  it('are done on a prepared machine', () => {
    expect(plan(aReadyHost())).toEqual({
      kind: 'converged',
      why: "the image carries vfio, vfio_iommu_type1, vfio_virqfd, vfio_pci and today's modprobe.d",
    })
  })

  it('taken away and added again leave the bytes', () => {
    const host = aHost()
    const there = withFiles(host, written(plan(host)))
    const outcome = plan(there, { state: 'absent' })
    expect(outcome.kind === 'change' && applyChanges(there, outcome.changes).files).toEqual(host.files)
  })

  it('need nothing where vfio is compiled in', () => {
    const host = withKernel(aHost(), { vfio: { vfio_pci: { is: 'builtin', needs: [] } } })
    expect(plan(host)).toEqual({
      kind: 'converged',
      why: "vfio-pci is compiled into every kernel here, so that there is nothing to list; the image carries today's modprobe.d",
    })
  })

  it.each([
    ['dracut', '/etc/dracut.conf.d/vfio.conf'],
    ['mkinitcpio', '/etc/mkinitcpio.conf'],
    ['booster', '/etc/booster.yaml'],
  ])("are on %s's own list", (tool, file) => {
    const host = withFiles(aHost({ tools: [tool] }), { '/etc/mkinitcpio.conf': 'HOOKS=(base modconf)\n' })
    expect(Object.keys(written(plan(host)))).toEqual([file])
    expect(lifeOf(initramfs_rebuild, host)[0]).toBe('change')
  })
})

describe('an image that does not carry what it should', () => {
  it('is rebuilt, though nothing on disk is wrong', () => {
    const host = withFiles(aReadyHost(), { '/etc/modprobe.d/vfio.conf': '# by hand\n' })
    expect(plan(host)).toEqual({
      kind: 'pending',
      why: '/boot/initrd.img-6.1.0-56-amd64 holds an older /etc/modprobe.d/vfio.conf',
      needs: 'rebuild',
      rebuild: ['initramfs'],
    })
  })
})

it('where no image can be seen nothing is called done', () => {
  expect(plan(aReadyHost({ images: {} }))).toMatchObject({
    kind: 'blocked',
    why: 'no initramfs image of an installed kernel can be seen',
  })
})

it('another generator is refused by name', () => {
  expect(plan(aHost({ tools: ['genkernel'] }))).toMatchObject({
    kind: 'blocked',
    why: 'the initramfs of this machine is made by genkernel (genkernel is installed), which vfio-run does not drive',
  })
})

it('a module name is a word', () => {
  expect(complaint(initramfs_rebuild, { modules: ['vfio; reboot'] })).toBe(
    '"vfio; reboot" is not a driver name',
  )
})
