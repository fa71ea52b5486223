import { describe, expect, it } from 'vitest'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { findInitramfs } from '../../../src/backends/initramfs/index.ts'
import type { Host } from '../../../src/host/host.ts'
import { modules } from '../../../src/modules/index.ts'
import type { PlannedCall } from '../../../src/runner/plan.ts'
import { planTasks } from '../../../src/runner/plan.ts'
import { aHost, withCmdline } from '../../builders.ts'

const uefi = (loaderInfo: string): Partial<Host> => ({
  firmware: { uefi: true, tables: ['DMAR'], loaderInfo },
})

/** What a machine of each kind shows of itself. GRUB's files often lie there still: they are the weakest evidence. */
const BOOTED_BY: readonly (readonly [string, Host, string])[] = [
  [
    'grubby (BLS entries)',
    aHost({
      tools: ['grubby', 'grub2-mkconfig', 'dracut'],
      paths: ['/boot/grub2/grub.cfg', '/etc/default/grub'],
    }),
    'grubby is installed',
  ],
  [
    'systemd-boot',
    aHost({
      tools: ['bootctl', 'update-initramfs'],
      paths: ['/boot/loader/loader.conf', '/etc/default/grub'],
      ...uefi('systemd-boot 252.22-1~deb12u1'),
    }),
    'the firmware says "systemd-boot 252.22-1~deb12u1" booted it',
  ],
  [
    'systemd-boot',
    withCmdline(
      aHost({ tools: ['bootctl', 'mkinitcpio'], paths: ['/boot/loader/loader.conf'] }),
      'initrd=\\initramfs-linux.img root=/dev/sda2 rw',
    ),
    'initrd=\\… is on the command line, /boot/loader/loader.conf exists',
  ],
  [
    'Goofiboot',
    aHost({ tools: [], paths: ['/boot/efi/EFI/goofiboot'], ...uefi('goofiboot 46') }),
    'the firmware says "goofiboot 46" booted it',
  ],
  [
    'a unified kernel image (UKI)',
    aHost({
      tools: ['bootctl', 'mkinitcpio'],
      paths: ['/boot/EFI/Linux/*.efi'],
      ...uefi('systemd-boot 256'),
    }),
    '/boot/EFI/Linux/*.efi exists',
  ],
  [
    'proxmox-boot-tool',
    aHost({
      tools: ['update-grub', 'update-initramfs'],
      paths: ['/etc/kernel/proxmox-boot-uuids', '/boot/grub/grub.cfg', '/etc/default/grub'],
      ...uefi('systemd-boot 252'),
    }),
    '/etc/kernel/proxmox-boot-uuids exists',
  ],
  [
    'kernelstub',
    aHost({
      tools: ['bootctl', 'update-initramfs'],
      paths: ['/etc/kernelstub/configuration'],
      ...uefi('systemd-boot 249'),
    }),
    '/etc/kernelstub/configuration exists',
  ],
  [
    'rpm-ostree',
    withCmdline(
      aHost({ tools: ['rpm-ostree', 'grubby', 'dracut'], paths: ['/run/ostree-booted'] }),
      'ostree=/ostree/boot.1/fedora root=UUID=5 rw',
    ),
    '/run/ostree-booted exists',
  ],
  [
    'sdbootutil',
    aHost({ tools: ['sdbootutil', 'bootctl', 'dracut'], paths: [], ...uefi('systemd-boot 256') }),
    'sdbootutil is installed, the firmware says "systemd-boot 256" booted it',
  ],
  [
    'clr-boot-manager',
    aHost({ tools: ['clr-boot-manager', 'dracut'], paths: [], ...uefi('systemd-boot 255') }),
    'clr-boot-manager is installed',
  ],
  [
    'rEFInd',
    aHost({
      tools: ['grub-mkconfig', 'mkinitcpio'],
      paths: ['/boot/refind_linux.conf', '/etc/default/grub'],
    }),
    '/boot/refind_linux.conf exists',
  ],
  [
    'syslinux',
    aHost({ tools: ['mkinitcpio'], paths: ['/boot/syslinux/syslinux.cfg'] }),
    '/boot/syslinux/syslinux.cfg exists',
  ],
  [
    'Limine',
    aHost({ tools: ['grub-mkconfig', 'mkinitcpio'], paths: ['/boot/limine.conf', '/etc/default/grub'] }),
    '/boot/limine.conf exists',
  ],
  [
    'GRUB without update-grub',
    aHost({ tools: ['grub-mkconfig', 'mkinitcpio'], paths: ['/boot/grub/grub.cfg', '/etc/default/grub'] }),
    'grub-mkconfig is installed, /etc/default/grub exists',
  ],
]

const GENERATORS = ['dracut', 'mkinitcpio', 'booster', 'rpm-ostree', 'genkernel']

