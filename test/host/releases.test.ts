import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { kernelAt, releaseAt } from '../../src/host/releases.ts'
import { aHost } from '../builders.ts'

/** Each with the name of its package, where it has one. */
const withKernels = (kernels: Readonly<Record<string, string>>): Host =>
  aHost({
    kernels: Object.entries(kernels).map(([release, pkgbase]) => ({
      release,
      pkgbase,
      bootable: true,
      vfio: {},
      builtins: [],
      config: observed({}),
      variants: [],
    })),
  })

const debian = withKernels({ '6.1.0-1': '', '6.1.0-18-amd64': '', '6.1.0-18-amd64-dbg': '' })
const ID = '0123456789abcdef0123456789abcdef'
const arch = withKernels({ '6.9.7-arch1-1': 'linux', '6.9.7-zen1-1-zen': 'linux-zen' })

describe('the kernel that a file belongs to', () => {
  it.each([
    ['/boot/vmlinuz-6.1.0-18-amd64', '6.1.0-18-amd64'],
    ['/boot/initrd.img-6.1.0-18-amd64', '6.1.0-18-amd64'],
    ['/boot/vmlinuz-6.1.0-18-amd64-dbg', '6.1.0-18-amd64-dbg'],
    ['/efi/f3a1/6.1.0-1/linux', '6.1.0-1'],
    ['/boot/vmlinuz-5.10.0', undefined],
    ['', undefined],
  ])('%j is told by the longest release in its path: %s', (path, release) => {
    expect(kernelAt(debian, path)?.release).toBe(release)
  })

  it.each([
    ['/boot/initramfs-6.6.30-gentoo.img', '6.6.30-gentoo'],
    ['/boot/initramfs-genkernel-x86_64-6.6.30-gentoo.img', '6.6.30-gentoo'],
    ['/boot/initramfs-6.6.30-gentoo-fallback.img', '6.6.30-gentoo'],
    ['/boot/vmlinuz-6.6.30-gentoo.efi.signed', '6.6.30-gentoo'],
    [`/efi/EFI/Linux/${ID}-6.6.30-gentoo+3-1.efi`, '6.6.30-gentoo'],
    [`/efi/EFI/Linux/linux-6.6.30-gentoo-${ID}-rolling.efi`, '6.6.30-gentoo'],
    ['/boot/vmlinuz-6.8.0+', '6.8.0+'],
    ['/boot/initramfs-6.6.30-gentoo-r1.img', undefined],
    ['/boot/vmlinuz-6.6.30-gentoo-dist', undefined],
    ['/boot/vmlinuz-16.8.0', undefined],
    ['/boot/vmlinuz-6.8.0.1', undefined],
    ['/boot/vmlinuz-6.8.0_1', undefined],
    ['/boot/vmlinuz-6x8.0', undefined],
  ])('%j is told by a release that ends where its name does: %s', (path, release) => {
    const host = withKernels({ '6.6.30-gentoo': '', '6.8.0': '', '6.8.0+': '' })
    expect(kernelAt(host, path)?.release).toBe(release)
  })

  it.each([
    ['/boot/vmlinuz-linux', '6.9.7-arch1-1'],
    ['/boot/initramfs-linux.img', '6.9.7-arch1-1'],
    ['/boot/initramfs-linux-fallback.img', '6.9.7-arch1-1'],
    ['/boot/vmlinuz-linux-zen', '6.9.7-zen1-1-zen'],
    ['/boot/booster-linux-zen.img', '6.9.7-zen1-1-zen'],
    ['/efi/EFI/Linux/arch-linux.efi', '6.9.7-arch1-1'],
    ['/boot/vmlinuz-linux-lts', undefined],
  ])('%s is told by the name of its package: %s', (path, release) => {
    expect(kernelAt(arch, path)?.release).toBe(release)
  })

  it('a kernel without a package has no file that is named of one', () => {
    expect(kernelAt(debian, '/boot/vmlinuz-')).toBeUndefined()
  })
})

describe('the release of a file', () => {
  it.each([
    ['/boot/vmlinuz-6.1.0-18-amd64', '6.1.0-18-amd64'],
    ['/vmlinuz-6.8.0-40-generic', '6.8.0-40-generic'],
    ['/@/boot/vmlinuz-6.1.0', '6.1.0'],
    ['/boot/kernel-6.6.13-gentoo', '6.6.13-gentoo'],
  ])('%s is what its name says where no kernel is installed for it: %s', (path, release) => {
    expect(releaseAt(withKernels({}), path)).toBe(release)
  })

  it("is that of the installed kernel, whatever the file's name", () => {
    expect(releaseAt(arch, '/boot/vmlinuz-linux')).toBe('6.9.7-arch1-1')
    expect(releaseAt(debian, '/efi/f3a1/6.1.0-1/linux')).toBe('6.1.0-1')
  })
})
