import type { Host, InstalledKernel } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { kernelAt } from '../../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import type { NextBoot } from '../bootloader.ts'
import { bytesOf, type WrittenLine } from '../lines/written_line.ts'
import { type BlsEntry, blsEntries } from './bls.ts'
import { CHOOSE_LINUX, type Choice, choose } from './loader_choice.ts'
import { type LinuxEntry, ownEntries } from './own_entries.ts'
import { compareVersions } from './version_order.ts'

/** A loader that boots type #1 entries (UAPI.1): gummiboot, and what came of it. */
export interface EntryLoader {
  readonly name: string
  /** Where its partitions may be mounted, in the order in which kernel-install(8) looks for them. */
  readonly roots: readonly string[]
  /** gummiboot's ids lack the suffix, and it knows neither sort keys nor boot counting. */
  readonly idsHaveSuffix: boolean
}

/** Files of such loaders: entries, and the loader's own configuration. */
export const entryFiles = (roots: readonly string[]): string[] =>
  roots.flatMap(root => [`${root}/loader/entries/*.conf`, `${root}/loader/loader.conf`])

export interface LoaderEntry extends BlsEntry, Tries {}

/** What the menu is sorted by. */
export type Ordered = Pick<
  LoaderEntry,
  'id' | 'sortKey' | 'machineId' | 'version' | 'triesLeft' | 'triesDone'
>

interface Tries {
  /** Boots that are left before the entry counts as bad; undefined where they are not counted. */
  readonly triesLeft: number | undefined
  readonly triesDone: number
}

/** All entries that the loader shows, first the one it takes where nobody has chosen. */
export function loaderEntries(host: Host, loader: EntryLoader): LoaderEntry[] {
  const entries = entryFolders(host, loader).flatMap(folder => blsEntries(host, folder))
  const shown = entries.filter(entry => isShown(entry) && !isGrubs(host, entry))
  return shown
    .map(entry => asShown(entry, loader))
    .toSorted(hasSortKeys(host, loader) ? compareEntries : compareById)
}

export const asShown = (entry: BlsEntry, loader: EntryLoader): LoaderEntry => ({
  ...entry,
  id: idOf(entry, loader),
  ...triesOf(entry, loader),
})

/** Names beginning so are the loader's own; an entry that names nothing to boot is passed over. */
export const isShown = ({ id, boots }: BlsEntry): boolean => boots && !/^auto-/.test(id)

/** Entries that take our arguments: Linux of this machine, no rescue system and no memory test. */
export function ourEntries<T extends BlsEntry>(
  host: Host,
  entries: readonly T[],
  argsOf = (entry: T): readonly string[] | undefined => optionTokens(host, entry),
): readonly T[] | Refusal {
  const linux = entries.filter(({ isLinux }) => isLinux)
  const folders = new Set(linux.map(({ path }) => path.slice(0, path.lastIndexOf('/'))))
  const own = ownEntries(
    host,
    [...folders].join(' and '),
    linux.map(entry => ({ entry, ...asLinuxEntry(entry, argsOf(entry)) })),
  )
  return isRefusal(own) ? own : own.map(({ entry }) => entry)
}

/** Without arguments, those cannot be told. */
export const asLinuxEntry = (entry: BlsEntry, args: readonly string[] | undefined): LinuxEntry => ({
  title: entry.title,
  args: args ?? [],
  isUnclear: args === undefined,
  names: [entry.id, entry.linux, entry.version],
  machineId: machineIdOf(entry),
})

