import { applyChanges, type Change, write } from '../../host/change.ts'
import { editCommandLine } from '../../host/command_line.ts'
import type { Host, MenuEntry } from '../../host/host.ts'
import {
  type ArgEdit,
  isSatisfied,
  keyOf,
  normaliseKey,
  sameTokens,
  splitArgs,
} from '../../host/kernel_args.ts'
import { ifKnown, predicted } from '../../host/known.ts'
import { menuOf, withMenu } from '../../host/menus.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, cmdlineHas, loaderInfo, tool, variablesAreHidden } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader } from './bootloader.ts'
import { espMenu, isLinuxEntry, nextOfMenu } from './entries/esp_menu.ts'
import { editJoinedLine, joinedTokens } from './lines/joined_line.ts'
import { KERNEL_CMDLINE } from './lines/kernel_cmdline.ts'
import { bytesOf, type WrittenLine } from './lines/written_line.ts'

const NAME = 'clr-boot-manager'
const FOLDER = '/etc/kernel/cmdline.d'
const VENDOR_FOLDER = '/usr/share/kernel/cmdline.d'
const REMOVALS = '/etc/kernel/cmdline-removal.d'
/** What a kernel's package asks for: cmdline-VERSION-RELEASE.TYPE. */
const KERNEL_FOLDER = '/usr/lib/kernel'
const OWN = `${FOLDER}/vfio-run.conf`

/**
 * Today's Solus: entries are put together of the kernel's own line, the distribution's drop-ins, /etc/kernel/cmdline
 * and the drop-ins beside it, less what cmdline-removal.d takes away (src/lib/cmdline.c). The ESP is mounted only
 * while it is written.
 */
export const clrBootManager: Bootloader = {
  name: NAME,
  evidence: all(
    tool(NAME),
    any(
      loaderInfo(/^(systemd-boot|goofiboot)\b/i),
      all(variablesAreHidden, cmdlineHas(/^initrd=\\/, 'initrd=\\… is on the command line')),
    ),
  ),
  manages: ['systemd-boot', 'Goofiboot'],
  reads: [
    KERNEL_CMDLINE,
    `${FOLDER}/*.conf`,
    `${VENDOR_FOLDER}/*.conf`,
    `${REMOVALS}/*.conf`,
    `${KERNEL_FOLDER}/cmdline-*`,
  ],
  // The partition that the loader was started from (Boot Loader Interface); efivarfs cannot seek.
  observes: espMenu(
    `command -v ${NAME} >/dev/null && cat "$root/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" | tail -c +5 | tr -d "\\000" | tr A-F a-f | sed -n "s,^[0-9a-f-]\\{36\\}$,/dev/disk/by-partuuid/&,p"`,
    { name: NAME, roots: [], idsHaveSuffix: true },
  ),
  configured(host) {
    const entry = itsEntries(host).find(({ id }) => id === nextId(host)) ?? itsEntries(host)[0]
    return entry === undefined ? noMenu(whyUnread(host)) : optionsFor(host, entry)
  },
  edit(host, edits) {
    const entries = itsEntries(host)
    if (entries.length === 0) return noMenu(whyUnread(host))
    let edited: Host | Refusal = host
    for (const edit of edits) edited = isRefusal(edited) ? edited : applyEdit(edited, entries, edit)
    if (isRefusal(edited)) return edited
    const after = edited
    const unmet = edits.find(edit => !holds(after, entries, edit))
    return unmet === undefined ? changesBetween(host, after) : overridden(unmet)
  },
  next(host) {
    const now = menuOf(host, NAME)
    return now.is === 'unknown' ? noMenu(now.why) : nextOfMenu(host, NAME, now.value)
  },
  get menu() {
    return clrEntries
  },
}

function whyUnread(host: Host): string {
  const now = menuOf(host, NAME)
  return now.is === 'unknown' ? now.why : `none of them is one of ${NAME}’s`
}

/** Entries of kernels whose packages are installed. */
const itsEntries = (host: Host): MenuEntry[] =>
  (ifKnown(menuOf(host, NAME))?.entries ?? []).filter(
    entry => isLinuxEntry(entry) && kernelLineOf(entry) in host.files,
  )

/** kernel-com.solus-project.current.6.8.2-286 → cmdline-6.8.2-286.current */
function kernelLineOf({ kernel }: MenuEntry): string {
  const [, kind = '', version = ''] = /\.([^./]+)\.(\d[^-/]*-\d+)$/.exec(kernel) ?? []
  return `${KERNEL_FOLDER}/cmdline-${version}.${kind}`
}

function nextId(host: Host): string | undefined {
  const now = ifKnown(menuOf(host, NAME))
  const next = now && nextOfMenu(host, NAME, now)
  if (now === undefined || next === undefined || isRefusal(next)) return undefined
  return now.entries.find(({ args }) => args.join('\n') === next.cmdline.join('\n'))?.id
}

/** What the program puts before the configured arguments: it finds the root file system out itself. */
function ownOf({ args }: MenuEntry): readonly string[] {
  const end = args.findIndex(token => !/^(initrd=\\|root=|rd\.luks\.uuid=|rootflags=subvol=)/.test(token))
  return end < 0 ? args : args.slice(0, end)
}

const optionsFor = (host: Host, entry: MenuEntry): readonly string[] =>
  argsFor(host, entry).filter(token => !token.startsWith('initrd=\\'))

