import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { observed } from '../../../src/host/known.ts'
import { usable } from '../../../src/verdict/stages/usable.ts'
import { aHost, anIommu, aReadyHost, withCmdline, withDevice, withFiles, withLog } from '../../builders.ts'
import { dark, failureOf, foreseen, remarksOf, resultOf } from '../subjects.ts'

const CARD = '0000:01:00.0'
const SOUND = '0000:01:00.1'
const USB = '0000:02:00.0'
const SLOT = { speed: 8, width: 16, maxSpeed: 8, maxWidth: 16 }
const POLARIS = { device: '67df', link: SLOT }
const NAVI_21 = { device: '73bf', link: SLOT }
const NAMED = '01:00.0 VGA controller [1002:5159]'
const REMAPPING =
  'switch it on in BIOS/UEFI (with x2APIC, or as part of the IOMMU), look for newer firmware, and take intremap=off away'
const reserve = "vfio-pci 0000:01:00.0: BAR 1: can't reserve [mem 0xd0000000-0xdfffffff 64bit pref]"

const held = (name: string, host: Host = withLog(aReadyHost(), [])): Host => ({
  ...host,
  framebuffers: [{ device: CARD, name }],
})
const unremapped = (unsafeInterrupts = false): Host => ({
  ...withLog(aReadyHost(), ['AMD-Vi: Disabling interrupt remapping due to BIOS Bug(s)']),
  iommu: anIommu({ interruptRemapping: observed(false), unsafeInterrupts }),
})
const advice = (unbind: string): string =>
  `make another display the primary one in BIOS/UEFI; until then free it after each boot: ${unbind} (video=efifb:off does not reach simpledrm)`
const SIMPLE = 'echo simple-framebuffer.0 > /sys/bus/platform/drivers/simple-framebuffer/unbind'

it('what is ready and free passes', () => {
  expect(resultOf(usable, aReadyHost(), CARD, SOUND, USB)).toEqual({
    stage: 'usable',
    is: 'passed',
    says: 'nothing stands between them and a guest',
    evidence: '/proc/iomem, reset_method, and the kernel log',
  })
})

describe('fails', () => {
  it.each<[string, Host, object]>([
    [
      'a BAR that simpledrm holds',
      held('simple-framebuffer', withLog(aReadyHost(), [reserve])),
      {
        what: `BAR 1 of ${NAMED} is held by simpledrm`,
        evidence: `simple-framebuffer in /proc/iomem; the kernel says "${reserve}"`,
        next: advice(SIMPLE),
      },
    ],
    [
      'one that efifb holds, before any guest has tried',
      held('efifb'),
      {
        what: `a BAR of ${NAMED} is held by efifb`,
        evidence: 'efifb in /proc/iomem',
        next: advice('echo efi-framebuffer.0 > /sys/bus/platform/drivers/efi-framebuffer/unbind'),
      },
    ],
    [
      'one that nobody’s driver holds',
      held('BOOTFB'),
      {
        what: `a BAR of ${NAMED} is held by the boot framebuffer`,
        evidence: 'BOOTFB in /proc/iomem',
        next: advice(SIMPLE),
      },
    ],
    [
      'interrupts that are not remapped',
      unremapped(),
      {
        what: 'interrupt remapping is off, without which VFIO gives no device to a guest',
        evidence: 'the kernel says "AMD-Vi: Disabling interrupt remapping due to BIOS Bug(s)"',
        next: REMAPPING,
      },
    ],
  ])('%s', (_, host, failure) => {
    expect(failureOf(usable, host, CARD)).toEqual(failure)
  })
})

describe('cannot be told', () => {
  it.each<[string, Host, readonly string[], string]>([
    [
      'for a user who sees no addresses in /proc/iomem',
      { ...aReadyHost(), uid: 1000 },
      [CARD, USB],
      `whether a framebuffer lies in ${NAMED}: only root sees the addresses in /proc/iomem`,
    ],
    ['without devices', aReadyHost(), [], 'no device is claimed for VFIO'],
    ['of a device that vfio-pci has not', aHost(), [CARD], `${NAMED} is not on vfio-pci yet`],
    ['before the boot', foreseen(held('efifb')), [CARD], `a BAR of ${NAMED} is held by efifb`],
  ])('%s', (_, host, chosen, why) => {
    expect(failureOf(usable, host, ...chosen)).toBe(`unknown: ${why}`)
  })
})

