import { describe, expect, it } from 'vitest'
import { editRules, RULES_FILE } from '../../../src/host/address_binding.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { BindingOwner, Host } from '../../../src/host/host.ts'
import { observed, predicted, unknown } from '../../../src/host/known.ts'
import { driver } from '../../../src/verdict/stages/driver.ts'
import {
  aDevice,
  aHost,
  aReadyHost,
  withCmdline,
  withDevice,
  withDevices,
  withFiles,
  withImage,
  withKernel,
  withLog,
} from '../../builders.ts'
import { failureOf, foreseen, remarksOf, resultOf } from '../subjects.ts'

const USB = '0000:02:00.0'
const IMAGE = '/boot/initrd.img-6.1.0-56-amd64'
const LINK = `/sys/bus/pci/devices/${USB}/driver`
const IS = '02:00.0 USB controller [1033:0194] is on xhci_hcd, not on vfio-pci'
const bare =
  'root=UUID=5f0a5f0e-6c61-4b2d-8a3e-1ab000000001 ro mitigations=off apparmor=0 nowatchdog console=ttyS0 quiet'

/** Everything is in place, and still the USB controller's own driver has it. */
const lost = (name = 'xhci_hcd', host: Host = aReadyHost()): Host =>
  withDevice(host, USB, { driver: observed(name) })

const owned = (owner: Partial<BindingOwner>): Host => ({
  ...lost(),
  owners: [
    { owner: 'driverctl', device: USB, driver: 'xhci_hcd', evidence: `/etc/driverctl.d/${USB}`, ...owner },
  ],
})

