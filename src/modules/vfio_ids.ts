import { z } from 'zod'
import { findBootloader } from '../backends/bootloaders/index.ts'
import { isVfioBuiltInEverywhere } from '../host/builtin_vfio.ts'
import { applyChanges, type Change, placesOf, write } from '../host/change.ts'
import { matches, resolveDevices } from '../host/devices.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { inheritedInterlock, interlock } from '../host/interlocks.ts'
import { effectiveValues, kernelArgs, keyOf, normaliseKey, sameTokens } from '../host/kernel_args.ts'
import { ifKnown } from '../host/known.ts'
import type { Lock } from '../host/measured_boot.ts'
import {
  type Directive,
  keptFromLoading,
  loadsVfioFirst,
  modprobeDirectives,
  moduleName,
  parseModprobe,
  vfioIdsDirective,
} from '../host/modprobe.ts'
import { builtinRival, nativeModules } from '../host/native_drivers.ts'
import { describe, idOf, isVendorDevice, isVfioDriver } from '../host/pci.ts'
import { refuseLackingVfio } from '../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import * as shared from './arguments.ts'
import { defineModule, type Outcome, rebuildsOf } from './define.ts'
import { planKernelLine } from './kernel_line.ts'
import {
  appendLines,
  isOfAnyModule,
  refuseDirectives,
  refuseHiding,
  refuseWriting,
  removeLines,
} from './modprobe_file.ts'

const KEY = 'vfio-pci.ids'

const args = z.strictObject({
  devices: shared.devices,
  state: shared.state,
  file: shared.modprobeFile
    .default('/etc/modprobe.d/vfio.conf')
    .describe('where `options vfio-pci ids=` goes when no file has it yet'),
  bootloader: shared.bootloader,
  allow: shared.allow,
})

export const vfio_ids = defineModule({
  name: 'vfio_ids',
  summary: 'Claim devices for vfio-pci by their vendor:device ids',
  description: `Writes the ids to both places that vfio-pci reads, and keeps them equal: \`options vfio-pci ids=\` in
/etc/modprobe.d/vfio.conf, and \`vfio-pci.ids=\` on the kernel command line. The latter silently replaces the former,
and is the only one that a vfio-pci compiled into the kernel sees. Ids that are there already are kept.

It also writes \`softdep DRIVER pre: vfio-pci\` for the drivers that would take the devices, because initramfs-tools
loads its module list only after udev has loaded every driver in the image, and mkinitcpio's systemd hook does not keep
the order of its list.

Where vfio-pci is compiled into every installed kernel (Ubuntu) modprobe.d has no say in it: nothing is written there,
and the command line alone claims the devices.

Blocked, with the name of what would be lost, where a device or its IOMMU group is the boot or last display, carries our
connection or the default route, or is the controller of the host's file systems; where an id is also that of a device
that was not chosen; where the device's own driver is compiled into a kernel and binds first; where modprobe.d or
\`module_blacklist=\` keeps vfio-pci from being loaded; and behind Intel VMD.

\`state: absent\` takes these devices' ids away again and leaves others.`,
  args,
  example: `- name: Claim the card and the USB controller
  vfio_ids:
    devices: ["10de:13c2", "10de:0fbb", "06:00.0"]
  notify: reboot`,
  plan(host, { devices, state, file, allow }) {
    const how = { file, allow }
    const outcome = state === 'present' ? claim(host, devices, how) : release(host, devices, how)
    return isRefusal(outcome) ? { kind: 'blocked', why: outcome.why, hint: outcome.hint } : outcome
  },
})

interface Writing {
  /** For what no file of modprobe.d has yet. */
  readonly file: string
  /** What a change of the command line may cost. */
  readonly allow: readonly Lock[]
}

function claim(host: Host, selectors: readonly string[], how: Writing): Outcome | Refusal {
  const chosen = resolveDevices(host, selectors)
  if (isRefusal(chosen)) return chosen
  const refusal = interlock(host, chosen, groupsWillChange(host)) ?? unbindable(host, chosen)
  if (refusal !== undefined) return refusal
  const before = claimedIds(host)
  if (isRefusal(before)) return before
  const ids = [...new Set([...before, ...chosen.map(idOf)])]
  const inherited = inheritedInterlock(host, chosen, ids)
  if (inherited !== undefined) return inherited
  const outcome = planBoth(
    host,
    ids,
    how,
    softdeps(host, chosen, how.file),
    `vfio-pci claims ${ids.join(', ')}${isVfioBuiltInEverywhere(host) ? BUILT_IN : ''}`,
  )
  if (isRefusal(outcome) || outcome.kind !== 'converged') return outcome
  return inEffect(chosen, driver => isVfioDriver(driver), `vfio-pci has ${chosen.map(describe).join(', ')}`)
}

const BUILT_IN =
  ' (it is compiled into every kernel here, so that only the command line counts and modprobe.d cannot)'

