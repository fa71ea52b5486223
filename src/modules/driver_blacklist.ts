import { z } from 'zod'
import { type Change, pathsOf } from '../host/change.ts'
import type { Host, PciDevice } from '../host/host.ts'
import { forbiddenBy, hintOf, lossesWithDriver } from '../host/interlocks/index.ts'
import { ifKnown } from '../host/known.ts'
import type { Lock } from '../host/locks.ts'
import {
  type Directive,
  isBlacklisted,
  modprobeDirectives,
  moduleName,
  parseModprobe,
} from '../host/modprobe.ts'
import { KNOWN_DRIVERS, moduleOf, NVIDIA_MODULES } from '../host/native_drivers.ts'
import { describe } from '../host/pci.ts'
import { looksLikeSlip } from '../nearest.ts'
import { allowWithDevices, driverName, modprobeFile, state } from './arguments.ts'
import { blocked, converged, defineModule, type Outcome } from './define.ts'
import {
  appendLines,
  isOfAnyModule,
  refuseDirectives,
  refuseHiding,
  refuseWriting,
  removeLines,
} from './modprobe_file.ts'

const args = z.strictObject({
  state,
  drivers: z.array(driverName).describe('module names, as lsmod shows them'),
  file: modprobeFile
    .optional()
    .describe(
      'where to write; by default nouveau.conf for the drivers of NVIDIA cards, amdgpu.conf for AMD’s, DRIVER.conf for others',
    ),
  allow: allowWithDevices,
})

export const driver_blacklist = defineModule({
  name: 'driver_blacklist',
  summary: 'Keep drivers from taking devices',
  description: `Writes \`blacklist DRIVER\` lines to /etc/modprobe.d. A driver that any modprobe.d file blacklists
already, or replaces by \`install DRIVER /bin/false\`, counts as done.

The lines must be in the initramfs to matter early: let \`initramfs_rebuild\` follow. A blacklist stops loading by
alias only, and it takes the driver from *every* card: blocked, until \`allow\` has its name, where the host's own
display, network or disks, or the virtual GPUs of guests, hang on it.`,
  args,
  example: `- name: Keep nouveau off the card
  driver_blacklist:
    drivers: [nouveau]
  notify: reboot`,
  plan(host, { state, drivers, file, allow }) {
    if (drivers.length === 0) return converged('no drivers are named')
    if (state === 'absent') return release(host, drivers, file)
    return useless(host, drivers) ?? costly(host, drivers, allow) ?? blacklist(host, drivers, file)
  },
})

/** The file names of the guide, by the make of the card. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  nouveau: NVIDIA_MODULES,
  amdgpu: ['amdgpu', 'radeon', 'fglrx'],
}

function fileFor(driver: string): string {
  const name = moduleName(driver)
  const family = Object.keys(FAMILIES).find(key => FAMILIES[key]?.includes(name))
  return `/etc/modprobe.d/${family ?? driver}.conf`
}

function blacklist(host: Host, drivers: readonly string[], file: string | undefined): Outcome {
  const directives = modprobeDirectives(host)
  const missing = drivers.filter(driver => isBlacklisted(directives, driver) === undefined)
  if (missing.length > 0) {
    const changes = addLines(host, missing, file)
    const unfit =
      refuseDirectives(host, directive => keepsOff(directive, missing)) ??
      refuseWriting(host, changes) ??
      refuseHiding(host, changes)
    if (unfit !== undefined) return blocked(unfit.why, unfit.hint)
    return {
      kind: 'change',
      why: `blacklist ${missing.join(', ')} in ${pathsOf(changes).join(', ')}`,
      changes,
    }
  }
  const bound = drivers.flatMap(driver => boundTo(host, driver))[0]
  if (bound !== undefined)
    return {
      kind: 'pending',
      why: `${ifKnown(bound.driver)} still drives ${describe(bound)}, until the next boot`,
      needs: 'reboot',
      brings: `blacklist ${drivers.join(', ')}`,
    }
  const places = [...new Set(drivers.map(driver => isBlacklisted(directives, driver)?.path ?? ''))]
  return converged(
    `${drivers.join(', ')} ${drivers.length > 1 ? 'are' : 'is'} blacklisted in ${places.join(', ')}`,
  )
}

/** A line that is meant to keep one of these off, or may be. */
const keepsOff = (directive: Directive, drivers: readonly string[]): boolean =>
  ['blacklist', 'install'].includes(directive.word) &&
  (isOfAnyModule(directive) ||
    drivers.some(driver => moduleName(driver) === moduleName(directive.rest[0] ?? '')))

