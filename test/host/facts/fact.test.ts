import { describe, expect, it } from 'vitest'
import {
  addressesIn,
  fileLines,
  lastAddressIn,
  lastPart,
  linesOf,
  linkLines,
  pathLines,
} from '../../../src/host/facts/fact.ts'

describe('lines that programs print', () => {
  it('empty ones do not count', () => {
    expect(linesOf('a\n\nb\n')).toEqual(['a', 'b'])
  })

  it('grep -H: PCI addresses in the path have colons of their own', () => {
    expect(fileLines('0000:02:00.0/boot_vga:1\n7/name:vfio-noiommu\nsda1/dev:8:1\nno path\n')).toEqual([
      { path: '0000:02:00.0/boot_vga', text: '1' },
      { path: '7/name', text: 'vfio-noiommu' },
      { path: 'sda1/dev', text: '8:1' },
    ])
  })

  it('ls -ld: links with their targets, other files left out', () => {
    expect(
      linkLines(
        'lrwxrwxrwx 1 root root 0 Nov 22 14:02 a/driver -> ../b\ndrwxr-xr-x 2 root root 0 Nov 22 14:02 c\n',
      ),
    ).toEqual([{ path: 'a/driver', target: '../b' }])
  })

  it('ls -ld: what is there and no link', () => {
    expect(
      pathLines(
        'lrwxrwxrwx 1 root root 0 Nov 22 14:02 a/driver -> ../b\ndrwxr-xr-x 2 root root 0 Nov 22 14:02 a/vfio-dev\n-r--r--r-- 1 root root 4096 Nov 22 14:02 a/b\ntotal 0\n',
      ),
    ).toEqual(['a/vfio-dev', 'a/b'])
  })

  it('the last address of a path, and its last part', () => {
    expect(lastAddressIn('../0000:00:10.0/0000:01:00.0/net/eth0')).toBe('0000:01:00.0')
    expect(lastAddressIn('../virtual/net/br0')).toBeUndefined()
    expect(lastPart('../bus/pci/drivers/nouveau')).toBe('nouveau')
  })

  it('addresses on a path, nearest the root first', () => {
    expect(addressesIn('../devices/pci0000:00/0000:00:10.0/0000:01:00.0/net/eth0')).toEqual([
      '0000:00:10.0',
      '0000:01:00.0',
    ])
  })
})
