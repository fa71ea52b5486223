import { type Argv, write } from '../../host/change.ts'
import type { Host, Menu, MenuEntry } from '../../host/host.ts'
import { splitArgs } from '../../host/kernel_args.ts'
import { ifKnown, predicted } from '../../host/known.ts'
import { menuOf, withMenu } from '../../host/menus.ts'
import { releaseAt } from '../../host/releases.ts'
import { isRefusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, cmdlineHas, loaderInfo, path, tool } from '../evidence.ts'
import type { Bootloader } from './bootloader.ts'
import { configuredTokens, GRUB_DEFAULT, type GrubConfig, readGrubConfig } from './formats/grub_default.ts'
import { editGrubConfig } from './formats/grub_edit.ts'
import {
  bootEntry,
  chooserOf,
  grubMenu,
  handedOver,
  MENUS,
  readsEntryFiles,
  variableArgs,
} from './formats/grub_menu.ts'

const NAME = 'GRUB'

/** GRUB with the menu that grub-mkconfig makes of /etc/default/grub and its drop-ins. */
export const grub: Bootloader = {
  name: NAME,
  evidence: all(
    any(tool('update-grub'), tool('grub-mkconfig'), tool('grub2-mkconfig')),
    any(...MENUS.map(path)),
    any(
      cmdlineHas(/^BOOT_IMAGE=/, 'BOOT_IMAGE= is on the command line'),
      loaderInfo(/^GRUB/),
      path(GRUB_DEFAULT),
    ),
  ),
  // /etc/sysconfig/grub of Fedora and RHEL is a link to it.
  reads: [GRUB_DEFAULT, '/etc/default/grub.d/*.cfg'],
  observes: grubMenu,
  configured(host) {
    if (!(GRUB_DEFAULT in host.files)) return noDefaults
    const config = readGrubConfig(host)
    return isRefusal(config) ? config : configuredTokens(config)
  },
  edit(host, edits) {
    if (!(GRUB_DEFAULT in host.files)) return noDefaults
    const now = menuOf(host, NAME)
    if (now.is === 'unknown') return noMenu(now.why)
    if (readsEntryFiles(now.value)) return noGrubby(now.value)
    if (ours(now.value).length === 0) return notOurs(now.value)
    if (turnsIntoFiles(host)) return anotherMenu(now.value)
    const files = editGrubConfig(host, edits, isRedHats(host) ? 'GRUB_CMDLINE_LINUX' : undefined)
    return isRefusal(files) ? files : files.flatMap(({ path, after }) => write(host, path, after))
  },
  next(host) {
    const now = menuOf(host, NAME)
    if (now.is === 'unknown') return noMenu(now.why)
    if (readsEntryFiles(now.value)) return noGrubby(now.value)
    const entry = bootEntry(now.value)
    if (entry === undefined)
      return refuse('which menu entry is booted cannot be told', 'look at the loader’s menu')
    if (entry.kernel === '')
      return refuse(
        `the default entry "${entry.title}" of ${now.value.path} boots no Linux`,
        'choose one that does (GRUB_DEFAULT, grub-set-default, grub-reboot), then run again',
      )
    return {
      title: entry.title,
      chosenBy: chooserOf(now.value),
      release: releaseAt(host, entry.kernel),
      cmdline: bootedWith(host, now.value, entry),
    }
  },
  get menu() {
    return menu
  },
}

/** Its installer writes no GRUB_CMDLINE_LINUX_DEFAULT, and its documentation (RHEL 7) knows none. */
const isRedHats = (host: Host): boolean => host.tools.includes('grubby')

/** GRUB says which kernel it loaded. openSUSE's variable is empty but in snapshots. */
const bootedWith = (host: Host, now: Menu, entry: MenuEntry): string[] => [
  `BOOT_IMAGE=${entry.kernel}`,
  ...entry.args
    .flatMap(arg => {
      if (arg === VT_HANDOFF) return handedOverConsole(host)
      return arg.startsWith('$') ? variableArgs(now, arg.replaceAll(/[${}]/g, '')) : [arg]
    })
    .map(arg => handedOver(arg) ?? arg),
]

/** Ubuntu's 10_linux sets it in graphics mode, and leaves it empty elsewhere: the last boot tells which of the two it is. */
const VT_HANDOFF = '$vt_handoff'
const handedOverConsole = (host: Host): string[] =>
  ifKnown(host.cmdline)?.filter(arg => arg.startsWith('vt.handoff=')) ?? []

const noDefaults = refuse(`there is no ${GRUB_DEFAULT}`, 'make one, which may be empty, then run again')

/** Without it nobody could tell afterwards whether the arguments have arrived. */
const noMenu = (why: string) =>
  refuse(
    `the boot menu cannot be read: ${why}`,
    'run update-grub (grub-mkconfig, grub2-mkconfig) by hand, read what it says, and run again',
  )

