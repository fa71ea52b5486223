import { kernelImages } from '../../backends/initramfs/images.ts'
import { addressRuleOf, RULES_FILE } from '../../host/address_binding.ts'
import type { BindingOwner, Host, Image, InstalledKernel, PciDevice } from '../../host/host.ts'
import { effectiveValues, kernelArgs, keyOf } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import {
  isBlacklisted,
  keptFromLoading,
  loadsVfioFirst,
  modprobeDirectives,
  vfioIdsDirective,
} from '../../host/modprobe.ts'
import { builtinRival, moduleOf } from '../../host/native_drivers.ts'
import { idOf, isVfioDriver, shortAddress, slotOf } from '../../host/pci.ts'
import { quoted } from '../messages/said.ts'
import { notBooted } from './not_booted.ts'
import type { Subject } from './stage.ts'

/** Why a device is not on vfio-pci. */
export interface Cause {
  /** A clause that goes on from `… is on nouveau, not on vfio-pci: `; '' where nothing shows. */
  readonly because: string
  readonly evidence: string
  readonly next: string
}

type Explain = (subject: Subject, device: PciDevice) => Cause | undefined

/** The first cause that holds: what keeps vfio-pci from the device at all, then who has it in its place. */
export const causeOf = (subject: Subject, device: PciDevice): Cause =>
  CAUSES.map(explain => explain(subject, device)).find(cause => cause !== undefined) ?? {
    because: '',
    evidence: link(device),
    next: `look at the kernel log: journalctl -k -b | grep -e vfio -e ${shortAddress(device.address)}`,
  }

const link = ({ address }: PciDevice): string => `/sys/bus/pci/devices/${address}/driver`

const noGroup: Explain = (_, device) =>
  (ifKnown(device.group) ?? -1) >= 0
    ? undefined
    : {
        because: 'it is in no IOMMU group, so that vfio-pci refuses it',
        evidence: `there is no link /sys/bus/pci/devices/${device.address}/iommu_group`,
        next: 'see what the stage of the groups says',
      }

/** Five digits and more are the domains that VMD makes up (drivers/pci/controller/vmd.c). */
const behindVmd: Explain = (_, device) =>
  /^[0-9a-f]{5,}:/.test(device.address)
    ? {
        because: 'it is behind Intel VMD, where vfio-pci cannot take a device',
        evidence: `its domain in ${device.address}`,
        next: 'switch VMD off in BIOS/UEFI (it may be called Intel RST or RAID), if the host boots without it',
      }
    : undefined

/** drivers/pci/iov.c: a physical function that has virtual ones is not given to another driver. */
const virtualFunctions: Explain = (_, device) =>
  device.sriov === undefined || device.sriov.vfs === 0
    ? undefined
    : {
        because: `it has ${device.sriov.vfs} virtual functions, and is not given away while they exist`,
        evidence: `/sys/bus/pci/devices/${device.address}/sriov_numvfs`,
        next: 'choose its virtual functions (sriov: vf), or remove them: echo 0 to that file',
      }

const otherOverride: Explain = (_, device) =>
  device.driverOverride === '' || isVfioDriver(device.driverOverride)
    ? undefined
    : {
        because: `driver_override names ${device.driverOverride}`,
        evidence: `/sys/bus/pci/devices/${device.address}/driver_override`,
        next: 'find who writes it (driverctl list-overrides, a udev rule), and take it away there',
      }

const owned: Explain = ({ host }, device) => {
  const owner = ownerOf(host, device)
  return owner === undefined || isVfioDriver(owner.driver) || owner.driver === ''
    ? undefined
    : {
        because: `${owner.owner} gives it to ${owner.driver}`,
        evidence: owner.evidence,
        next: `let ${owner.owner} give it back, then reboot`,
      }
}

/** By its address, or by the whole slot. */
export const ownerOf = (host: Host, device: PciDevice): BindingOwner | undefined =>
  host.owners.find(owner => owner.device === device.address || owner.device === slotOf(device))

