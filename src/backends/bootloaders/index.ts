import type { Argv } from '../../host/change.ts'
import type { Fact } from '../../host/facts/fact.ts'
import type { Host, Menu } from '../../host/host.ts'
import { ifKnown, type Known } from '../../host/known.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Found } from '../evidence.ts'
import type { Bootloader, NextBoot } from './bootloader.ts'
import { clrBootManager } from './clr_boot_manager.ts'
import { goofiboot } from './goofiboot.ts'
import { grub } from './grub.ts'
import { grubby } from './grubby.ts'
import { kernelstub } from './kernelstub.ts'
import { limine } from './limine.ts'
import { proxmoxBootTool } from './proxmox_boot_tool.ts'
import { refind } from './refind.ts'
import { rpmOstree } from './rpm_ostree.ts'
import { sdbootutil } from './sdbootutil.ts'
import { syslinux } from './syslinux.ts'
import { systemdBoot } from './systemd_boot.ts'
import { uki } from './uki.ts'

/** One line each, the usual ones first: texts list them in this order, and nothing else hangs on it. */
export const BOOTLOADERS: readonly Bootloader[] = [
  grub,
  grubby,
  systemdBoot,
  uki,
  rpmOstree,
  proxmoxBootTool,
  kernelstub,
  sdbootutil,
  clrBootManager,
  goofiboot,
  refind,
  syslinux,
  limine,
]

export interface FoundBootloader {
  readonly loader: Bootloader
  readonly evidence: string
}

/**
 * The loader that boots this machine, or why none can be edited. What the boot itself left outweighs files and tools:
 * /etc/default/grub stays behind when the loader changes. Two plausible answers are a refusal, never a guess.
 */
export function findBootloader(host: Host): FoundBootloader | Refusal {
  const found = BOOTLOADERS.flatMap(loader => {
    const evidence = loader.evidence.find(host)
    return evidence === undefined ? [] : [{ loader, evidence }]
  })
  if (host.bootloader !== undefined) return namedByUser(host.bootloader, found)
  if (isStartedByFirmware(host, found)) return startedByFirmware
  const plausible = mostPlausible(found)
  const [first, second] = plausible
  if (first === undefined) return nothingFound
  return second === undefined ? { loader: first.loader, evidence: first.evidence.says } : ambiguous(plausible)
}

/** What boots next when nobody touches a key, by the loader that boots this machine. */
export function nextBoot(host: Host): NextBoot | Refusal {
  const found = findBootloader(host)
  return isRefusal(found) ? found : found.loader.next(host)
}

/**
 * What the loaders at work here need once images were made anew (Bootloader.followImages). Limine may start the unified
 * image that booted the machine.
 */
export function followImages(host: Host, images: readonly string[]): readonly Argv[] | Refusal {
  const chosen = findBootloader(host)
  const atWork = BOOTLOADERS.filter(
    loader => (!isRefusal(chosen) && loader === chosen.loader) || loader.evidence.find(host)?.ofBoot,
  )
  const answers = atWork.map(loader => loader.followImages?.(host, images) ?? [])
  return answers.find(isRefusal) ?? answers.flatMap(answer => (isRefusal(answer) ? [] : answer))
}

/**
 * An EFISTUB boot: variables can be read, and no loader left its name in them, nor BOOT_IMAGE= on the line. initrd=\…
 * then is from the firmware's own boot entry; without it files of a loader may still be right (kexec takes BOOT_IMAGE=
 * away).
 */
function isStartedByFirmware({ firmware, cmdline }: Host, found: readonly Candidate[]): boolean {
  const { uefi, efiVariables, loaderInfo, stubInfo } = firmware
  const tokens = ifKnown(cmdline)
  if (!uefi || !efiVariables || loaderInfo !== undefined || stubInfo !== undefined) return false
  if (tokens === undefined || tokens.some(token => token.startsWith('BOOT_IMAGE='))) return false
  const isSure = tokens.some(token => /^initrd=.*\\/.test(token))
  return !found.some(({ evidence }) => evidence.ofBoot || !isSure)
}

interface Candidate {
  readonly loader: Bootloader
  readonly evidence: Found
}

function mostPlausible(found: readonly Candidate[]): readonly Candidate[] {
  const managed = (one: Candidate, by: Candidate) => by.loader.manages?.includes(one.loader.name) ?? false
  // Whoever writes a loader's files is as sure to be at work here as that loader is.
  const standing = found
    .filter(one => !found.some(other => managed(one, other)))
    .map(one => ({
      ...one,
      ofBoot: one.evidence.ofBoot || found.some(other => managed(other, one) && other.evidence.ofBoot),
    }))
  const ofBoot = standing.filter(one => one.ofBoot)
  return ofBoot.length > 0 ? ofBoot : standing
}

function namedByUser(name: string, found: readonly Candidate[]): FoundBootloader | Refusal {
  const one = found.find(({ loader }) => loader.name === name)
  if (one !== undefined) return { loader: one.loader, evidence: `bootloader: names it, ${one.evidence.says}` }
  return refuse(
    `bootloader: says ${name}, and nothing on this machine speaks for it`,
    found.length === 0
      ? 'set the kernel arguments where this machine is booted from, by hand'
      : `set bootloader: to ${found.length > 1 ? 'one of those' : 'the one'} found here, or leave it out: ${found.map(evidenceFor).join('; ')}`,
  )
}

const evidenceFor = ({ loader, evidence }: Candidate): string => `${loader.name} (${evidence.says})`

const ambiguous = (plausible: readonly Candidate[]): Refusal =>
  refuse(
    `more than one bootloader may boot this machine: ${plausible.map(evidenceFor).join('; ')}`,
    `say which it is with the argument bootloader: ${plausible.map(({ loader }) => loader.name).join(' or ')}`,
  )

const startedByFirmware: Refusal = refuse(
  'the firmware starts the kernel itself (EFISTUB; efibootmgr), and the kernel arguments are in its boot entry',
  'set them there by hand (efibootmgr --unicode), name the loader that is to be used with bootloader:, or leave this host out with --limit',
)

const nothingFound: Refusal = refuse(
  `no bootloader was found that is known here (${BOOTLOADERS.map(({ name }) => name).join(', ')})`,
  'set the kernel arguments where this machine is booted from, by hand, or leave this host out with --limit',
)

/** What the look at a host asks for, so that adapters have their evidence, their files and their menus. */
export const LOADER_TOOLS = [...new Set(BOOTLOADERS.flatMap(({ evidence }) => evidence.tools))]
export const LOADER_PATHS = [...new Set(BOOTLOADERS.flatMap(({ evidence }) => evidence.paths))]
export const LOADER_FILES = [...new Set(BOOTLOADERS.flatMap(({ reads }) => reads))]
export const LOADER_MENUS: Readonly<Record<string, Fact<Known<Menu>>>> = Object.fromEntries(
  BOOTLOADERS.flatMap(({ name, observes }) => (observes === undefined ? [] : [[name, observes]])),
)