/** Fedora's and RHEL's grub2-mkconfig would make a menu of files in the place of this one; Debian's does not know it. */
const turnsIntoFiles = (host: Host): boolean =>
  isRedHats(host) && /^[ \t]*GRUB_ENABLE_BLSCFG=["']?true\b/m.test(host.files[GRUB_DEFAULT]?.bytes ?? '')

const anotherMenu = ({ path }: Menu) =>
  refuse(
    `${GRUB_DEFAULT} says GRUB_ENABLE_BLSCFG=true, and ${path} was made without: made anew, its entries would be others`,
    `choose: set it to false, or make the menu anew by hand (grub2-mkconfig -o ${path}), then run again`,
  )

const noGrubby = ({ path }: Menu) =>
  refuse(
    `${path} takes its entries from files (blscfg), and the program that edits them is missing`,
    'install grubby, then run again',
  )

/** 10_linux_zfs and the like put the arguments together in ways of their own. */
const notOurs = ({ path, entries }: Menu) =>
  refuse(
    `no entry of ${path} comes from /etc/grub.d/10_linux (they come from ${[...new Set(entries.map(entry => entry.source))].join(', ') || 'nowhere'})`,
    'set the kernel arguments by hand, or leave this host out with --limit',
  )

const menu: Artifact = {
  kind: 'menu',
  title: 'the GRUB menu',
  rebuild: host => [generatorOf(host)],
  writes: host => [pathOf(host)],
  isStale(host) {
    const now = ifKnown(menuOf(host, NAME))
    const config = readGrubConfig(host)
    if (isRefusal(config)) return undefined
    if (now === undefined) return 'the menu cannot be read'
    const stale = ours(now).find(entry => !carries(entry, config))
    return stale && `entry "${stale.title}" in ${now.path} does not carry the configured arguments`
  },
  derive(host) {
    const now = ifKnown(menuOf(host, NAME))
    const config = readGrubConfig(host)
    if (now === undefined || isRefusal(config)) return host
    const entries = now.entries.map(entry =>
      isOurs(entry) ? { ...entry, args: argsFor(entry, config) } : entry,
    )
    return withMenu(host, NAME, predicted({ ...now, entries }))
  },
}

const pathOf = (host: Host): string => ifKnown(menuOf(host, NAME))?.path ?? '/boot/grub/grub.cfg'

/** Debian's own word, which Manjaro and Void have too, knows the path; Fedora and openSUSE name the other program anew. */
function generatorOf(host: Host): Argv {
  const path = pathOf(host)
  const isUsual = path.startsWith('/boot/grub/')
  if (isUsual && host.tools.includes('update-grub')) return ['update-grub']
  const names = isUsual
    ? (['grub-mkconfig', 'grub2-mkconfig'] as const)
    : (['grub2-mkconfig', 'grub-mkconfig'] as const)
  return [names.find(name => host.tools.includes(name)) ?? names[0], '-o', path]
}

// os-prober's, Xen's, custom and UEFI entries never carry our arguments (GRUB manual 6.1, /etc/grub.d).
const isOurs = (entry: MenuEntry): boolean => entry.source === '10_linux' && entry.kernel !== ''
const ours = (now: Menu): MenuEntry[] => now.entries.filter(isOurs)

/** 10_linux appends the variables to what it works out itself; recovery entries only get the first. */
function suffixOf(entry: MenuEntry, { values }: GrubConfig): string[] {
  const linux = splitArgs(values.GRUB_CMDLINE_LINUX)
  const snapshot = entry.args.filter(arg => arg === SNAPSHOT)
  return [...linux, ...snapshot, ...(entry.recovery ? [] : splitArgs(values.GRUB_CMDLINE_LINUX_DEFAULT))]
}

/** openSUSE's for bootable snapshots, which it puts behind GRUB_CMDLINE_LINUX (grub2-btrfs-05-grub2-mkconfig.patch). */
const SNAPSHOT = '${extra_cmdline}'

const carries = (entry: MenuEntry, config: GrubConfig): boolean => {
  const suffix = suffixOf(entry, config)
  const end = entry.args.length - tailOf(entry, suffix).length
  const carried = entry.args.slice(ownLength(entry, suffix), end)
  return sameUnquoted(carried, suffix) || sameUnquoted(withoutLanguage(carried), suffix)
}

/** RHEL 7's new-kernel-pkg ends the entries of new kernels with LANG=, until grub2-mkconfig makes them anew. */
const withoutLanguage = (args: readonly string[]): readonly string[] =>
  args.at(-1)?.startsWith('LANG=') ? args.slice(0, -1) : args

function argsFor(entry: MenuEntry, config: GrubConfig): string[] {
  const suffix = suffixOf(entry, config)
  return [...entry.args.slice(0, ownLength(entry, suffix)), ...suffix, ...tailOf(entry, suffix)]
}

/** With GRUB_FORCE_PARTUUID an entry has two lines: the second one is booted, without an initramfs. */
const INITRDLESS = 'panic=-1'

/** What 10_linux puts behind ours: Ubuntu's with `splash`, Debian's in the entries of other init systems. */
function tailOf({ id, args }: MenuEntry, suffix: readonly string[]): string[] {
  const isTail = (arg: string) =>
    arg === VT_HANDOFF || arg === INITRDLESS || (arg.startsWith('init=') && id.includes('-init-'))
  // People write them as well: what is there no more often than it is configured is ours.
  const count = (tokens: readonly string[], arg: string) => tokens.filter(token => token === arg).length
  return args.slice(-1).filter(arg => isTail(arg) && count(args, arg) > count(suffix, arg))
}

/**
 * How many arguments 10_linux put before ours: root=; `ro`, or Arch's `rw`, and neither on openSUSE; `single` or
 * `recovery nomodeset` in recovery entries; and the subvolume of a btrfs root. kiwi's images leave root= to us.
 */
function ownLength(entry: MenuEntry, suffix: readonly string[]): number {
  let own = 0
  const at = () => entry.args[own] ?? ''
  if (at().startsWith('root=') && at() !== suffix[0]) own++
  if (at() === 'ro' || at() === 'rw') own++
  while (entry.recovery && ['single', 'recovery', 'nomodeset', 'dis_ucode_ldr'].includes(at())) own++
  return at().startsWith('rootflags=subvol=') && at() !== suffix[0] ? own + 1 : own
}

const sameUnquoted = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => unquoted(one) === unquoted(b[i] ?? ''))
/** grub.cfg is a script of its own: quotes that reach it are taken off before the kernel sees them. */
const unquoted = (token: string): string => token.replaceAll(/["\\]/g, '')
