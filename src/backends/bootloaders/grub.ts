import { write } from '../../host/change.ts'
import type { Menu, MenuEntry } from '../../host/host.ts'
import { splitArgs } from '../../host/kernel_args.ts'
import { ifKnown, predicted } from '../../host/known.ts'
import { isRefusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import type { Bootloader } from './bootloader.ts'
import { configuredTokens, GRUB_DEFAULT, type GrubConfig, readGrubConfig } from './grub_default.ts'
import { editGrubConfig } from './grub_edit.ts'

/** GRUB as Debian and Ubuntu have it: /etc/default/grub, its drop-ins, and update-grub. */
export const grub: Bootloader = {
  name: 'GRUB',
  configured(host) {
    if (!(GRUB_DEFAULT in host.files)) return noDefaults
    const config = readGrubConfig(host)
    return isRefusal(config) ? config : configuredTokens(config)
  },
  edit(host, edits) {
    if (!(GRUB_DEFAULT in host.files)) return noDefaults
    if (host.menu.is === 'unknown') return noMenu(host.menu.why)
    if (ours(host.menu.value).length === 0) return notOurs(host.menu.value)
    const files = editGrubConfig(host, edits)
    return isRefusal(files) ? files : files.flatMap(({ path, after }) => write(host, path, after))
  },
  get menu() {
    return menu
  },
}

const noDefaults = refuse(`there is no ${GRUB_DEFAULT}`, 'install grub-pc or grub-efi-amd64')

/** Without it nobody could tell afterwards whether the arguments have arrived. */
const noMenu = (why: string) =>
  refuse(`the boot menu cannot be read: ${why}`, 'run update-grub by hand, read what it says, and run again')

/** 10_linux_zfs and the like put the arguments together in ways of their own. */
const notOurs = ({ path, entries }: Menu) =>
  refuse(
    `no entry of ${path} comes from /etc/grub.d/10_linux (they come from ${[...new Set(entries.map(entry => entry.source))].join(', ') || 'nowhere'})`,
    'set the kernel arguments by hand, or leave this host out with --limit',
  )

const menu: Artifact = {
  kind: 'menu',
  title: 'the GRUB menu',
  rebuild: ['update-grub'],
  writes: host => [ifKnown(host.menu)?.path ?? '/boot/grub/grub.cfg'],
  isStale(host) {
    const now = ifKnown(host.menu)
    const config = readGrubConfig(host)
    if (isRefusal(config)) return undefined
    if (now === undefined) return 'the menu cannot be read'
    const stale = ours(now).find(entry => !carries(entry, config))
    return stale && `entry "${stale.title}" in ${now.path} does not carry the configured arguments`
  },
  derive(host) {
    const now = ifKnown(host.menu)
    const config = readGrubConfig(host)
    if (now === undefined || isRefusal(config)) return host
    const entries = now.entries.map(entry =>
      isOurs(entry) ? { ...entry, args: argsFor(entry, config) } : entry,
    )
    return { ...host, menu: predicted({ ...now, entries }) }
  },
}

// os-prober's, Xen's, custom and UEFI entries never carry our arguments (GRUB manual 6.1, /etc/grub.d).
const isOurs = (entry: MenuEntry): boolean => entry.source === '10_linux'
const ours = (now: Menu): MenuEntry[] => now.entries.filter(isOurs)

/** 10_linux appends the variables to what it works out itself; recovery entries only get the first. */
const suffixOf = (entry: MenuEntry, config: GrubConfig): string[] =>
  splitArgs(
    entry.recovery
      ? config.values.GRUB_CMDLINE_LINUX
      : `${config.values.GRUB_CMDLINE_LINUX} ${config.values.GRUB_CMDLINE_LINUX_DEFAULT}`,
  )

const carries = (entry: MenuEntry, config: GrubConfig): boolean => {
  const suffix = suffixOf(entry, config)
  const end = entry.args.length - tailOf(entry).length
  return sameTokens(entry.args.slice(ownLength(entry, suffix), end), suffix)
}

function argsFor(entry: MenuEntry, config: GrubConfig): string[] {
  const suffix = suffixOf(entry, config)
  return [...entry.args.slice(0, ownLength(entry, suffix)), ...suffix, ...tailOf(entry)]
}

/** With GRUB_FORCE_PARTUUID an entry has two lines: the second one is booted, without an initramfs. */
const INITRDLESS = 'panic=-1'

/** What 10_linux puts behind ours: Ubuntu's with `splash`, Debian's in the entries of other init systems. */
const tailOf = (entry: MenuEntry): string[] =>
  entry.args
    .slice(-1)
    .filter(
      arg =>
        arg === '$vt_handoff' ||
        arg === INITRDLESS ||
        (arg.startsWith('init=') && entry.id.includes('-init-')),
    )

/**
 * How many arguments 10_linux put before ours: up to `ro`, `single` or `recovery nomodeset` in recovery entries, and
 * the subvolume of a btrfs root.
 */
function ownLength(entry: MenuEntry, suffix: readonly string[]): number {
  const mode = entry.args.findIndex(arg => arg === 'ro' || arg === 'rw')
  let own = mode < 0 ? entry.args.findIndex(arg => arg.startsWith('root=')) + 1 : mode + 1
  const at = () => entry.args[own] ?? ''
  while (entry.recovery && ['single', 'recovery', 'nomodeset', 'dis_ucode_ldr'].includes(at())) own++
  return at().startsWith('rootflags=subvol=') && at() !== suffix[0] ? own + 1 : own
}

const sameTokens = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => unquoted(one) === unquoted(b[i] ?? ''))
/** grub.cfg is a script of its own: quotes that reach it are taken off before the kernel sees them. */
const unquoted = (token: string): string => token.replaceAll(/["\\]/g, '')

/** Reads the lines of a grub.cfg that say what would be booted, in their order. */
export function parseGrubMenu(path: string, lines: readonly string[], environment: readonly string[]): Menu {
  const entries: MenuEntry[] = []
  let source = ''
  let title = ''
  let id = ''
  let fallback = ''
  for (const line of lines) {
    const begin = /^### BEGIN \/etc\/grub\.d\/(\S+) ###/.exec(line)?.[1]
    const entry = /^\s*menuentry\s+(?:'([^']*)'|"([^"]*)")/.exec(line)
    const linux = /^\s*linux(?:16|efi)?\s+(\S+)\s*(.*)$/.exec(line)
    const chosen = /^\s*set default="(.*)"/.exec(line)?.[1]
    if (begin !== undefined) source = begin
    else if (entry !== null) {
      title = entry[1] ?? entry[2] ?? ''
      id = /\$menuentry_id_option\s+'([^']*)'/.exec(line)?.[1] ?? ''
    } else if (linux !== null) {
      const args = splitArgs(linux[2] ?? '')
      entries.push({
        title,
        id,
        source,
        kernel: linux[1] ?? '',
        args,
        recovery: /-recovery-/.test(id) || /\(recovery mode\)/.test(title),
      })
    } else if (chosen !== undefined && !chosen.includes('next_entry')) fallback = chosen
  }
  const variable = (name: string) =>
    environment.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  // grub-reboot(8): for one boot, before anything else.
  return { path, default: variable('next_entry') || fallback, saved: variable('saved_entry'), entries }
}

/** The entry a reboot takes: the saved one, the one named, or number N of the top level; undefined: cannot be told. */
export function bootEntry(now: Menu): MenuEntry | undefined {
  const wanted = now.default === '${saved_entry}' ? now.saved || '0' : now.default || '0'
  const leaf = wanted.split('>').at(-1) ?? wanted
  const isLeaf = (entry: MenuEntry) => entry.id === leaf || entry.title === leaf
  // The top level of Debian's menu is its newest kernel; what number N > 0 is depends on the submenus.
  const first = now.entries.find(isLeaf) ?? (wanted === '0' ? now.entries[0] : undefined)
  return first && now.entries.findLast(entry => entry.id === first.id && entry.title === first.title)
}

/** The release in a kernel's file name: /boot/vmlinuz-6.1.0-18-amd64. */
export const releaseOf = (entry: MenuEntry): string =>
  entry.kernel.replace(/^.*\/(?:vmlinuz|linux|bzImage)-/, '')