function release(host: Host, selectors: readonly string[], how: Writing): Outcome | Refusal {
  // An id can be taken away though its device is gone; an address without a device names nothing.
  const known = resolveDevices(
    host,
    selectors.filter(selector => !isVendorDevice(selector)),
  )
  if (isRefusal(known)) return known
  const chosen = host.devices.filter(device => selectors.some(selector => matches(device, selector)))
  const gone = new Set([...chosen.map(idOf), ...selectors.filter(isVendorDevice).map(id => id.toLowerCase())])
  const before = claimedIds(host)
  if (isRefusal(before)) return before
  // An id with a subvendor is one of the same device (drivers/vfio/pci/vfio_pci.c).
  const ids = before.filter(id => !gone.has(id.split(':', 2).join(':')))
  const extra = ids.length === 0 ? ourSoftdeps(host, how.file) : []
  const what = ids.length === 0 ? 'vfio-pci claims nothing' : `vfio-pci claims only ${ids.join(', ')}`
  const outcome = planBoth(host, ids, how, extra, what)
  if (isRefusal(outcome) || outcome.kind !== 'converged') return outcome
  return inEffect(chosen, driver => !isVfioDriver(driver), `${what}: ${[...gone].join(', ')} given back`)
}

/** Both places: modprobe.d first, then the command line on top of it. */
function planBoth(
  host: Host,
  ids: readonly string[],
  { file, allow }: Writing,
  lines: LineChange[],
  what: string,
): Outcome | Refusal {
  const options = setOptions(host, ids, file)
  if (isRefusal(options)) return options
  const inFile = [...options]
  for (const line of lines) inFile.push(...line(applyChanges(host, inFile)))
  const unfit = refuseWriting(host, inFile) ?? refuseHiding(host, inFile)
  if (unfit !== undefined) return unfit
  const edits = [{ op: 'set', key: KEY, values: ids }] as const
  const outcome = planKernelLine(applyChanges(host, inFile), edits, what, { allow })
  if (inFile.length === 0 || outcome.kind === 'blocked') return outcome
  const changes = outcome.kind === 'change' ? [...inFile, ...outcome.changes] : inFile
  const rebuild = rebuildsOf(outcome)
  return { kind: 'change', why: `${what}, in ${placesOf(changes)}`, changes, rebuild }
}

type LineChange = (host: Host) => readonly Change[]

/** An override that is configured and not yet booted: today's groups are not those of the next boot. */
function groupsWillChange(host: Host): boolean {
  const found = findBootloader(host)
  if (isRefusal(found)) return false
  const configured = found.loader.configured(host)
  if (isRefusal(configured)) return false
  const values = (tokens: readonly string[]) => effectiveValues(tokens, 'pcie_acs_override').join()
  return values(configured) !== values(ifKnown(host.cmdline) ?? [])
}

function unbindable(host: Host, chosen: readonly PciDevice[]): Refusal | undefined {
  const behind = chosen.find(isBehindVmd)
  if (behind !== undefined)
    return refuse(
      `${describe(behind)} is behind Intel VMD, where vfio-pci cannot take a device`,
      'switch VMD off in BIOS/UEFI (it may be called Intel RST or RAID), if the host boots without it',
    )
  const lacking = refuseLackingVfio(host)
  if (lacking !== undefined) return lacking
  const cmdline = configuredLine(host)
  for (const kernel of host.kernels.filter(kernel => kernel.bootable)) {
    const kept = keptFromLoading(host, kernel, cmdline)
    if (kept !== undefined)
      return refuse(
        `${kept.by} keeps ${kept.module} from being loaded: without it no device can go to a guest`,
        'take it out, then run again',
      )
    for (const device of chosen) {
      const rival = builtinRival(host, kernel, device)
      if (rival !== undefined) {
        return refuse(
          `${rival} is compiled into kernel ${kernel.release} and takes ${describe(device)} before vfio-pci can`,
          'bind it at run time, or boot a kernel that has the driver as a module',
        )
      }
    }
  }
  return undefined
}

/** The VMD driver numbers its domains from 10000 (hex), beyond what ACPI can (drivers/pci/controller/vmd.c). */
const isBehindVmd = (device: PciDevice): boolean => Number.parseInt(device.address, 16) > 0xffff

/** None where there is no loader to ask, which is refused further on. */
function configuredLine(host: Host): readonly string[] {
  const found = findBootloader(host)
  const configured = isRefusal(found) ? found : found.loader.configured(host)
  return isRefusal(configured) ? [] : configured
}

/** What either place claims now; the command line counts where both do. */
function claimedIds(host: Host): readonly string[] | Refusal {
  const unreadable = refuseDirectives(host, isAboutVfio)
  if (unreadable !== undefined) return unreadable
  const found = findBootloader(host)
  if (isRefusal(found)) return found
  const configured = found.loader.configured(host)
  if (isRefusal(configured)) return configured
  // The kernel does not read on there, but modprobe does (kmod, libkmod-config.c).
  const init = configured.slice(kernelArgs(configured).length)
  const stray = init.find(token => keyOf(token) === normaliseKey(KEY))
  if (stray !== undefined)
    return refuse(
      `${stray} stands behind the -- on the kernel command line (${found.loader.name}), where modprobe reads it and the kernel does not`,
      'move it before the --, or remove it, then run again',
    )
  const inFile = vfioIdsDirective(modprobeDirectives(host))
  const ids = [...(inFile?.ids ?? []), ...effectiveValues(configured, KEY)]
  const odd = ids.find(id => !isVfioId(id))
  if (odd === undefined) return [...new Set(ids.map(id => id.toLowerCase()))]
  return refuse(
    `vfio-pci's ids hold "${odd}", which is no vendor:device id (${inFile?.ids.includes(odd) ? inFile.directive.path : found.loader.name})`,
    'mend or remove it, then run again',
  )
}

