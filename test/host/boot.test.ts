import { describe, expect, it } from 'vitest'
import { boot } from '../../src/host/boot.ts'
import type { Host } from '../../src/host/host.ts'
import { observed, predicted, unknown } from '../../src/host/known.ts'
import {
  aDevice,
  aFirmware,
  aHost,
  aReadyHost,
  withCmdline,
  withDevices,
  withFiles,
  withKernel,
  withMenu,
  withMenus,
} from '../builders.ts'

const driverOf = (host: Host, address: string) =>
  boot(host).devices.find(device => device.address === address)?.driver
const groupOf = (host: Host, address: string) =>
  boot(host).devices.find(device => device.address === address)?.group

/** The menu that a reboot takes, with other arguments in its first entry. */
function withEntryArgs(host: Host, ...args: readonly string[]): Host {
  const entries = host.menus.GRUB?.is === 'observed' ? host.menus.GRUB.value.entries : []
  return withMenu(host, {
    entries: entries.map(entry => ({ ...entry, args: ['root=/dev/vda1', 'ro', ...args] })),
  })
}

describe('the command line of the next boot', () => {
  it('is that of the entry which is booted, behind the name of its kernel', () => {
    expect(boot(withEntryArgs(aHost(), 'quiet', 'intel_iommu=on')).cmdline).toEqual(
      predicted([
        'BOOT_IMAGE=/boot/vmlinuz-6.1.0-56-amd64',
        'root=/dev/vda1',
        'ro',
        'quiet',
        'intel_iommu=on',
      ]),
    )
  })

  it("leaves GRUB's own variables out", () => {
    expect(boot(withEntryArgs(aHost(), 'splash', '$vt_handoff')).cmdline).toMatchObject({
      value: ['BOOT_IMAGE=/boot/vmlinuz-6.1.0-56-amd64', 'root=/dev/vda1', 'ro', 'splash'],
    })
  })

  it('follows the saved entry', () => {
    const menu = withMenu(aHost(), {
      default: '${saved_entry}',
      saved: 'gnulinux-advanced-5f0a>gnulinux-6.1.0-56-amd64-recovery-5f0a5f0e-6c61-4b2d-8a3e-1ab000000001',
    })
    expect(boot(menu).cmdline).toMatchObject({ value: expect.arrayContaining(['single']) })
  })

  it.each<[string, Host]>([
    ['the boot menu cannot be read: no', withMenus(aHost(), { GRUB: unknown('no') })],
    ['which menu entry is booted cannot be told', withMenu(aHost(), { default: '1>2' })],
  ])('is unknown where %s', (why, host) => {
    expect(boot(host)).toMatchObject({ cmdline: { is: 'unknown', why }, kernel: { is: 'unknown', why } })
  })
})

describe('what only the machine can tell', () => {
  it('stays unknown: boot_id, log, loaded drivers', () => {
    expect(boot(aHost())).toMatchObject({
      bootId: { is: 'unknown' },
      log: { is: 'unknown' },
      driverModules: { is: 'unknown' },
    })
  })

  it('groups stay as they are where nothing changes them', () => {
    expect(groupOf(aHost(), '0000:02:00.0')).toEqual(predicted(12))
  })

  it('groups stay as they are where intel_iommu=on asks for an IOMMU that is on already', () => {
    expect(groupOf(withEntryArgs(aHost(), 'intel_iommu=on'), '0000:02:00.0')).toEqual(predicted(12))
  })

  it('groups are unknown where intel_iommu=on finds a device without one', () => {
    const host = aHost()
    const devices = host.devices.map((device, i) => (i === 0 ? { ...device, group: observed(-1) } : device))
    expect(groupOf({ ...withEntryArgs(host, 'intel_iommu=on'), devices }, '0000:02:00.0')).toMatchObject({
      is: 'unknown',
    })
  })

  it.each(['intel_iommu=off', 'iommu=pt', 'pcie_acs_override=downstream', 'pci=config_acs=1@0:1.0'])(
    'groups are unknown once %s comes in',
    argument => {
      const host = withEntryArgs(aHost(), argument)
      expect(groupOf(host, '0000:02:00.0')).toMatchObject({ is: 'unknown' })
      expect(boot(host).iommu.units).toMatchObject({ is: 'unknown' })
    },
  )

  it("groups stay as they are where only init's arguments change", () => {
    expect(groupOf(withEntryArgs(aHost(), '--', 'intel_iommu=off'), '0000:02:00.0')).toEqual(predicted(12))
  })

  it('groups are unknown under another kernel', () => {
    const host = aHost({ kernel: observed('5.10.0-1-amd64') })
    expect(groupOf(host, '0000:02:00.0')).toMatchObject({ is: 'unknown' })
  })

  it('files and images are as they were left', () => {
    const host = aReadyHost()
    expect(boot(host)).toMatchObject({ files: host.files, images: host.images, storage: host.storage })
  })
})

