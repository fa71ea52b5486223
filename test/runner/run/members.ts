import type { Member } from '../../sandbox/fleet.ts'
import { amd } from '../../sandbox/machines/amd.ts'
import { guide } from '../../sandbox/machines/guide.ts'

/** The machine of the 2015 guide: ASUS Z170-A, i7-6700K, a GTX 970 and a USB controller for the guest. */
export const z170a: Member = {
  machine: guide,
  vars: {
    vfio_devices: ['10de:13c2', '10de:0fbb', '1b73:1100'],
    vfio_blacklist: ['nouveau'],
    vfio_acs_override: ['downstream'],
  },
}

/** A server with an AMD processor, its card named by address. */
export const amdServer: Member = { machine: amd, vars: { vfio_devices: ['0a:00.0', '0a:00.1'] } }

/** The guide's machine with one kernel: half the images to make, for tests that make them often. */
export const oneKernel: Member = { ...z170a, machine: { ...guide, kernels: guide.kernels.slice(0, 1) } }