describe('worth a word', () => {
  const fault = 'DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0x0 [fault reason 0x06]'
  const rom = 'vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff'

  it.each<[string, Host, string, object]>([
    [
      'a message about a BAR that nobody holds now',
      withLog(aReadyHost(), [reserve]),
      CARD,
      {
        severity: 'warning',
        what: `BAR 1 of ${NAMED} is held by the boot framebuffer or another driver`,
        evidence: `the kernel says "${reserve}"`,
        next: advice(SIMPLE),
      },
    ],
    [
      'a guest that has it',
      {
        ...aReadyHost(),
        holders: [{ device: CARD, path: '/dev/vfio/11', process: 'qemu-system-x86', pid: 4321 }],
      },
      CARD,
      {
        severity: 'note',
        what: `${NAMED} is in use now by qemu-system-x86 (4321)`,
        evidence: 'it has /dev/vfio/11 open',
        next: '',
      },
    ],
    [
      'AMD’s reset bug',
      withDevice(aReadyHost(), CARD, { ...NAVI_21, resetMethods: ['pm', 'bus'] }),
      CARD,
      {
        severity: 'warning',
        what: `01:00.0 VGA controller [1002:73bf] may not come back once its guest has stopped (the reset bug of AMD's cards)`,
        evidence: `/sys/bus/pci/devices/${CARD}/reset_method: pm bus`,
        next: 'test it: start, stop and start a guest with it before you rely on it; without a reset, restart the host between guests',
      },
    ],
    [
      'a device without any reset',
      withDevice(aReadyHost(), USB, { resetMethods: [] }),
      USB,
      {
        severity: 'warning',
        what: 'the kernel has no way to reset 02:00.0 USB controller [1033:0194]: it may work for one guest only',
        evidence: `/sys/bus/pci/devices/${USB}/reset_method: empty`,
        next: 'give it to one guest only, and restart the host when that guest no longer finds it',
      },
    ],
    [
      'faults of its own',
      withLog(aReadyHost(), [fault, fault]),
      CARD,
      {
        severity: 'warning',
        what: `the IOMMU stopped 2 accesses of ${NAMED} (DMA)`,
        evidence: `the kernel says "${fault}"`,
        next: 'a guest’s driver, or the firmware’s tables, let it reach where it may not: see what ran then',
      },
    ],
    [
      'a ROM that could not be read',
      withLog(aReadyHost(), [rom]),
      CARD,
      {
        severity: 'note',
        what: `the ROM of ${NAMED} could not be read: it begins with 0xffff`,
        evidence: `the kernel says "${rom}"`,
        next: 'if the guest has no picture at boot, give it the ROM as a file (romfile=)',
      },
    ],
    [
      'virtual functions',
      withDevice(aReadyHost(), USB, { sriov: { total: 7, vfs: 2 } }),
      USB,
      {
        severity: 'warning',
        what: '02:00.0 USB controller [1033:0194] has 2 virtual functions, which depend on its driver',
        evidence: `/sys/bus/pci/devices/${USB}/sriov_numvfs`,
        next: 'give the guest virtual functions instead (sriov: vf)',
      },
    ],
    [
      'interrupts that VFIO is told not to mind',
      unremapped(true),
      CARD,
      {
        severity: 'warning',
        what: 'interrupt remapping is off, and VFIO is told to do without: a guest can send the host interrupts of its choice',
        evidence:
          'the kernel says "AMD-Vi: Disabling interrupt remapping due to BIOS Bug(s)"; /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts is Y',
        next: REMAPPING,
      },
    ],
  ])('%s', (_, host, device, remark) => {
    expect(remarksOf(usable, host, device)).toEqual([remark])
    expect(resultOf(usable, host, device).is).toBe('passed')
  })

  it.each<[string, Host, string]>([
    [
      'by the command line',
      withCmdline(unremapped(), 'vfio_iommu_type1.allow_unsafe_interrupts=1'),
      '/proc/cmdline has vfio_iommu_type1.allow_unsafe_interrupts',
    ],
    [
      'by modprobe.d, also of iommufd',
      withFiles(unremapped(), { '/etc/modprobe.d/x.conf': 'options iommufd allow_unsafe_interrupts\n' }),
      '/etc/modprobe.d/x.conf says options iommufd allow_unsafe_interrupts',
    ],
  ])('interrupts that VFIO will be told not to mind, %s', (_, host, evidence) => {
    expect(resultOf(usable, host, CARD).is).toBe('passed')
    expect(remarksOf(usable, host, CARD)).toMatchObject([{ evidence: expect.stringContaining(evidence) }])
  })

  it('an option that says no is none', () => {
    const host = withFiles(unremapped(), {
      '/etc/modprobe.d/x.conf': 'options vfio_iommu_type1 allow_unsafe_interrupts=0\n',
    })
    expect(resultOf(usable, host, CARD).is).toBe('failed')
  })

  it('not interrupts where there is no IOMMU for them to go through', () => {
    expect(remarksOf(usable, dark(unremapped()), CARD)).toEqual([])
    expect(resultOf(usable, dark(unremapped()), CARD).is).toBe('passed')
  })

  it.each<[string, Host]>([
    ['a function that is reset with its card', withDevice(aReadyHost(), SOUND, { resetMethods: [] })],
    ['a kernel that does not tell of resets', withDevice(aReadyHost(), SOUND, { resetMethods: undefined })],
    [
      'faults of others',
      withLog(aReadyHost(), ['AMD-Vi: Event logged [IO_PAGE_FAULT device=09:00.0 domain=0x0015]']),
    ],
  ])('not %s', (_, host) => {
    expect(remarksOf(usable, host, SOUND)).toEqual([])
  })

  it.each<[string, Host]>([
    [
      'a card of AMD’s that can reset itself',
      withDevice(aReadyHost(), CARD, { ...NAVI_21, resetMethods: ['flr', 'bus'] }),
    ],
    [
      'one that vendor-reset resets',
      withDevice(aReadyHost(), CARD, { ...POLARIS, resetMethods: ['device_specific', 'bus'] }),
    ],
    [
      'one from before PCI Express, which its bus resets',
      withDevice(aReadyHost(), CARD, { link: undefined, resetMethods: ['bus'] }),
    ],
  ])('not %s', (_, host) => {
    expect(remarksOf(usable, host, CARD)).toEqual([])
  })
})
