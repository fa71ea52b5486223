import type { Framebuffer, PciDevice } from '../../host/host.ts'
import { describe, isDisplay, isVfioDriver } from '../../host/pci.ts'
import type { Finding } from '../finding.ts'
import { unremapped } from '../interrupts.ts'
import { quoted } from '../messages/said.ts'
import { resetTrouble } from '../reset.ts'
import {
  findingsOf,
  isReady,
  type Judge,
  judged,
  type Subject,
  type Untold,
  untold,
  withoutDevices,
} from './stage.ts'

const say = findingsOf('usable')

/** Whether a guest could have the devices that vfio-pci has. */
export const usable: Judge = subject => {
  const { chosen } = subject
  if (chosen.length === 0) return withoutDevices('usable')
  const found: (Finding | Untold)[] = [
    ...chosen.flatMap(device => [
      ...(isReady(device)
        ? heldBar(subject, device)
        : [untold(`${describe(device)} is not on vfio-pci yet`)]),
      ...remarks(subject, device),
    ]),
    ...remapping(subject),
  ]
  return judged('usable', subject, found, {
    says: 'nothing stands between them and a guest',
    evidence: '/proc/iomem, reset_method, and the kernel log',
  })
}

/** Mapping a BAR that the boot framebuffer lies in fails with -EBUSY (vfio_pci_core_mmap()). */
function heldBar({ host, messages }: Subject, device: PciDevice): (Finding | Untold)[] {
  const own = host.framebuffers.filter(one => one.device === device.address)
  // BOOTFB is the firmware's reservation, within which a driver may have one of its own.
  const framebuffer = own.find(({ name }) => name !== 'BOOTFB') ?? own[0]
  const message = messages?.heldBars.findLast(({ value }) => value.device === device.address)
  if (framebuffer === undefined && message === undefined)
    return host.uid === 0 || !isDisplay(device)
      ? []
      : [
          untold(
            `whether a framebuffer lies in ${describe(device)}: only root sees the addresses in /proc/iomem`,
          ),
        ]
  const bar = message === undefined ? 'a BAR' : `BAR ${message.value.bar}`
  const holder = framebuffer === undefined ? 'the boot framebuffer or another driver' : nameOf(framebuffer)
  const what = `${bar} of ${describe(device)} is held by ${holder}`
  const evidence = [
    ...(framebuffer === undefined ? [] : [`${framebuffer.name} in /proc/iomem`]),
    ...(message === undefined ? [] : [quoted(message.line)]),
  ].join('; ')
  // The message may be of a guest's start long ago; /proc/iomem is of now.
  return [(framebuffer === undefined ? say.warning : say.problem)(what, evidence, adviceFor(framebuffer))]
}

const nameOf = ({ name }: Framebuffer): string => HOLDERS.find(({ form }) => form.test(name))?.holder ?? name

/**
 * video=efifb:off does nothing to simpledrm, and initcall_blacklist=sysfb_init nothing on recent kernels: what works on
 * all is another boot display, or unbinding the platform device.
 */
function adviceFor(framebuffer: Framebuffer | undefined): string {
  const platform =
    HOLDERS.find(({ form }) => form.test(framebuffer?.name ?? ''))?.platform ?? 'simple-framebuffer'
  const unbind = `echo ${platform}.0 > /sys/bus/platform/drivers/${platform}/unbind`
  return `make another display the primary one in BIOS/UEFI; until then free it after each boot: ${unbind} (video=efifb:off does not reach simpledrm)`
}

/** Names in /proc/iomem, who is behind them, and what their platform device is called (drivers/firmware/sysfb.c). */
const HOLDERS: readonly { readonly form: RegExp; readonly holder: string; readonly platform: string }[] = [
  { form: /^simple/, holder: 'simpledrm', platform: 'simple-framebuffer' },
  { form: /^BOOTFB/, holder: 'the boot framebuffer', platform: 'simple-framebuffer' },
  { form: /^efi/, holder: 'efifb', platform: 'efi-framebuffer' },
  { form: /^vesa/, holder: 'vesafb', platform: 'vesa-framebuffer' },
]

const remarks = (subject: Subject, device: PciDevice): Finding[] => [
  ...inUse(subject, device),
  ...[resetTrouble(subject.host, device) ?? []].flat(),
  ...faults(subject, device),
  ...rom(subject, device),
  ...virtualFunctions(device),
]

/** Whoever has the group's file open has the devices of the group. */
function inUse({ host }: Subject, device: PciDevice): Finding[] {
  const holder = host.holders.find(one => one.device === device.address && one.path.startsWith('/dev/vfio/'))
  return holder === undefined
    ? []
    : [
        say.note(
          `${describe(device)} is in use now by ${holder.process} (${holder.pid})`,
          `it has ${holder.path} open`,
        ),
      ]
}

function faults({ messages }: Subject, device: PciDevice): Finding[] {
  const own = (messages?.faults ?? []).filter(({ value }) => value.device === device.address)
  const [first] = own
  return first === undefined
    ? []
    : [
        say.warning(
          `the IOMMU stopped ${own.length === 1 ? 'an access' : `${own.length} accesses`} of ${describe(device)} (${first.value.kind})`,
          quoted(first.line),
          'a guest’s driver, or the firmware’s tables, let it reach where it may not: see what ran then',
        ),
      ]
}

function rom({ messages }: Subject, device: PciDevice): Finding[] {
  const bad = messages?.badRoms.find(
    ({ value }) => value.device === device.address && isVfioDriver(value.driver),
  )
  return bad === undefined
    ? []
    : [
        say.note(
          `the ROM of ${describe(device)} could not be read: it begins with ${bad.value.got}`,
          quoted(bad.line),
          'if the guest has no picture at boot, give it the ROM as a file (romfile=)',
        ),
      ]
}

const virtualFunctions = (device: PciDevice): Finding[] =>
  isReady(device) && (device.sriov?.vfs ?? 0) > 0
    ? [
        say.warning(
          `${describe(device)} has ${device.sriov?.vfs} virtual functions, which depend on its driver`,
          `/sys/bus/pci/devices/${device.address}/sriov_numvfs`,
          'give the guest virtual functions instead (sriov: vf)',
        ),
      ]
    : []

function remapping({ host, messages }: Subject): Finding[] {
  const trouble = unremapped(host, messages?.interruptRemapping)
  if (trouble === undefined) return []
  const { isAccepted, what, evidence, next } = trouble
  return [(isAccepted ? say.warning : say.problem)(what, evidence, next)]
}