/** Its ids, what is loaded before or in place of it, and what a template may yet make of a line. */
const isAboutVfio = (directive: Directive): boolean =>
  ['options', 'softdep', 'install'].includes(directive.word) &&
  (isOfAnyModule(directive) || directive.rest.some(text => moduleName(text).startsWith('vfio')))

/** vendor:device[:subvendor[:subdevice[:class[:class_mask]]]] (drivers/vfio/pci/vfio_pci.c, vfio_pci_fill_ids()). */
const isVfioId = (id: string): boolean => /^[0-9a-f]{1,8}(:[0-9a-f]{1,8}){1,5}$/i.test(id)

/** A line that another one overrode counts again once that is gone, so all of them have to go. */
function setOptions(host: Host, ids: readonly string[], file: string): readonly Change[] | Refusal {
  const changes = setLastOptions(host, ids, file)
  if (isRefusal(changes) || changes.length === 0 || ids.length > 0) return changes
  const others = setOptions(applyChanges(host, changes), ids, file)
  return isRefusal(others) ? others : [...changes, ...others]
}

/** Edits the `options vfio-pci` line whose ids count, wherever it stands in /etc; else adds one to `file`. */
function setLastOptions(host: Host, ids: readonly string[], file: string): readonly Change[] | Refusal {
  const now = vfioIdsDirective(modprobeDirectives(host))
  // A line that is there already is kept equal: another kernel may bring vfio-pci as a module.
  if (now === undefined)
    return ids.length === 0 || isVfioBuiltInEverywhere(host)
      ? []
      : appendLines(host, file, [`options vfio-pci ids=${ids.join(',')}`])
  const { directive } = now
  if (sameTokens(now.ids, ids)) return []
  if (!directive.path.startsWith('/etc/'))
    return refuse(
      `${directive.path} sets vfio-pci's ids, and is not for us to edit`,
      'copy it to /etc/modprobe.d, which hides it, and run again',
    )
  const bytes = host.files[directive.path]?.bytes ?? ''
  const line = bytes.slice(directive.start, directive.end)
  const edited =
    ids.length > 0 ? line.replace(LAST_IDS, `$1ids=${ids.join(',')}`) : line.replace(LAST_IDS, '')
  if (/^\s*options\s+vfio[-_]pci\s*$/.test(edited)) return removeLines(host, directive.path, [directive])
  if (edited === line)
    return refuse(
      `${directive.path} writes vfio-pci's ids in a way that cannot be edited safely: ${line.trim()}`,
      'write them as options vfio-pci ids=…, on one line, then run again',
    )
  return write(host, directive.path, bytes.slice(0, directive.start) + edited + bytes.slice(directive.end))
}

/** The last `ids=` of an options line with the blanks before it; either can go on over the end of a line. */
const LAST_IDS = /((?:[ \t]|\\\n)+)ids=(?:\\\n|\S)*(?![\s\S]*(?:[ \t]|\\\n)ids=)/

/** For each rival driver that is a module somewhere: load vfio-pci before it. */
function softdeps(host: Host, chosen: readonly PciDevice[], file: string): LineChange[] {
  if (isVfioBuiltInEverywhere(host)) return []
  const rivals = [...new Set(chosen.flatMap(device => nativeModules(host, device)))]
  const missing = rivals.filter(module => loadsVfioFirst(modprobeDirectives(host), module) === undefined)
  return missing.map(module => overlay => appendLines(overlay, file, [softdepLine(module)]))
}

const softdepLine = (module: string): string => `softdep ${module} pre: vfio-pci`

/** Only lines of exactly our form, in our file. */
function ourSoftdeps(_host: Host, file: string): LineChange[] {
  return [
    overlay =>
      removeLines(
        overlay,
        file,
        parseModprobe(file, overlay.files[file]?.bytes ?? '').filter(
          ({ word, rest }) =>
            word === 'softdep' && `softdep ${rest.join(' ')}` === softdepLine(rest[0] ?? ''),
        ),
      ),
  ]
}

function inEffect(chosen: readonly PciDevice[], wanted: (driver: string) => boolean, what: string): Outcome {
  const unclear = chosen.find(device => device.driver.is === 'unknown')
  if (unclear?.driver.is === 'unknown')
    return { kind: 'unknown', why: `${describe(unclear)}: ${unclear.driver.why}` }
  const not = chosen.find(device => !wanted(ifKnown(device.driver) ?? ''))
  if (not === undefined) return { kind: 'converged', why: what }
  return {
    kind: 'pending',
    why: `${describe(not)} is on ${ifKnown(not.driver) || 'no driver'} until the next boot`,
    needs: 'reboot',
    brings: what,
  }
}
