import { applyChanges, write } from '../../host/change.ts'
import type { Host, MenuEntry } from '../../host/host.ts'
import { sameTokens, splitArgs } from '../../host/kernel_args.ts'
import { ifKnown, predicted } from '../../host/known.ts'
import { menuOf, withMenu } from '../../host/menus.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, cmdlineHas, loaderInfo, path, variablesAreHidden } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader } from './bootloader.ts'
import { espMenu, isLinuxEntry, nextOfMenu } from './entries/esp_menu.ts'
import { KERNEL_CMDLINE, seedOf } from './lines/kernel_cmdline.ts'
import { bytesOf, editWrittenLines, tokensOf, type WrittenLine } from './lines/written_line.ts'

const NAME = 'proxmox-boot-tool'
const ESPS = '/etc/kernel/proxmox-boot-uuids'
const PINS = ['/etc/kernel/next-boot-pin', '/etc/kernel/proxmox-boot-pin'] as const

/**
 * Proxmox where it boots by systemd-boot: one line in /etc/kernel/cmdline, copied with the kernels to each of its ESPs.
 * The same tool serves GRUB where that boots the machine (Secure Boot, BIOS): then it is GRUB that is configured.
 */
export const proxmoxBootTool: Bootloader = {
  name: NAME,
  evidence: all(
    path(ESPS),
    any(
      loaderInfo(/^systemd-boot /),
      all(
        variablesAreHidden,
        cmdlineHas(/^initrd=\\EFI\\proxmox\\/, 'initrd=\\EFI\\proxmox\\… is on the command line'),
      ),
    ),
  ),
  manages: ['systemd-boot'],
  reads: [ESPS, KERNEL_CMDLINE, ...PINS],
  observes: espMenu(
    `[ -d "$root/sys/firmware/efi" ] && sed -n "s,^[0-9A-Fa-f]\\{4\\}-[0-9A-Fa-f]\\{4\\}$,/dev/disk/by-uuid/&,p" "$root${ESPS}"`,
    { name: NAME, roots: [], idsHaveSuffix: true },
  ),
  configured: host => lineTokens(host),
  edit(host, edits) {
    const now = menuOf(host, NAME)
    if (now.is === 'unknown') return noMenu(now.why)
    const begun = begin(host)
    const line = lineOf(begun)
    if (isRefusal(line)) return line
    const changes = editWrittenLines(begun, [line], edits)
    if (isRefusal(changes) || changes.length === 0) return changes
    return write(host, KERNEL_CMDLINE, bytesOf(applyChanges(begun, changes), KERNEL_CMDLINE))
  },
  next(host) {
    const now = menuOf(host, NAME)
    return now.is === 'unknown' ? noMenu(now.why) : nextOfMenu(host, NAME, now.value)
  },
  get menu() {
    return proxmoxEsps
  },
}

/** Where there is no file the tool takes the line of the running kernel, and a new file has to begin with that. */
function begin(host: Host): Host {
  if (KERNEL_CMDLINE in host.files) return host
  const bytes = `${seedOf(ifKnown(host.cmdline) ?? []).join(' ')}\n`
  return { ...host, files: { ...host.files, [KERNEL_CMDLINE]: { bytes, mode: '644' } } }
}

function lineTokens(host: Host): readonly string[] | Refusal {
  const begun = begin(host)
  const line = lineOf(begun)
  return isRefusal(line) ? line : tokensOf(begun, line)
}

/** The tool takes the first line only, and stops where it has no root= (zz-proxmox-boot). */
function lineOf(host: Host): WrittenLine | Refusal {
  const refusal = refuseText(host, KERNEL_CMDLINE)
  if (refusal !== undefined) return refusal
  const [text = ''] = bytesOf(host, KERNEL_CMDLINE).split('\n', 1)
  return text.includes('root=') ? { path: KERNEL_CMDLINE, start: 0, end: text.length } : noRoot
}

/** On every ESP, with the kernels and images. */
export const proxmoxEsps: Artifact = {
  kind: 'menu',
  title: 'the boot entries on the ESPs',
  rebuild: () => [[NAME, 'refresh']],
  // On file systems that only the tool mounts.
  writes: () => [],
  restoredBy: () => [[NAME, 'refresh']],
  isStale(host) {
    const now = ifKnown(menuOf(host, NAME))
    const wanted = lineTokens(host)
    if (now === undefined || isRefusal(wanted)) return undefined
    const stale = now.entries.find(entry => isItsOwn(entry) && !sameTokens(optionsOf(entry), wanted))
    return stale && `${stale.id} on ${stale.source} does not carry the arguments of ${KERNEL_CMDLINE}`
  },
  derive(host) {
    const now = ifKnown(menuOf(host, NAME))
    const wanted = lineTokens(host)
    if (now === undefined || isRefusal(wanted)) return host
    const entries = now.entries.map(entry =>
      isItsOwn(entry) ? { ...entry, args: [...initrdsOf(entry), ...wanted] } : entry,
    )
    const menu = predicted({ ...now, default: pinned(host), entries })
    return withMenu(host, NAME, menu)
  },
}

const isItsOwn = (entry: MenuEntry): boolean => isLinuxEntry(entry) && entry.id.startsWith('proxmox-')
const isInitrd = (token: string): boolean => token.startsWith('initrd=\\')
const initrdsOf = ({ args }: MenuEntry): readonly string[] => args.filter(isInitrd)
const optionsOf = ({ args }: MenuEntry): readonly string[] => args.filter(token => !isInitrd(token))

/** A refresh sets the default: the kernel that is pinned, or the newest. */
function pinned(host: Host): string {
  const pins = PINS.filter(file => file in host.files).map(file => splitArgs(bytesOf(host, file))[0] ?? '')
  return pins[0] === undefined || pins[0] === '' ? 'proxmox-*' : `proxmox-${pins[0]}.conf`
}

/** Without it nobody could tell afterwards whether the arguments have arrived. */
const noMenu = (why: string): Refusal =>
  refuse(
    `the boot entries on the ESPs cannot be read: ${why}`,
    `run ${NAME} status by hand, read what it says, and run again`,
  )

const noRoot = refuse(
  `the first line of ${KERNEL_CMDLINE} has no root=, and ${NAME} refuses to copy it`,
  'write the whole command line there in one line, root= included, then run again',
)
