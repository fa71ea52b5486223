import type { Member } from '../../sandbox/fleet.ts'
import { fedoraWorkstation, rockyWorkstation } from '../../sandbox/machines/alder_lake.ts'
import { amd } from '../../sandbox/machines/amd.ts'
import { archDesktop, archUkiDesktop } from '../../sandbox/machines/cezanne.ts'
import { guide } from '../../sandbox/machines/guide.ts'
import { guideSolus } from '../../sandbox/machines/guide_solus.ts'

/** The board of the 2015 guide, with Debian: ASUS Z170-A, i7-6700K, a GTX 970 and a USB controller for the guest. */
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

/** The guide's machine as it was: Solus, booted by Goofiboot. */
export const solus: Member = { ...z170a, machine: guideSolus }

/** A workstation with Fedora, whose grubby edits the boot entries. */
export const fedora: Member = {
  machine: fedoraWorkstation,
  vars: { vfio_devices: ['10de:2484', '10de:228b'], vfio_blacklist: ['nouveau'] },
}

/** The same with its newest kernel only: one entry instead of two. */
export const fedoraOneKernel: Member = {
  ...fedora,
  machine: { ...fedoraWorkstation, kernels: fedoraWorkstation.kernels.slice(0, 1) },
}

/** A desktop with Arch, systemd-boot and mkinitcpio; all four functions of the card. */
export const arch: Member = {
  machine: archDesktop,
  vars: { vfio_devices: ['01:00.0', '01:00.1', '01:00.2', '01:00.3'] },
}

/** RHEL 8's likes, whose arguments are in GRUB's environment block. */
export const rocky: Member = { ...fedora, machine: rockyWorkstation }

export const archUki: Member = { ...arch, machine: archUkiDesktop }