const unclaimed: Explain = ({ host }, device) => {
  if (addressRuleOf(host, device) !== undefined || isVfioDriver(device.driverOverride)) return undefined
  const id = idOf(device)
  const line = ifKnown(host.cmdline) ?? []
  if (claims(line, id)) return undefined
  const inFile = fileClaim(host, id)
  const missing = notBooted(host, 'present', other => claims(other, id), 'let vfio_ids claim it, then reboot')
  const isReplaced = kernelArgs(line).some(token => keyOf(token) === 'vfio_pci.ids')
  if (missing.because === '' && inFile !== undefined && isReplaced)
    return {
      because: `${inFile} claims ${id}, but the command line has a vfio-pci.ids= of its own, which replaces it`,
      evidence: `/proc/cmdline: vfio-pci.ids=${effectiveValues(line, 'vfio-pci.ids').join(',')}`,
      next: 'let vfio_ids write both places alike, then reboot',
    }
  // Claimed in modprobe.d alone, which is enough where something loads vfio-pci in time.
  if (missing.because === '' && inFile !== undefined && !isBuiltIn(host)) return undefined
  const compiled =
    inFile === undefined || !isBuiltIn(host)
      ? ''
      : ` (${inFile} has no say, as vfio-pci is compiled into the kernel)`
  return {
    ...missing,
    because: `the running kernel was booted without vfio-pci.ids=${id}${compiled}${missing.because === '' ? '' : `; ${missing.because}`}`,
  }
}

const claims = (line: readonly string[], id: string): boolean =>
  effectiveValues(line, 'vfio-pci.ids').some(one => one.toLowerCase().split(':', 2).join(':') === id)

/** The file of modprobe.d whose `options vfio-pci ids=` counts, where it names this id. */
function fileClaim(host: Host, id: string): string | undefined {
  const counting = vfioIdsDirective(modprobeDirectives(host))
  const isNamed = counting?.ids.some(one => one.toLowerCase().split(':', 2).join(':') === id) ?? false
  return isNamed ? counting?.directive.path : undefined
}

const runningKernel = (host: Host): InstalledKernel | undefined =>
  host.kernels.find(({ release }) => release === ifKnown(host.kernel))

const isBuiltIn = (host: Host): boolean => runningKernel(host)?.vfio.vfio_pci?.is === 'builtin'

const keptAway: Explain = ({ host }) => {
  const kernel = runningKernel(host)
  const kept = kernel && keptFromLoading(host, kernel, ifKnown(host.cmdline) ?? [])
  return kept === undefined
    ? undefined
    : {
        because: `${kept.module} is kept from being loaded`,
        evidence: kept.by,
        next: 'take it out, then reboot',
      }
}

const lacking: Explain = ({ host }) => {
  const kernel = runningKernel(host)
  return kernel === undefined || kernel.vfio.vfio_pci !== undefined
    ? undefined
    : {
        because: `the running kernel ${kernel.release} has no vfio-pci`,
        evidence: `/lib/modules/${kernel.release}`,
        next: 'boot a full kernel (not a cloud one)',
      }
}

/** -EINVAL has several reasons (drivers/vfio/pci/vfio_pci.c vfio_pci_probe(), vfio_main.c). */
const probeFailed: Explain = ({ messages }, device) => {
  const failed = messages?.probeFailures.findLast(
    ({ value }) => value.device === device.address && isVfioDriver(value.driver),
  )
  return (
    failed && {
      because: `vfio-pci tried it and gave up with error ${failed.value.error}`,
      evidence: quoted(failed.line),
      next:
        failed.value.error === -22
          ? 'it was in no IOMMU group then, is a bridge, is denied by name (Intel QAT: disable_denylist), or its IOMMU is not cache coherent: see the stages before'
          : 'look at what the kernel says around it: journalctl -k -b',
    }
  )
}