describe('passes', () => {
  it.each(['vfio-pci', 'mlx5_vfio_pci', 'nvgrace_gpu_vfio_pci'])('on %s', name => {
    expect(resultOf(driver, lost(name), USB)).toEqual({
      stage: 'driver',
      is: 'passed',
      says: `02:00.0 USB controller [1033:0194] on ${name}`,
      evidence: LINK,
    })
  })

  it('whatever the driver is called, where VFIO has the device in hand', () => {
    expect(resultOf(driver, withDevice(lost('hisi_acc_vfio'), USB, { vfioDev: true }), USB).is).toBe('passed')
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'in no group',
      withDevice(lost(), USB, { group: observed(-1) }),
      {
        what: `${IS}: it is in no IOMMU group, so that vfio-pci refuses it`,
        evidence: `there is no link /sys/bus/pci/devices/${USB}/iommu_group`,
        next: 'see what the stage of the groups says',
      },
    ],
    [
      'claimed nowhere',
      lost('xhci_hcd', aHost()),
      {
        what: `${IS}: the running kernel was booted without vfio-pci.ids=1033:0194`,
        evidence: '/proc/cmdline',
        next: 'let vfio_ids claim it, then reboot',
      },
    ],
    [
      'claimed, and not yet booted',
      withCmdline(lost(), bare),
      {
        what: `${IS}: the running kernel was booted without vfio-pci.ids=1033:0194; it is set and not yet booted`,
        evidence: '/proc/cmdline, and the files of GRUB',
        next: 'reboot',
      },
    ],
    [
      'claimed since, beside another that was booted',
      withCmdline(lost(), `${bare} vfio-pci.ids=1002:5159`),
      {
        what: `${IS}: the running kernel was booted without vfio-pci.ids=1033:0194; it is set and not yet booted`,
        evidence: '/proc/cmdline, and the files of GRUB',
        next: 'reboot',
      },
    ],
    [
      'claimed, and another entry was booted',
      withCmdline(lost(), `${bare} single`),
      {
        what: `${IS}: the running kernel was booted without vfio-pci.ids=1033:0194; it is set, but another entry was booted than the loader’s default`,
        evidence: '/proc/cmdline has single, which "Debian GNU/Linux", the default of the menu has not',
        next: 'reboot, and let the loader take its default entry',
      },
    ],
    [
      'claimed in a file that the command line replaces',
      withCmdline(
        withFiles(lost('xhci_hcd', aHost()), {
          '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1033:0194\n',
        }),
        `${bare} vfio-pci.ids=1002:5159`,
      ),
      {
        what: `${IS}: /etc/modprobe.d/vfio.conf claims 1033:0194, but the command line has a vfio-pci.ids= of its own, which replaces it`,
        evidence: '/proc/cmdline: vfio-pci.ids=1002:5159',
        next: 'let vfio_ids write both places alike, then reboot',
      },
    ],
    [
      'claimed in a file that a compiled-in vfio-pci does not read',
      withFiles(withKernel(lost('xhci_hcd', aHost()), { vfio: { vfio_pci: { is: 'builtin', needs: [] } } }), {
        '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1033:0194\n',
      }),
      {
        what: `${IS}: the running kernel was booted without vfio-pci.ids=1033:0194 (/etc/modprobe.d/vfio.conf has no say, as vfio-pci is compiled into the kernel)`,
        evidence: '/proc/cmdline',
        next: 'let vfio_ids claim it, then reboot',
      },
    ],
    [
      'vfio-pci is kept from being loaded',
      withFiles(lost(), { '/etc/modprobe.d/no.conf': 'install vfio-pci /bin/false\n' }),
      {
        what: `${IS}: vfio_pci is kept from being loaded`,
        evidence: '/etc/modprobe.d/no.conf:1 (install vfio-pci /bin/false)',
        next: 'take it out, then reboot',
      },
    ],
    [
      'the running kernel has none',
      withKernel(lost(), { vfio: {} }),
      {
        what: `${IS}: the running kernel 6.1.0-56-amd64 has no vfio-pci`,
        evidence: '/lib/modules/6.1.0-56-amd64',
        next: 'boot a full kernel (not a cloud one)',
      },
    ],
    [
      'the probe failed',
      withLog(lost(''), ['vfio-pci: probe of 0000:02:00.0 failed with error -22']),
      {
        what: '02:00.0 USB controller [1033:0194] is on no driver, not on vfio-pci: vfio-pci tried it and gave up with error -22',
        evidence: 'the kernel says "vfio-pci: probe of 0000:02:00.0 failed with error -22"',
        next: 'it was in no IOMMU group then, is a bridge, is denied by name (Intel QAT: disable_denylist), or its IOMMU is not cache coherent: see the stages before',
      },
    ],
    [
      'its own driver is compiled in',
      withKernel(lost(), { builtins: ['xhci_pci'] }),
      {
        what: `${IS}: xhci_pci is compiled into the running kernel and comes first`,
        evidence: '/lib/modules/6.1.0-56-amd64/modules.builtin',
        next: 'let vfio_ids bind it by its address, which takes it back from that driver; or move it with vfio_bind',
      },
    ],
    [
      'its own driver came first, for want of a softdep',
      withFiles(lost(), {
        '/etc/modprobe.d/vfio.conf': 'options vfio-pci ids=1002:5159,8086:293e,1033:0194\n',
      }),
      {
        what: `${IS}: xhci_pci was loaded from the initramfs before vfio-pci`,
        evidence: 'no line of modprobe.d says softdep xhci_pci pre: vfio-pci',
        next: 'let vfio_ids write it and initramfs_rebuild make the images anew, then reboot',
      },
    ],
    [
      'its own driver came first in spite of one',
      lost(),
      {
        what: `${IS}: xhci_pci was loaded from the initramfs before vfio-pci, though /etc/modprobe.d/vfio.conf says softdep xhci_pci pre: vfio-pci`,
        evidence: `${LINK}; the content of ${IMAGE}`,
        next: 'reboot, if the images were made after the last boot; else look at journalctl -k -b for who loads it',
      },
    ],
    [
      'its own driver came first, and the image loads no vfio-pci',
      withImage(lost(), IMAGE, { loads: [] }),
      {
        what: `${IS}: xhci_pci was loaded before vfio-pci, though /etc/modprobe.d/vfio.conf says softdep xhci_pci pre: vfio-pci`,
        evidence: `${LINK}; the content of ${IMAGE}`,
        next: 'reboot, if the images were made after the last boot; else look at journalctl -k -b for who loads it',
      },
    ],
    [
      'another owner',
      owned({}),
      {
        what: `${IS}: driverctl gives it to xhci_hcd`,
        evidence: `/etc/driverctl.d/${USB}`,
        next: 'let driverctl give it back, then reboot',
      },
    ],
    [
      'an override of another driver',
      withDevice(lost(''), USB, { driver: observed(''), driverOverride: 'none' }),
      {
        what: '02:00.0 USB controller [1033:0194] is on no driver, not on vfio-pci: driver_override names none',
        evidence: `/sys/bus/pci/devices/${USB}/driver_override`,
        next: 'find who writes it (driverctl list-overrides, a udev rule), and take it away there',
      },
    ],
    [
      'virtual functions',
      withDevice(lost('ixgbe'), USB, { driver: observed('ixgbe'), sriov: { total: 63, vfs: 4 } }),
      {
        what: '02:00.0 USB controller [1033:0194] is on ixgbe, not on vfio-pci: it has 4 virtual functions, and is not given away while they exist',
        evidence: `/sys/bus/pci/devices/${USB}/sriov_numvfs`,
        next: 'choose its virtual functions (sriov: vf), or remove them: echo 0 to that file',
      },
    ],
    [
      'pci-stub, as older guides have it',
      withCmdline(lost('pci-stub'), 'intel_iommu=on vfio-pci.ids=1033:0194 pci-stub.ids=1033:0194'),
      {
        what: '02:00.0 USB controller [1033:0194] is on pci-stub, not on vfio-pci: pci-stub was first',
        evidence: '/proc/cmdline: pci-stub.ids=1033:0194',
        next: 'take 1033:0194 out of pci-stub.ids (on the command line, in modprobe.d), then reboot',
      },
    ],
    [
      'nothing has loaded vfio-pci',
      { ...lost(''), driverModules: observed({ xhci_hcd: 'xhci_pci' }) },
      {
        what: '02:00.0 USB controller [1033:0194] is on no driver, not on vfio-pci: nothing has loaded vfio-pci',
        evidence: 'there is no /sys/bus/pci/drivers/vfio-pci',
        next: 'let initramfs_rebuild put it into the images, then reboot',
      },
    ],
    [
      'no cause that shows',
      withLog(lost(''), [], { truncated: true }),
      {
        what: '02:00.0 USB controller [1033:0194] is on no driver, not on vfio-pci',
        evidence: LINK,
        next: 'look at the kernel log: journalctl -k -b | grep -e vfio -e 02:00.0',
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(driver, host, USB)).toEqual(failure)
  })

  it('behind Intel VMD', () => {
    const host = withDevices(aReadyHost(), aDevice({ address: '10000:01:00.0', driver: 'nvme' }))
    expect(failureOf(driver, host, '10000:01:00.0')).toEqual({
      what: '10000:01:00.0 VGA controller [10de:13c2] is on nvme, not on vfio-pci: it is behind Intel VMD, where vfio-pci cannot take a device',
      evidence: 'its domain in 10000:01:00.0',
      next: 'switch VMD off in BIOS/UEFI (it may be called Intel RST or RAID), if the host boots without it',
    })
  })

  it.each([
    [
      '',
      `${IS}: the rule that binds it by its address has not run in this boot`,
      'empty',
      'reboot; if the machine has been, let initramfs_rebuild put the rule into the images first',
    ],
    [
      'vfio-pci',
      `${IS}: the rule that binds it by its address has run, and the kernel has not moved it`,
      'vfio-pci',
      'look at the kernel log: journalctl -k -b; vfio_bind may move it now',
    ],
  ])('bound by its address, with the override %j', (driverOverride, what, shown, next) => {
    const host = withDevice(lost('xhci_hcd', aHost()), USB, { driver: observed('xhci_hcd'), driverOverride })
    const device = host.devices.find(({ address }) => address === USB)
    const rule = device === undefined ? [] : editRules(host, [{ device, driver: 'vfio-pci' }], () => false)
    expect(failureOf(driver, applyChanges(host, rule), USB)).toEqual({
      what,
      evidence: `${RULES_FILE}; driver_override of 02:00.0 is ${shown}`,
      next,
    })
  })
})

