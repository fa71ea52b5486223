import { describe, expect, it } from 'vitest'
import type { Host, InstalledKernel } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { kernel } from '../../../src/verdict/stages/kernel.ts'
import { aHost, anAmdHost, aReadyHost, withFiles, withKernel, withLog } from '../../builders.ts'
import { dark, failureOf, remarksOf, resultOf } from '../subjects.ts'

const CLOUD = '6.1.0-56-cloud-amd64'
const withAnother = (host: Host, differing: Partial<InstalledKernel> = {}): Host => ({
  ...host,
  kernels: host.kernels.flatMap(one => [one, { ...one, release: CLOUD, ...differing }]),
})
const withConfig = (host: Host, config: Readonly<Record<string, string>>): Host =>
  withKernel(host, { config: observed(config) })

describe('passes', () => {
  it.each<[string, Host, string]>([
    ['a module', aHost(), 'vfio-pci is in kernel 6.1.0-56-amd64 (a module)'],
    [
      'compiled into one of two',
      withAnother(aHost(), { vfio: { vfio_pci: { is: 'builtin', needs: [] } } }),
      `vfio-pci is in all 2 kernels: 6.1.0-56-amd64 (a module), ${CLOUD} (compiled in)`,
    ],
    [
      'one that lacks it and cannot be booted is nobody’s',
      withAnother(aHost(), { vfio: {}, bootable: false }),
      'vfio-pci is in kernel 6.1.0-56-amd64 (a module)',
    ],
    [
      'an option that units which are driven disprove',
      withConfig(aHost(), {}),
      'vfio-pci is in kernel 6.1.0-56-amd64 (a module)',
    ],
  ])('%s', (_, host, says) => {
    expect(resultOf(kernel, host)).toEqual({ stage: 'kernel', is: 'passed', says, evidence: '/lib/modules' })
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'the running kernel without vfio-pci',
      withKernel(aHost(), { vfio: {} }),
      {
        what: 'kernel 6.1.0-56-amd64 (it is running) has no vfio-pci',
        evidence: 'neither modules.dep nor modules.builtin in /lib/modules/6.1.0-56-amd64 names it',
        next: 'install a full kernel (not a cloud one), or remove this one',
      },
    ],
    [
      'one that is not booted',
      withAnother(aHost(), { vfio: {} }),
      {
        what: `kernel ${CLOUD} has no vfio-pci`,
        evidence: `neither modules.dep nor modules.builtin in /lib/modules/${CLOUD} names it`,
        next: 'install a full kernel (not a cloud one), or remove this one',
      },
    ],
    [
      'the running kernel without the driver of Intel’s IOMMU',
      withConfig(dark(aHost()), { CONFIG_AMD_IOMMU: 'y' }),
      {
        what: 'kernel 6.1.0-56-amd64 (it is running) is built without CONFIG_INTEL_IOMMU',
        evidence: 'its configuration (/boot/config-…, /proc/config.gz)',
        next: 'install a kernel that drives this IOMMU, or remove this one',
      },
    ],
    [
      'another kernel without that of AMD’s',
      withAnother(anAmdHost(), { config: observed({ CONFIG_INTEL_IOMMU: 'y' }) }),
      {
        what: `kernel ${CLOUD} is built without CONFIG_AMD_IOMMU`,
        evidence: 'its configuration (/boot/config-…, /proc/config.gz)',
        next: 'install a kernel that drives this IOMMU, or remove this one',
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(kernel, host)).toEqual(failure)
  })

  it('without any kernel nothing can be told', () => {
    expect(failureOf(kernel, aHost({ kernels: [] }))).toBe(
      'unknown: no kernel that could be booted was seen in /lib/modules',
    )
  })
})

it('where the devices are ready, another kernel endangers later boots only', () => {
  const host = withAnother(aReadyHost(), { vfio: {} })
  expect(resultOf(kernel, host, '0000:02:00.0')).toMatchObject({
    is: 'passed',
    says: 'vfio-pci is in 1 of 2 kernels: 6.1.0-56-amd64 (a module)',
  })
  expect(remarksOf(kernel, host, '0000:02:00.0')).toMatchObject([
    { severity: 'warning', what: `kernel ${CLOUD} has no vfio-pci` },
  ])
})

describe('warns', () => {
  it('of a running kernel whose modules are gone', () => {
    expect(remarksOf(kernel, aHost({ kernel: observed('6.0.12-arch1-1') }))).toEqual([
      {
        severity: 'warning',
        what: 'the modules of the running kernel 6.0.12-arch1-1 are gone: it was updated or removed, and can load none until the next boot',
        evidence: 'there is no /lib/modules/6.0.12-arch1-1',
        next: 'reboot',
      },
    ])
  })

  const line = "systemd-modules-load[463]: Failed to find module 'vfio_virqfd'"
  const vfio = { vfio_pci: { is: 'module', needs: ['vfio'] }, vfio: { is: 'module', needs: [] } } as const

  it.each([
    ['/etc/modules', 'vfio\nvfio_virqfd\n'],
    ['/etc/dracut.conf.d/vfio.conf', 'force_drivers+=" vfio_virqfd "\n'],
  ])('of vfio_virqfd in %s, once it is part of vfio', (path, text) => {
    const host = withFiles(withKernel(withLog(aHost(), [line]), { vfio }), { [path]: text })
    expect(remarksOf(kernel, host)).toEqual([
      {
        severity: 'warning',
        what: `${path} names vfio_virqfd, which kernel 6.1.0-56-amd64 has not (it is part of vfio since 6.2)`,
        evidence: `the kernel says "${line}"`,
        next: 'take it out there, so that what makes the images does not stumble over it',
      },
    ])
  })

  it('not of one in a comment, nor where every kernel has it', () => {
    const commented = withFiles(withKernel(aHost(), { vfio }), { '/etc/modules': '# vfio_virqfd\n' })
    expect(remarksOf(kernel, commented)).toEqual([])
    expect(remarksOf(kernel, withFiles(aHost(), { '/etc/modules': 'vfio_virqfd\n' }))).toEqual([])
  })

  it('of a module that some file names and nobody found', () => {
    expect(remarksOf(kernel, withLog(aHost(), [line]))).toEqual([
      {
        severity: 'note',
        what: 'a file names vfio_virqfd, which the running kernel has not',
        evidence: `the kernel says "${line}"`,
        next: 'look for it: grep -r vfio_virqfd /etc/modules /etc/modules-load.d',
      },
    ])
  })
})