function machineIdOf(entry: BlsEntry): string | undefined {
  const id = (entry.machineId || kernelInstallToken(entry) || '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(id) ? id : undefined
}

/** Tokens of the options, as the loader puts them together. */
export const optionTokens = (host: Host, entry: BlsEntry): string[] =>
  splitArgs(
    entry.options
      .map(line => unquoted(host, line))
      .map(({ path, start, end }) => bytesOf(host, path).slice(start, end))
      .join(' '),
  )

/** The entry that the loader takes when nobody touches a key, and who chose it. */
export function chosenEntry(host: Host, loader: EntryLoader): Choice<LoaderEntry> | Refusal {
  const config = loaderConfig(host, loader)
  if (isRefusal(config)) return config
  return choose(host, {
    loader: loader.name,
    entries: loaderEntries(host, loader),
    images: loader.idsHaveSuffix ? unifiedImages(host, loader) : [],
    config,
  })
}

/** The boot that an entry makes: initrds become arguments before its options (src/boot/efi/boot.c, initrd_prepare()). */
export function bootOf(host: Host, entry: LoaderEntry, chosenBy: string): NextBoot | Refusal {
  if (!entry.isLinux) return notLinux(entry, chosenBy)
  const kernel = kernelOf(host, entry)
  if (kernel === undefined) return kernelUnknown(entry)
  return {
    title: entry.title === '' ? entry.id : entry.title,
    chosenBy,
    release: kernel.release,
    cmdline: [...initrdTokens(entry), ...optionTokens(host, entry)],
  }
}

export const initrdTokens = ({ initrds }: BlsEntry): string[] =>
  initrds.filter(path => path !== '').map(path => `initrd=${efiPath(path)}`)

export function nextOf(host: Host, loader: EntryLoader): NextBoot | Refusal {
  if (loaderEntries(host, loader).length === 0) return noEntries(loader)
  const chosen = chosenEntry(host, loader)
  return isRefusal(chosen) ? chosen : bootOf(host, chosen.entry, chosen.chosenBy)
}

/** What of our entries boots next, or the first of them where the default is none of ours. */
export function configuredEntry(host: Host, loader: EntryLoader): LoaderEntry | Refusal {
  const entries = ourEntries(host, loaderEntries(host, loader))
  if (isRefusal(entries)) return entries
  const chosen = chosenEntry(host, loader)
  const path = isRefusal(chosen) ? '' : chosen.entry.path
  return entries.find(entry => entry.path === path) ?? entries[0] ?? noEntries(loader)
}

export const noEntries = ({ name, roots }: EntryLoader): Refusal =>
  refuse(
    `no Linux entry of ${name} can be seen: ${roots.map(root => `${root}/loader/entries`).join(', ')} hold none of this system`,
    `mount the partition that ${name} reads (mount ${roots.join(', mount ')}; bootctl --print-esp-path names it), then run again`,
  )

/**
 * One file system mounted at two places shows the same files twice, and the second copy could not be written once the
 * first one is.
 */
function entryFolders(host: Host, { roots }: EntryLoader): string[] {
  const content = (folder: string) =>
    Object.entries(host.files)
      .filter(([path]) => path.startsWith(`${folder}/`))
      .map(([path, { bytes }]) => `${path.slice(folder.length)}\n${bytes}`)
      .sort()
      .join('\0')
  const folders = roots.map(root => `${root}/loader/entries`)
  return folders.filter((folder, i) => folders.findIndex(other => content(other) === content(folder)) === i)
}

const idOf = ({ id }: BlsEntry, { idsHaveSuffix }: EntryLoader): string =>
  (idsHaveSuffix ? id : id.replace(/\.conf$/i, '')).toLowerCase()

/** Boot counting: NAME+LEFT.conf, NAME+LEFT-DONE.conf. */
function triesOf({ id }: BlsEntry, { idsHaveSuffix }: EntryLoader): Tries {
  const [, left, done = '0'] = idsHaveSuffix ? (/\+(\d+)(?:-(\d+))?\.conf$/i.exec(id) ?? []) : []
  return { triesLeft: left === undefined ? undefined : Number(left), triesDone: Number(done) }
}

/** systemd-boot has them since 250. */
const hasSortKeys = ({ firmware }: Host, { idsHaveSuffix }: EntryLoader): boolean =>
  idsHaveSuffix && !(Number(/^systemd-boot (\d+)/.exec(firmware.loaderInfo ?? '')?.[1] ?? 250) < 250)

/** src/boot/efi/boot.c, boot_entry_compare(). */
export function compareEntries(a: Ordered, b: Ordered): number {
  return (
    Number(a.triesLeft === 0) - Number(b.triesLeft === 0) ||
    Number(a.sortKey === '') - Number(b.sortKey === '') ||
    (a.sortKey === ''
      ? 0
      : compareText(a.sortKey, b.sortKey) ||
        compareText(a.machineId, b.machineId) ||
        -compareVersions(a.version, b.version)) ||
    byIdAndTries(a, b)
  )
}

const compareById = (a: LoaderEntry, b: LoaderEntry): number =>
  Number(a.triesLeft === 0) - Number(b.triesLeft === 0) || byIdAndTries(a, b)

function byIdAndTries(a: Ordered, b: Ordered): number {
  const order = -compareVersions(a.id, b.id)
  if (order !== 0 || a.triesLeft === undefined || b.triesLeft === undefined) return order
  return b.triesLeft - a.triesLeft || a.triesDone - b.triesDone
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/** Fedora's entries in the same folder, with the variables and keys that only GRUB knows. */
const isGrubs = (host: Host, { path }: BlsEntry): boolean =>
  /^\s*grub_(users|arg|class)\s|^\s*options\s.*\$(kernelopts|tuned_params)\b/m.test(bytesOf(host, path))

/** A value in double quotes loses them as a whole (src/boot/efi/boot.c, line_get_key_value()). */
export function unquoted(host: Host, line: WrittenLine): WrittenLine {
  const text = bytesOf(host, line.path).slice(line.start, line.end).trimEnd()
  const end = line.start + text.length
  return text.length > 1 && text.startsWith('"') && text.endsWith('"')
    ? { ...line, start: line.start + 1, end: end - 1 }
    : { ...line, end }
}

/** The entry token, where the entry is one of kernel-install's: TOKEN-RELEASE.conf of /TOKEN/RELEASE/linux. */
export function kernelInstallToken({ path, linux }: BlsEntry): string | undefined {
  const [, token = '', release = ''] = /(?:^|\/)([^/]+)\/([^/]+)\/[^/]+$/.exec(linux) ?? []
  const name = (path.split('/').at(-1) ?? '').replace(/(\+\d+(-\d+)?)?\.conf$/i, '')
  return release !== '' && name === `${token}-${release}` ? token : undefined
}

/** Unified kernel images (type #2), which the menu holds beside its entries. */
const unifiedImages = (host: Host, { roots }: EntryLoader): string[] => [
  ...new Set(
    Object.keys(host.images).flatMap(path => {
      const [, root = '', name = ''] = /^(.*)\/EFI\/Linux\/([^/]+\.efi)$/i.exec(path) ?? []
      return roots.includes(root) ? [name.toLowerCase()] : []
    }),
  ),
]

/** `default` of the loader's configuration; '' where there is none. */
export function loaderConfig(
  host: Host,
  { roots }: EntryLoader,
): { readonly path: string; readonly default: string } | Refusal {
  const found = roots
    .map(root => `${root}/loader/loader.conf`)
    .filter(path => path in host.files)
    .map(path => ({ path, default: defaultIn(bytesOf(host, path)) }))
  const [first] = found
  if (first === undefined) return { path: 'loader.conf', default: '' }
  const other = found.find(one => one.default !== first.default)
  return other === undefined ? first : twoConfigurations(first.path, other.path)
}

/** `default` of a loader.conf; the last line of it counts. */
export const defaultIn = (bytes: string): string =>
  [...bytes.matchAll(/^[ \t]*default[ \t]+([^\r\n]*?)[ \t]*$/gm)].at(-1)?.[1]?.replace(/^"(.*)"$/, '$1') ?? ''

/**
 * The kernel that an entry names: by its path, by its `version`, by Solus' names, which put the release's tail first
 * (kernel-com.solus-project.current.6.8.2-286 is 6.8.2-286.current), or because the machine has one only.
 */
export function kernelOf(
  host: Host,
  { linux, version }: Pick<BlsEntry, 'linux' | 'version'>,
): InstalledKernel | undefined {
  const isSolus = ({ release }: InstalledKernel) => {
    const [, number = '', kind = ''] = /^(.*)\.([a-z-]+)$/.exec(release) ?? []
    return kind !== '' && linux.endsWith(`.${kind}.${number}`)
  }
  const only = host.kernels.length === 1 && !/\d\.\d/.test(linux) ? host.kernels[0] : undefined
  return (
    host.kernels.find(isSolus) ??
    kernelAt(host, linux) ??
    host.kernels.find(({ release }) => release === version) ??
    only
  )
}

/** src/boot/efi/util.c, xstr8_to_path(). */
const efiPath = (path: string): string => `\\${path}`.replaceAll('/', '\\').replaceAll(/\\+/g, '\\')

export const notLinux = ({ path }: Pick<BlsEntry, 'path'>, chosenBy: string): Refusal =>
  refuse(`${chosenBy} is ${path}, which does not boot Linux`, CHOOSE_LINUX)

const twoConfigurations = (one: string, other: string): Refusal =>
  refuse(
    `${one} and ${other} name different defaults, and which of the two the loader reads cannot be told`,
    'take away the one that is left over',
  )

export const kernelUnknown = ({ path, linux }: Pick<BlsEntry, 'path' | 'linux'>): Refusal =>
  refuse(
    `which of the installed kernels ${linux} of ${path} is cannot be told from its name`,
    'add a line `version RELEASE` to the entry, or leave this host out with --limit',
  )