describe('cannot be told', () => {
  it.each<[string, Host, readonly string[], string]>([
    ['without devices', lost(), [], 'no device is claimed for VFIO'],
    [
      'where the next boot will show it',
      withDevice(lost(), USB, { driver: unknown('xhci_pci may be faster than vfio-pci') }),
      [USB],
      '02:00.0 USB controller [1033:0194]: xhci_pci may be faster than vfio-pci',
    ],
    ['for a driver that is foreseen', withDevice(lost(), USB, { driver: predicted('xhci_hcd') }), [USB], IS],
    ['before the boot', foreseen(lost()), [USB], expect.stringContaining(IS)],
  ])('%s', (_, host, chosen, why) => {
    expect(resultOf(driver, host, ...chosen)).toEqual({ stage: 'driver', is: 'unknown', why })
  })
})

describe('worth a word', () => {
  it('a bridge whose id was given to vfio-pci', () => {
    const line = 'vfio_pci: add [1b36:000c[ffffffff:ffffffff]] class 0x000000/00000000'
    expect(remarksOf(driver, withLog(aReadyHost(), [line]))).toEqual([
      {
        severity: 'warning',
        what: 'vfio-pci was given the id of 00:10.0 PCI bridge [1b36:000c], which belongs to the bus',
        evidence: `the kernel says "${line}"`,
        next: 'take 1b36:000c out of vfio-pci.ids and of modprobe.d',
      },
    ])
  })

  it('another owner of a device that is ready', () => {
    const evidence = '/etc/libvirt/qemu/win.xml: hostdev'
    const host: Host = {
      ...aReadyHost(),
      owners: [{ owner: 'libvirt', device: '0000:02:00', driver: '', evidence }],
    }
    expect(remarksOf(driver, host, USB)).toEqual([
      {
        severity: 'note',
        what: 'libvirt has a say in 02:00.0 USB controller [1033:0194] too',
        evidence,
        next: 'let one of the two do it',
      },
    ])
  })
})