const argsFor = (host: Host, entry: MenuEntry): readonly string[] => [
  ...ownOf(entry),
  ...splitArgs(withoutRemoved(host, [kernelLineOf(entry), ...globalFiles(host)].map(textIn(host)).join(' '))),
]

const textIn = (host: Host) => (path: string) => linesIn(bytesOf(host, path)).join(' ')

/** Lines that are neither blank nor a comment, without the blanks round them. */
const linesIn = (bytes: string): string[] =>
  bytes
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))

/** The distribution's drop-ins first, each hidden by one of its name in /etc. */
const globalFiles = (host: Host): string[] => [
  ...filesIn(host, VENDOR_FOLDER).filter(path => !(`${FOLDER}/${nameOf(path)}` in host.files)),
  ...localFiles(host),
]

const localFiles = (host: Host): string[] => [
  ...(KERNEL_CMDLINE in host.files ? [KERNEL_CMDLINE] : []),
  ...filesIn(host, FOLDER),
]

const nameOf = (path: string): string => path.split('/').at(-1) ?? path

const filesIn = (host: Host, folder: string): string[] =>
  Object.keys(host.files)
    .filter(path => path.startsWith(`${folder}/`) && path.endsWith('.conf'))
    .sort()

/** Each line takes its first occurrence away, where a blank or the end follows it. */
function withoutRemoved(host: Host, line: string): string {
  const removals = filesIn(host, REMOVALS).flatMap(path => linesIn(bytesOf(host, path)))
  return removals.reduce((text, removed) => {
    const at = text.indexOf(removed)
    const end = at + removed.length
    if (at < 0 || (end < text.length && text[end] !== ' ')) return text
    return text.slice(0, at) + text.slice(end + 1)
  }, line)
}

const holds = (host: Host, entries: readonly MenuEntry[], edit: ArgEdit): boolean =>
  entries.every(entry => isSatisfied(argsFor(host, entry), edit))

/** Where its key is already, else in a drop-in of our own, which goes with the last argument in it. */
function applyEdit(host: Host, entries: readonly MenuEntry[], edit: ArgEdit): Host | Refusal {
  if (holds(host, entries, edit)) return host
  const places = localFiles(host).flatMap(path => placesIn(host, path))
  const key = 'token' in edit ? keyOf(edit.token) : normaliseKey(edit.key)
  if (!joinedTokens(host, places).some(token => keyOf(token) === key)) return applyToOwn(host, edit)
  const refusal = places.map(({ path }) => refuseText(host, path)).find(one => one !== undefined)
  const changes = refusal ?? editJoinedLine(host, places, [edit])
  return isRefusal(changes) ? changes : withoutEmptyOwn(applyChanges(host, changes))
}

function applyToOwn(host: Host, edit: ArgEdit): Host {
  const before = bytesOf(host, OWN)
  const line = editCommandLine(before.trimEnd(), [edit])
  return line.trim() === '' ? host : applyChanges(host, write(host, OWN, `${line}\n`))
}

function withoutEmptyOwn(host: Host): Host {
  const own = host.files[OWN]
  return own === undefined || own.bytes.trim() !== ''
    ? host
    : applyChanges(host, [{ kind: 'remove', path: OWN, before: own.bytes }])
}

/** Runs of lines that are no comments. */
const placesIn = (host: Host, path: string): WrittenLine[] =>
  host.files[path]?.masks === true
    ? []
    : [...bytesOf(host, path).matchAll(/(?:^(?![ \t]*#)[^\n]*(?:\n|$))+/gm)]
        .map(run => ({ path, start: run.index, end: run.index + run[0].length }))
        .filter(({ start, end }) => end > start)

function changesBetween(before: Host, after: Host): Change[] {
  const own = before.files[OWN]
  const writes = localFiles(after).flatMap(path => write(before, path, bytesOf(after, path)))
  return own === undefined || OWN in after.files
    ? writes
    : [...writes, { kind: 'remove', path: OWN, before: own.bytes }]
}

/** Entries on the ESP. */
export const clrEntries: Artifact = {
  kind: 'menu',
  title: 'the boot entries on the ESP',
  rebuild: () => [[NAME, 'update']],
  // On a file system that only the program mounts.
  writes: () => [],
  restoredBy: () => [[NAME, 'update']],
  isStale(host) {
    const stale = itsEntries(host).find(entry => !sameTokens(entry.args, argsFor(host, entry)))
    return stale && `${stale.id} on the ESP does not carry the configured arguments`
  },
  derive(host) {
    const now = ifKnown(menuOf(host, NAME))
    if (now === undefined) return host
    const its = new Set(itsEntries(host))
    const entries = now.entries.map(entry =>
      its.has(entry) ? { ...entry, args: argsFor(host, entry) } : entry,
    )
    return withMenu(host, NAME, predicted({ ...now, entries }))
  },
}

/** Without it nobody could tell afterwards whether the arguments have arrived. */
const noMenu = (why: string): Refusal =>
  refuse(
    `the boot entries on the ESP cannot be read: ${why}`,
    `run ${NAME} update by hand, read what it says, and run again`,
  )

const overridden = (edit: ArgEdit): Refusal =>
  refuse(
    `${'token' in edit ? edit.token : edit.key} cannot be made to hold in ${FOLDER}: the kernel’s own line, a drop-in in ${VENDOR_FOLDER} or one in ${REMOVALS} overrides it`,
    `hide the drop-in by one of its name in ${FOLDER}, then run again`,
  )