const card = '0000:0a:00.0'
const softdeps = ['nouveau', 'nvidia', 'nvidiafb', 'nova_core']
  .map(name => `softdep ${name} pre: vfio-pci\n`)
  .join('')
const claimed = (modprobe = softdeps, ...args: readonly string[]) =>
  withEntryArgs(
    withFiles(withDevices(aHost(), aDevice({ driver: 'nouveau' })), {
      '/etc/modprobe.d/vfio.conf': modprobe,
    }),
    'intel_iommu=on',
    ...args,
  )

describe('the driver of a device after the boot', () => {
  it.each<[string, Host]>([
    [
      'its id is on the command line, and vfio-pci is loaded first',
      claimed(softdeps, 'vfio-pci.ids=10DE:13C2'),
    ],
    ['its id is in modprobe.d', claimed(`options vfio-pci ids=10de:13c2\n${softdeps}`)],
    [
      'its drivers are blacklisted',
      claimed(
        'options vfio-pci ids=10de:13c2\nblacklist nouveau\nblacklist nvidia\nblacklist nvidiafb\nblacklist nova_core\n',
      ),
    ],
    [
      'vfio-pci is built in',
      withKernel(claimed('', 'vfio-pci.ids=10de:13c2'), { vfio: { vfio_pci: { is: 'builtin', needs: [] } } }),
    ],
  ])('is vfio-pci where %s', (_, host) => {
    expect(driverOf(host, card)).toEqual(predicted('vfio-pci'))
  })

  it.each<[string, Host, string]>([
    [
      'nothing loads vfio-pci first',
      claimed('', 'vfio-pci.ids=10de:13c2'),
      'nouveau or nvidia or nvidiafb or nova_core may be faster than vfio-pci',
    ],
    [
      'the kernel has no vfio-pci',
      withKernel(claimed(softdeps, 'vfio-pci.ids=10de:13c2'), { vfio: {} }),
      'kernel 6.1.0-56-amd64 has no vfio-pci',
    ],
    [
      'the firmware offers no IOMMU',
      {
        ...claimed(softdeps, 'vfio-pci.ids=10de:13c2'),
        firmware: aFirmware({ tables: [] }),
      },
      'without an IOMMU vfio-pci refuses it',
    ],
    [
      'something else stands in the place of vfio-pci',
      claimed(`install vfio-pci /bin/true\n${softdeps}`, 'vfio-pci.ids=10de:13c2'),
      '/etc/modprobe.d/vfio.conf:1 (install vfio-pci /bin/true) keeps vfio_pci from being loaded',
    ],
    [
      'the kernel is told not to load vfio-pci',
      claimed(softdeps, 'vfio-pci.ids=10de:13c2', 'module_blacklist=vfio_pci'),
      'module_blacklist=vfio_pci on the kernel command line keeps vfio_pci from being loaded',
    ],
    [
      'its driver is blacklisted',
      claimed('blacklist nouveau\n'),
      'nouveau is blacklisted, and another driver may take it',
    ],
    [
      'it has no driver yet, and some could take it',
      withDevices(aHost(), aDevice()),
      'nouveau or nvidia or nvidiafb or nova_core may take it',
    ],
    [
      'it is given back',
      withDevices(aHost(), aDevice({ driver: 'vfio-pci' })),
      'which driver takes it back is for the next boot to show',
    ],
  ])('is unknown where %s', (_, host, why) => {
    expect(driverOf(host, card)).toEqual({ is: 'unknown', why })
  })

  it("the command line's ids replace those of modprobe.d", () => {
    expect(
      driverOf(claimed(`options vfio-pci ids=10de:13c2\n${softdeps}`, 'vfio-pci.ids=1:1'), card),
    ).toEqual(predicted('nouveau'))
  })

  it("ids among init's arguments claim nothing", () => {
    expect(driverOf(claimed(softdeps, '--', 'vfio-pci.ids=10de:13c2'), card)).toEqual(predicted('nouveau'))
  })

  it('is the one it has where nothing is claimed', () => {
    expect(driverOf(aHost(), '0000:03:00.0')).toEqual(predicted('e1000e'))
  })
})

it('a machine that was prepared boots as it is', () => {
  const host = aReadyHost()
  expect(boot(host).cmdline).toEqual(predicted(host.cmdline.is === 'unknown' ? [] : host.cmdline.value))
  expect(boot(withCmdline(host, 'ro')).cmdline).toEqual(boot(host).cmdline)
})
