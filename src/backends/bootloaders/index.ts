import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import type { Bootloader } from './bootloader.ts'
import { grub } from './grub.ts'

interface Evidence {
  readonly says: string
  /** The boot itself left it; a file or a tool may lie there still when another loader boots the machine. */
  readonly ofBoot: boolean
}
type Check = (host: Host) => Evidence | undefined

/** What speaks for a loader having booted this machine; the strongest evidence is asked first. */
interface Detection {
  readonly name: string
  readonly evidence: Check
  /** undefined: known, not built yet; it is refused by name. */
  readonly adapter?: Bootloader
}

const tool =
  (name: string): Check =>
  host =>
    host.tools.includes(name) ? { says: `${name} is installed`, ofBoot: false } : undefined
const path =
  (name: string): Check =>
  host =>
    host.paths.includes(name) ? { says: `${name} exists`, ofBoot: name.startsWith('/run/') } : undefined
const cmdlineHas =
  (pattern: RegExp, says: string): Check =>
  host =>
    ifKnown(host.cmdline)?.some(token => pattern.test(token)) ? { says, ofBoot: true } : undefined
const loaderInfo =
  (pattern: RegExp): Check =>
  ({ firmware: { loaderInfo } }) =>
    pattern.test(loaderInfo ?? '')
      ? { says: `the firmware says "${loaderInfo}" booted it`, ofBoot: true }
      : undefined
const all =
  (...checks: Check[]): Check =>
  host => {
    const found = checks.flatMap(check => check(host) ?? [])
    return found.length === checks.length
      ? { says: found.map(({ says }) => says).join(', '), ofBoot: found.some(({ ofBoot }) => ofBoot) }
      : undefined
  }
const any =
  (...checks: Check[]): Check =>
  host =>
    checks.map(check => check(host)).find(one => one !== undefined)

/**
 * In order: owners that rewrite other loaders' files first, then what the firmware says booted, then what a
 * configuration alone suggests. /etc/default/grub is the weakest: it stays behind when the loader changes.
 */
const DETECTIONS: readonly Detection[] = [
  {
    name: 'rpm-ostree',
    evidence: any(path('/run/ostree-booted'), cmdlineHas(/^ostree=/, 'the command line has ostree=')),
  },
  { name: 'proxmox-boot-tool', evidence: path('/etc/kernel/proxmox-boot-uuids') },
  { name: 'kernelstub', evidence: path('/etc/kernelstub/configuration') },
  { name: 'sdbootutil', evidence: all(tool('sdbootutil'), loaderInfo(/./)) },
  { name: 'clr-boot-manager', evidence: tool('clr-boot-manager') },
  {
    name: 'Limine',
    evidence: any(
      loaderInfo(/^limine/i),
      path('/boot/limine.conf'),
      path('/boot/limine/limine.conf'),
      path('/boot/efi/limine.conf'),
    ),
  },
  { name: 'rEFInd', evidence: any(loaderInfo(/^rEFInd/i), path('/boot/refind_linux.conf')) },
  { name: 'Goofiboot', evidence: any(loaderInfo(/^goofiboot/i), path('/boot/efi/EFI/goofiboot')) },
  {
    name: 'a unified kernel image (UKI)',
    evidence: any(
      all(loaderInfo(/^systemd-(boot|stub)/), path('/etc/kernel/uki.conf')),
      loaderInfo(/^systemd-stub/),
      path('/boot/efi/EFI/Linux/*.efi'),
      path('/efi/EFI/Linux/*.efi'),
      path('/boot/EFI/Linux/*.efi'),
    ),
  },
  {
    name: 'systemd-boot',
    evidence: any(
      loaderInfo(/^systemd-boot/),
      all(cmdlineHas(/^initrd=\\/, 'initrd=\\… is on the command line'), path('/boot/loader/loader.conf')),
    ),
  },
  {
    name: 'syslinux',
    evidence: any(
      path('/boot/syslinux/syslinux.cfg'),
      path('/boot/extlinux/extlinux.conf'),
      path('/extlinux.conf'),
    ),
  },
  { name: 'grubby (BLS entries)', evidence: tool('grubby') },
  { name: 'GRUB', evidence: all(tool('update-grub'), path('/boot/grub/grub.cfg')), adapter: grub },
  {
    name: 'GRUB without update-grub',
    evidence: any(path('/boot/grub2/grub.cfg'), all(tool('grub-mkconfig'), path('/etc/default/grub'))),
  },
]

const BUILT = DETECTIONS.filter(detection => detection.adapter !== undefined).map(detection => detection.name)

/** The loader that boots this machine, or why none can be edited. */
export function findBootloader(
  host: Host,
): { readonly loader: Bootloader; readonly evidence: string } | Refusal {
  for (const { name, evidence, adapter } of DETECTIONS) {
    const found = evidence(host)
    if (found === undefined) continue
    if (adapter !== undefined) return { loader: adapter, evidence: found.says }
    return refuse(
      found.ofBoot
        ? `this machine is booted by ${name} (${found.says}), which this version does not edit`
        : `this machine has ${name} (${found.says}), and may be booted by it; this version does not edit it`,
      `it edits ${BUILT.join(', ')}; set the kernel arguments by hand, or leave this host out with --limit`,
    )
  }
  return refuse(
    'no bootloader was found: neither GRUB (update-grub and /boot/grub/grub.cfg) nor another one that is known here',
    'set the kernel arguments where this machine is booted from, by hand',
  )
}

/** Programs and paths that the gather script looks for, so that detection has its evidence. */
export const LOADER_TOOLS = [
  'grubby',
  'sdbootutil',
  'clr-boot-manager',
  'update-grub',
  'grub-mkconfig',
  'grub2-mkconfig',
  'bootctl',
] as const
export const LOADER_PATHS = [
  '/run/ostree-booted',
  '/etc/kernel/proxmox-boot-uuids',
  '/etc/kernelstub/configuration',
  '/boot/limine.conf',
  '/boot/limine/limine.conf',
  '/boot/efi/limine.conf',
  '/boot/refind_linux.conf',
  '/boot/efi/EFI/goofiboot',
  '/etc/kernel/uki.conf',
  '/boot/efi/EFI/Linux/*.efi',
  '/efi/EFI/Linux/*.efi',
  '/boot/EFI/Linux/*.efi',
  '/boot/loader/loader.conf',
  '/boot/syslinux/syslinux.cfg',
  '/boot/extlinux/extlinux.conf',
  '/extlinux.conf',
  '/boot/grub/grub.cfg',
  '/boot/grub2/grub.cfg',
  '/etc/default/grub',
] as const
