import { describe, expect, it } from 'vitest'
import { findInitramfs, INITRAMFS_TOOLS } from '../../../src/backends/initramfs/index.ts'
import type { Host, Image } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost } from '../../builders.ts'

const PATH = '/boot/initramfs-6.1.0-56-amd64.img'

function aMachine(tools: readonly string[], madeBy?: Image['madeBy'], paths: readonly string[] = []): Host {
  const image = { path: PATH, release: '6.1.0-56-amd64', modules: [], loads: [], files: {} }
  return aHost({
    tools,
    paths,
    images: madeBy === undefined ? {} : { [PATH]: observed({ ...image, madeBy }) },
  })
}

const nameOf = (host: Host) => {
  const found = findInitramfs(host)
  return isRefusal(found) ? found.why : found.generator.name
}

describe('the generator of a machine', () => {
  it.each<[string, readonly string[], Image['madeBy'] | undefined, string]>([
    ['is the one that is installed', ['update-initramfs'], undefined, 'initramfs-tools'],
    ['is the one that is installed', ['dracut'], undefined, 'dracut'],
    ['is the one that is installed', ['mkinitcpio'], undefined, 'mkinitcpio'],
    ['is the one that is installed', ['booster'], undefined, 'booster'],
    [
      'is told by its images, of two (dracut-core beside initramfs-tools)',
      ['update-initramfs', 'dracut'],
      'initramfs-tools',
      'initramfs-tools',
    ],
    [
      "is told by its images, of two (Ubuntu 25.10's dracut has an update-initramfs)",
      ['update-initramfs', 'dracut'],
      'dracut',
      'dracut',
    ],
    ['is told by its images, of two (Arch)', ['mkinitcpio', 'booster'], 'booster', 'booster'],
  ])('%s: %j with images of %s', (_, tools, madeBy, name) => {
    expect(nameOf(aMachine(tools, madeBy))).toBe(name)
  })

  it('is rpm-ostree where that made the images, though dracut did so for it', () => {
    const tools = ['dracut', 'rpm-ostree']
    expect(nameOf(aMachine(tools, 'dracut', ['/run/ostree-booted']))).toBe('rpm-ostree')
    expect(nameOf(aMachine(tools, 'dracut'))).toBe('dracut')
    expect(nameOf(aMachine(['dracut', 'bootc'], 'dracut', ['/run/ostree-booted']))).toBe('rpm-ostree')
  })

  it('is refused where two could have made images that do not tell', () => {
    expect(nameOf(aMachine(['mkinitcpio', 'dracut'], ''))).toBe(
      'more than one initramfs generator is installed (dracut, mkinitcpio), and the images do not tell which one makes them',
    )
  })

  it.each([
    ['genkernel', 'genkernel'],
    ['mkinitfs', 'mkinitfs (Alpine)'],
    ['ugrd', 'ugrd'],
    ['tinyinitramfs', 'tiny-initramfs'],
  ])('%s is refused by name', (tool, name) => {
    expect(INITRAMFS_TOOLS).toContain(tool)
    expect(nameOf(aMachine([tool]))).toBe(
      `the initramfs of this machine is made by ${name} (${tool} is installed), which vfio-run does not drive`,
    )
  })

  it('is refused where there is none', () => {
    expect(nameOf(aMachine([]))).toBe(
      'no initramfs generator was found (initramfs-tools, dracut, mkinitcpio, booster, rpm-ostree)',
    )
  })
})
