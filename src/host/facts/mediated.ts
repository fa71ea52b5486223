import { defineFact, lastAddressIn, linesOf, linkLines } from './fact.ts'

/**
 * PCI devices of which a part has been made for a guest: the parents of mediated devices
 * (Documentation/driver-api/vfio-mediated-device.rst), and virtual functions to which NVIDIA's driver has given a vGPU
 * type, which from kernel 6.8 on are no mediated devices any more.
 */
export const mediatedParents = defineFact({
  commands: {
    mdev: 'ls -ld -- "$root"/sys/bus/mdev/devices/* 2>/dev/null',
    nvidia: 'cd "$root/sys/bus/pci/devices" && grep -s -H -v "^0*$" -- */nvidia/current_vgpu_type',
  },
  parse(out): string[] {
    const parents = linkLines(out.mdev).map(({ target }) => lastAddressIn(target))
    const functions = linesOf(out.nvidia).map(
      line => /^([0-9a-f:.]+)\/nvidia\/current_vgpu_type:\s*[1-9]\d*\s*$/.exec(line)?.[1],
    )
    return [...new Set([...parents, ...functions].filter(address => address !== undefined))].sort()
  },
})