/** What older guides use to keep a device from its own driver; it is given by id, and compiled in on many kernels. */
const stubbed: Explain = ({ host }, device) => {
  if (ifKnown(device.driver) !== 'pci-stub') return undefined
  const ids = effectiveValues(ifKnown(host.cmdline) ?? [], 'pci-stub.ids')
  return {
    because: 'pci-stub was first',
    evidence: ids.length > 0 ? `/proc/cmdline: pci-stub.ids=${ids.join(',')}` : link(device),
    next: `take ${idOf(device)} out of pci-stub.ids (on the command line, in modprobe.d), then reboot`,
  }
}

/** Bound by its address: the rule writes driver_override first, and then moves it. */
const ruleIdle: Explain = ({ host }, device) => {
  if (addressRuleOf(host, device) === undefined) return undefined
  const hasRun = isVfioDriver(device.driverOverride)
  return {
    because: hasRun
      ? 'the rule that binds it by its address has run, and the kernel has not moved it'
      : 'the rule that binds it by its address has not run in this boot',
    evidence: `${RULES_FILE}; driver_override of ${shortAddress(device.address)} is ${device.driverOverride || 'empty'}`,
    next: hasRun
      ? 'look at the kernel log: journalctl -k -b; vfio_bind may move it now'
      : 'reboot; if the machine has been, let initramfs_rebuild put the rule into the images first',
  }
}

const compiledIn: Explain = ({ host }, device) => {
  const kernel = runningKernel(host)
  const rival = kernel && builtinRival(host, kernel, device)
  return rival === undefined
    ? undefined
    : {
        because: `${rival} is compiled into the running kernel and comes first`,
        evidence: `/lib/modules/${kernel?.release}/modules.builtin`,
        next: 'let vfio_ids bind it by its address, which takes it back from that driver; or move it with vfio_bind',
      }
}

/** Its own driver was loaded first: by an image that has another order, or for want of a softdep. */
const tooLate: Explain = ({ host }, device) => {
  const name = ifKnown(device.driver) ?? ''
  if (name === '') return undefined
  const module = moduleOf(host, name)
  const image = runningImage(host)
  // What is faster than a vfio-pci that the image loads is in the image, too.
  const where = image?.loads.includes('vfio_pci') ? ' from the initramfs' : ''
  const because = `${module} was loaded${where} before vfio-pci`
  const directives = modprobeDirectives(host)
  const said = loadsVfioFirst(directives, module) ?? isBlacklisted(directives, module)
  if (said === undefined)
    return {
      because,
      evidence: `no line of modprobe.d says softdep ${module} pre: vfio-pci`,
      next: 'let vfio_ids write it and initramfs_rebuild make the images anew, then reboot',
    }
  return {
    because: `${because}, though ${said.path} says ${said.word} ${said.rest.join(' ')}`,
    evidence: image === undefined ? link(device) : `${link(device)}; the content of ${image.path}`,
    next: 'reboot, if the images were made after the last boot; else look at journalctl -k -b for who loads it',
  }
}

const runningImage = (host: Host): Image | undefined =>
  kernelImages(host)
    .filter(({ kernel }) => kernel.release === ifKnown(host.kernel))
    .flatMap(({ image }) => ifKnown(image) ?? [])[0]

/** A module that is loaded has a link below its driver; recordings that hold none of them say nothing. */
const neverLoaded: Explain = ({ host }, device) => {
  const drivers = Object.keys(ifKnown(host.driverModules) ?? {})
  if (ifKnown(device.driver) !== '' || isBuiltIn(host) || drivers.length === 0) return undefined
  if (drivers.some(isVfioDriver)) return undefined
  return {
    because: 'nothing has loaded vfio-pci',
    evidence: 'there is no /sys/bus/pci/drivers/vfio-pci',
    next:
      runningImage(host) === undefined
        ? 'modprobe vfio-pci'
        : 'let initramfs_rebuild put it into the images, then reboot',
  }
}

const CAUSES: readonly Explain[] = [
  behindVmd,
  noGroup,
  virtualFunctions,
  otherOverride,
  owned,
  lacking,
  keptAway,
  probeFailed,
  unclaimed,
  stubbed,
  ruleIdle,
  compiledIn,
  tooLate,
  neverLoaded,
]