const useless = (host: Host, drivers: readonly string[]): Outcome | undefined =>
  drivers.flatMap(driver => saysNothing(host, driver) ?? [])[0]

/** A name that a blacklist line would do nothing for. */
function saysNothing(host: Host, driver: string): Outcome | undefined {
  const name = moduleName(driver)
  const modules = ifKnown(host.driverModules) ?? {}
  const [shown, module] = Object.entries(modules).find(([key]) => moduleName(key) === name) ?? []
  if (shown !== undefined && module !== undefined && moduleName(module) !== name)
    return blocked(
      `${shown} is a driver of the module ${module}: name that`,
      `modprobe.d(5) knows modules only: write ${module} in place of ${driver}`,
    )
  const kernel = host.kernels.find(one => one.bootable && one.builtins.includes(name))
  if (kernel !== undefined)
    return blocked(
      `${driver} is compiled into kernel ${kernel.release}: a blacklist cannot keep it off`,
      'leave it out of the list, or boot a kernel that has it as a module',
    )
  const known = [...new Set([...KNOWN_DRIVERS, ...Object.values(FAMILIES).flat()])]
  const real = [...known, ...NEAR_BUT_REAL, ...Object.values(modules).map(moduleName)]
  const meant = real.includes(name) ? undefined : looksLikeSlip(name, known)
  return meant === undefined ? undefined : blocked(`no driver ${driver} is known here`, meant)
}

/** Modules of their own (lib/modules/…/modules.dep) whose names are near those of our table. */
const NEAR_BUT_REAL = ['ehci_hcd', 'ohci_hcd', 'xhci_hcd', 'whci_hcd', 'sdhci_pci', 'nvidia_fs']

/** What the host lives on goes with its driver, also where nobody has chosen the device. */
function costly(host: Host, drivers: readonly string[], allow: readonly Lock[]): Outcome | undefined {
  const loss = drivers
    .flatMap(driver => boundTo(host, driver))
    .flatMap(device => lossesWithDriver(host, device))
    .find(forbiddenBy(allow))
  return (
    loss &&
    blocked(
      `${ifKnown(loss.device.driver)} also drives ${describe(loss.device)}, which ${loss.what}`,
      hintOf(loss, 'leave it out of the list: vfio_ids loads vfio-pci before it for the chosen devices only'),
    )
  )
}

/** Devices that the module drives now; a driver's name may differ from its module's. */
const boundTo = (host: Host, module: string): PciDevice[] =>
  host.devices.filter(device => {
    const driver = ifKnown(device.driver)
    return driver !== undefined && driver !== '' && moduleOf(host, driver) === moduleName(module)
  })

function addLines(host: Host, drivers: readonly string[], file: string | undefined): Change[] {
  const byFile = Map.groupBy(drivers, driver => file ?? fileFor(driver))
  return [...byFile].flatMap(([path, names]) =>
    appendLines(
      host,
      path,
      names.map(name => `blacklist ${name}`),
    ),
  )
}

/** Only from the file we would write to: what stands elsewhere is somebody else's. */
function release(host: Host, drivers: readonly string[], file: string | undefined): Outcome {
  const byFile = Map.groupBy(drivers, driver => file ?? fileFor(driver))
  const changes = [...byFile].flatMap(([path, names]) => {
    const ours = parseModprobe(path, host.files[path]?.bytes ?? '').filter(
      ({ word, rest }) =>
        word === 'blacklist' && names.some(name => moduleName(name) === moduleName(rest[0] ?? '')),
    )
    return removeLines(host, path, ours)
  })
  const unfit =
    refuseDirectives(host, one => byFile.has(one.path) && keepsOff(one, drivers)) ??
    refuseWriting(host, changes)
  if (unfit !== undefined) return blocked(unfit.why, unfit.hint)
  if (changes.length > 0)
    return { kind: 'change', why: `${drivers.join(', ')} no longer blacklisted`, changes }
  return converged(`${drivers.join(', ')} ${drivers.length > 1 ? 'are' : 'is'} not blacklisted by us`)
}