/** The flagship's state modules, in its order. */
const flagship: readonly PlannedCall[] = [
  call('iommu_kernel_args', {}),
  call('acs_override', { values: ['downstream'], accept_risk: true }),
  call('driver_blacklist', { drivers: ['nouveau'] }),
  call('vfio_ids', { devices: ['1033:0194'] }),
  call('initramfs_rebuild', {}),
]

function call(name: string, args: Record<string, unknown>): PlannedCall {
  const module = modules.get(name)
  if (module === undefined) throw new Error(`there is no module ${name}`)
  return { module, args: module.args.parse(args) }
}

/** A segment with a blocked task is not applied at all; what needs the loader must not even plan changes. */
const blockedBy = (host: Host) =>
  planTasks(host, flagship).outcomes.flatMap((outcome, i) =>
    outcome.kind === 'blocked' ? [[flagship[i]?.module.name, outcome.why]] : [],
  )

/** A file or a tool may be left over; what the firmware, the command line or /run says is of this boot. */
const OF_BOOT = /the firmware says|on the command line|^\/run\//

describe('bootloaders that this version does not edit', () => {
  it.each(BOOTED_BY)('%s is refused by name', (name, host, evidence) => {
    expect(findBootloader(host)).toEqual({
      refused: true,
      why: OF_BOOT.test(evidence)
        ? `this machine is booted by ${name} (${evidence}), which this version does not edit`
        : `this machine has ${name} (${evidence}), and may be booted by it; this version does not edit it`,
      hint: 'it edits GRUB; set the kernel arguments by hand, or leave this host out with --limit',
    })
  })

  it.each(BOOTED_BY)('%s: the flagship is blocked, and no kernel argument is written', (name, host) => {
    const blocked = Object.fromEntries(blockedBy(host))
    for (const module of ['iommu_kernel_args', 'acs_override', 'vfio_ids']) {
      expect(blocked[module]).toContain(` ${name} (`)
      expect(blocked[module]).toMatch(/^this machine (is booted by|has) /)
    }
    expect(planTasks(host, flagship).changes.map(({ path }) => path)).not.toContain('/etc/default/grub')
  })

  it.each([
    [
      'a file that may be left over',
      aHost({ paths: ['/boot/limine.conf', '/boot/grub/grub.cfg'] }),
      'this machine has Limine (/boot/limine.conf exists), and may be booted by it; this version does not edit it',
    ],
    [
      'the firmware’s word',
      aHost({ paths: ['/boot/limine.conf'], ...uefi('Limine 7.0') }),
      'this machine is booted by Limine (the firmware says "Limine 7.0" booted it), which this version does not edit',
    ],
  ])('no more is claimed than is shown: %s', (_, host, why) => {
    expect(findBootloader(host)).toMatchObject({ refused: true, why })
  })

  it('no bootloader at all is said', () => {
    expect(findBootloader(aHost({ tools: [], paths: [] }))).toEqual({
      refused: true,
      why: 'no bootloader was found: neither GRUB (update-grub and /boot/grub/grub.cfg) nor another one that is known here',
      hint: 'set the kernel arguments where this machine is booted from, by hand',
    })
  })
})

describe('initramfs generators that this version does not drive', () => {
  // update-initramfs may lie there as well: Ubuntu 25.10 has moved to dracut.
  it.each(GENERATORS)('%s is refused by name', name => {
    expect(findInitramfs(aHost({ tools: ['update-grub', 'update-initramfs', name] }))).toEqual({
      refused: true,
      why: `the initramfs of this machine is made by ${name} (${name} is installed), which this version does not drive`,
      hint: 'it drives initramfs-tools; put the vfio modules into the image by hand, or leave this host out with --limit',
    })
  })

  it.each(GENERATORS)('%s: the flagship is blocked, and its files are not touched', name => {
    const host = aHost({ tools: ['update-grub', 'update-initramfs', name] })
    expect(Object.fromEntries(blockedBy(host)).initramfs_rebuild).toContain(`made by ${name} (`)
    expect(planTasks(host, flagship).changes.map(({ path }) => path)).not.toContain(
      '/etc/initramfs-tools/modules',
    )
  })

  it('none at all is said', () => {
    expect(findInitramfs(aHost({ tools: ['update-grub'] }))).toEqual({
      refused: true,
      why: 'no initramfs generator was found (initramfs-tools, dracut, mkinitcpio, booster)',
      hint: 'install initramfs-tools',
    })
  })
})

describe('what this version does drive', () => {
  it("is found on Debian's machine, with its evidence", () => {
    expect(findBootloader(aHost())).toMatchObject({
      loader: { name: 'GRUB' },
      evidence: 'update-grub is installed, /boot/grub/grub.cfg exists',
    })
    expect(findInitramfs(aHost())).toMatchObject({
      generator: { name: 'initramfs-tools' },
      evidence: 'update-initramfs is installed',
    })
  })
})
