import { findBootloader } from '../../backends/bootloaders/index.ts'
import { isVfioBuiltInEverywhere } from '../../host/builtin_vfio.ts'
import { applyChanges, type Change, write } from '../../host/change.ts'
import type { Host, PciDevice } from '../../host/host.ts'
import { effectiveValues, kernelArgs, keyOf, normaliseKey, sameTokens } from '../../host/kernel_args.ts'
import {
  type Directive,
  loadsVfioFirst,
  modprobeDirectives,
  moduleName,
  parseModprobe,
  vfioIdsDirective,
} from '../../host/modprobe.ts'
import { nativeModules } from '../../host/native_drivers.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { appendLines, isOfAnyModule, refuseDirectives, removeLines } from '../modprobe_file.ts'

/** The kernel argument that replaces the ids of modprobe.d without a word. */
export const IDS_KEY = 'vfio-pci.ids'

/** What either place claims now by id; the command line counts where both do. */
export function claimedIds(host: Host): readonly string[] | Refusal {
  const unreadable = refuseDirectives(host, isAboutVfio)
  if (unreadable !== undefined) return unreadable
  const found = findBootloader(host)
  if (isRefusal(found)) return found
  const configured = found.loader.configured(host)
  if (isRefusal(configured)) return configured
  // The kernel does not read on there, but modprobe does (kmod, libkmod-config.c).
  const init = configured.slice(kernelArgs(configured).length)
  const stray = init.find(token => keyOf(token) === normaliseKey(IDS_KEY))
  if (stray !== undefined)
    return refuse(
      `${stray} stands behind the -- on the kernel command line (${found.loader.name}), where modprobe reads it and the kernel does not`,
      'move it before the --, or remove it, then run again',
    )
  const inFile = vfioIdsDirective(modprobeDirectives(host))
  const ids = [...(inFile?.ids ?? []), ...effectiveValues(configured, IDS_KEY)]
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

/** vendor:device of an id that may name a subvendor too: one of the same device. */
export const plainId = (id: string): string => id.split(':', 2).join(':')

/** A line that another one overrode counts again once that is gone, so all of them have to go. */
export function setOptions(host: Host, ids: readonly string[], file: string): readonly Change[] | Refusal {
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

/** Changes to a file of modprobe.d on top of those before. */
export type LineChange = (host: Host) => readonly Change[]

/** For each rival driver that is a module somewhere: load vfio-pci before it. */
export function softdeps(host: Host, chosen: readonly PciDevice[], file: string): LineChange[] {
  if (isVfioBuiltInEverywhere(host)) return []
  const rivals = [...new Set(chosen.flatMap(device => nativeModules(host, device)))]
  const missing = rivals.filter(module => loadsVfioFirst(modprobeDirectives(host), module) === undefined)
  return missing.map(module => overlay => appendLines(overlay, file, [softdepLine(module)]))
}

const softdepLine = (module: string): string => `softdep ${module} pre: vfio-pci`

/** Takes away only lines of exactly our form, in our file. */
export const withoutSoftdeps =
  (file: string): LineChange =>
  host =>
    removeLines(
      host,
      file,
      parseModprobe(file, host.files[file]?.bytes ?? '').filter(
        ({ word, rest }) => word === 'softdep' && `softdep ${rest.join(' ')}` === softdepLine(rest[0] ?? ''),
      ),
    )
