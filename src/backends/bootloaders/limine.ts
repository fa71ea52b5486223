import type { Bytes } from '../../host/bytes.ts'
import { applyChanges, type Change, write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import { releaseAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { any, loaderInfo, path, tool } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader } from './bootloader.ts'
import { filesThere, type LinuxEntry, ownEntries } from './entries/own_entries.ts'
import { type LimineConfig, type LimineEntry, parseLimineConfig } from './formats/limine_config.ts'
import {
  ENTRY_TOOL_FILES,
  ENTRY_TOOL_PROGRAMS,
  editEntryTool,
  enrollsConfig,
  entryArgs,
  isEntryToolAtWork,
  isGenerated,
  makesUnifiedImages,
  rebuildEntries,
} from './formats/limine_entry_tool.ts'
import { LIMINE_FILES } from './formats/limine_files.ts'
import { bytesOf, editWrittenLines, tokensOf, type WrittenLine } from './lines/written_line.ts'

/** Limine: limine.conf, which limine-entry-tool may write, and the limine.cfg of versions before 8. */
export const limine: Bootloader = {
  name: 'Limine',
  evidence: any(loaderInfo(/^Limine/), ...LIMINE_FILES.map(path), ...ENTRY_TOOL_PROGRAMS.map(asked)),
  reads: [...LIMINE_FILES, ...ENTRY_TOOL_FILES],
  configured(host) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const next = nextEntry(host, read)
    const own = ownLines(host, read)
    if (isRefusal(own)) return own
    const entry = isRefusal(next) ? own[0]?.entry : next.entry
    if (entry !== undefined && isToolsOwn(host, entry)) return entryArgs(host, entry.name)
    return entry?.cmdlines[0] === undefined ? [] : tokensOf(host, entry.cmdlines[0])
  },
  edit(host, edits) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const refusal = refuseText(host, read.main) ?? refuseChecksum(host, read.main)
    if (refusal !== undefined) return refusal
    const own = ownLines(host, read)
    if (isRefusal(own)) return own
    const written = own.filter(({ entry }) => !isToolsOwn(host, entry))
    const lines = linesToEdit(read.main, written)
    if (isRefusal(lines)) return lines
    const changes = editWrittenLines(host, lines, edits)
    if (isRefusal(changes)) return changes
    if (!isEntryToolAtWork(host)) return refuseEnrolled(host, changes) ?? changes
    if (makesUnifiedImages(host)) return withinImages
    const sources = editEntryTool(host, edits)
    if (isRefusal(sources)) return sources
    const all = [...sources, ...changes]
    return refuseEnrolled(host, all) ?? all
  },
  next(host) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const next = nextEntry(host, read)
    if (isRefusal(next)) return next
    const { entry, chosenBy } = next
    const [line] = entry.cmdlines
    if (entry.protocol !== 'linux' || line === undefined)
      return refuse(
        `${read.main} boots "${entry.name}" next, which is not booted as a Linux with a cmdline`,
        'choose a Linux entry with default_entry',
      )
    if (/\$\{/.test(textAt(host, line)) || /\$\{/.test(entry.kernel)) return byMacro(read.main, entry)
    // Limine hands the line over as it is (common/protos/linux_x86.c).
    return {
      title: entry.name,
      chosenBy,
      release: releaseAt(host, entry.kernel.replace(/#[0-9a-f]+$/i, '')),
      cmdline: tokensOf(host, line),
    }
  },
  followImages(host, images) {
    const read = readConfig(host)
    if (isRefusal(read)) return []
    const pinned = read.config.entries.filter(entry =>
      filesPinnedBy(entry).some(file => images.includes(file)),
    )
    const byHand = pinned.find(entry => !isToolsOwn(host, entry))
    if (byHand !== undefined) return pinnedByHand(read.main, byHand)
    return pinned.length === 0 ? [] : rebuildEntries(host)
  },
  get menu() {
    return menu
  },
}

/** A program to look for, which is no evidence of what boots. */
function asked(name: string) {
  return { ...tool(name), find: () => undefined }
}

const menu: Artifact = {
  kind: 'menu',
  title: 'the entries of limine-entry-tool',
  isStale(host) {
    const stale = generatedLines(host).find(({ args, wanted }) => args.join(' ') !== wanted.join(' '))
    return stale && `entry "${stale.title}" in ${stale.line.path} does not carry the configured arguments`
  },
  rebuild: rebuildEntries,
  writes: host => [...new Set(generatedLines(host).map(({ line }) => line.path))],
  derive(host) {
    const lines = generatedLines(host).filter(({ args, wanted }) => args.join(' ') !== wanted.join(' '))
    const file = lines[0]?.line.path
    if (file === undefined) return host
    const after = lines
      .toSorted((a, b) => b.line.start - a.line.start)
      .reduce<Bytes>(
        (bytes, { line, wanted }) => bytes.slice(0, line.start) + wanted.join(' ') + bytes.slice(line.end),
        bytesOf(host, file),
      )
    return applyChanges(host, write(host, file, after))
  },
}

/** The lines that limine-entry-tool writes, with what they ought to be. */
function generatedLines(host: Host) {
  const read = readConfig(host)
  if (isRefusal(read) || !isEntryToolAtWork(host)) return []
  const own = ownLines(host, read)
  return (isRefusal(own) ? [] : own).flatMap(({ entry, title, args }) => {
    const [line] = entry.cmdlines
    const wanted = entryArgs(host, entry.name)
    return isGenerated(entry) && line !== undefined && !isRefusal(wanted)
      ? [{ title, args, line, wanted }]
      : []
  })
}

const isToolsOwn = (host: Host, entry: LimineEntry): boolean => isEntryToolAtWork(host) && isGenerated(entry)

interface Read {
  readonly main: string
  readonly config: LimineConfig
}

/** Which of several is read depends on where Limine itself lies, and on its version (CONFIG.md, Location). */
function readConfig(host: Host): Read | Refusal {
  const there = filesThere(host, LIMINE_FILES)
  const [main, second] = there
  if (main === undefined)
    return refuse(
      `there is no limine.conf in its usual places (${LIMINE_FILES.slice(0, 3).join(', ')} …)`,
      'set the kernel arguments by hand, or leave this host out with --limit',
    )
  if (second === undefined) return { main, config: parseLimineConfig(main, bytesOf(host, main)) }
  return refuse(
    `Limine may read any of ${there.join(', ')}`,
    'remove those that are not used, then run again',
  )
}

/** limine enroll-config puts the file's checksum into the loader: a file that differs is not booted from. */
const refuseChecksum = (host: Host, main: string): Refusal | undefined =>
  host.firmware.secureBoot && !isEntryToolAtWork(host)
    ? refuse(
        `with Secure Boot, Limine only takes ${main} with the checksum that was enrolled into it (limine enroll-config)`,
        'set the kernel arguments by hand and enroll the file anew',
      )
    : undefined

/**
 * limine-update writes limine.conf anew and enrolls its checksum, where it is told to, into its own program only. What
 * we write into limine.conf ourselves is only enrolled where it runs afterwards.
 */
function refuseEnrolled(host: Host, changes: readonly Change[]): Refusal | undefined {
  const [first] = host.enrolled
  if (first === undefined || changes.length === 0) return undefined
  const others = host.enrolled.filter(program => !/\/EFI\/limine\/limine_x64\.efi$/i.test(program))
  if (isEntryToolAtWork(host) && enrollsConfig(host) && others.length === 0) {
    if (menu.isStale(applyChanges(host, changes)) !== undefined) return undefined
  }
  return refuse(
    `${others[0] ?? first} holds the checksum of limine.conf (limine enroll-config), and halts the machine at the next boot when that file changes and nothing enrolls it anew`,
    'take the checksum out (limine enroll-config PROGRAM --reset, or limine-reset-enroll), run again, and enroll the file anew afterwards',
  )
}

/** Files that Limine compares with a checksum in its configuration (`path#checksum`), wherever its volume is mounted. */
const filesPinnedBy = ({ kernel, modules }: LimineEntry): string[] =>
  [kernel, ...modules].flatMap(uri => {
    const [, path] = /^[^:]*:\/*([^#]*)#/.exec(uri) ?? []
    return path === undefined ? [] : ['/boot', '/efi', '/boot/efi', ''].map(mount => `${mount}/${path}`)
  })

/** With `hash_mismatch_panic: no` it still waits for a key (CONFIG.md). */
const pinnedByHand = (main: string, { name }: LimineEntry): Refusal =>
  refuse(
    `the entry "${name}" in ${main} holds the checksum of an image (its # part), and Limine would not boot it once that is made anew`,
    'take the # part off its module_path (and path), then run again',
  )

interface OwnLine extends LinuxEntry {
  readonly entry: LimineEntry
}

function ownLines(host: Host, { main, config }: Read): readonly OwnLine[] | Refusal {
  const linux = config.entries.filter(
    entry => entry.protocol === 'linux' && !isSnapshot(entry) && !isMemtest(entry),
  )
  const lines = linux.map(entry => ({
    entry,
    title: entry.name,
    args: entry.cmdlines.flatMap(line => tokensOf(host, line)),
    isUnclear: entry.cmdlines.length === 0 || entry.cmdlines.some(line => /\$\{/.test(textAt(host, line))),
  }))
  const own = ownEntries(host, main, lines)
  if (isRefusal(own) || own.length > 0) return own
  const images = config.entries.some(
    entry => /^e?u?efi(_chainload)?$/.test(entry.protocol) && /\.efi/i.test(entry.kernel),
  )
  return images
    ? withinImages
    : refuse(`no entry in ${main} boots a Linux of this machine`, 'set the kernel arguments by hand')
}

/** limine-snapper-sync keeps older systems under an entry of this name: ways back, as rescue entries are. */
const isSnapshot = ({ path: names }: LimineEntry): boolean =>
  names.some(name => /^snapshots?$/i.test(name.trim()))
const isMemtest = ({ kernel }: LimineEntry): boolean => /memtest[^/]*$/i.test(kernel)

const withinImages = refuse(
  'Limine starts unified kernel images here, and the command line is within those',
  'name the loader with bootloader: UKI if the images are made from /etc/kernel/cmdline, or set the arguments by hand',
)

function linesToEdit(main: string, own: readonly OwnLine[]): readonly WrittenLine[] | Refusal {
  const macro = own.find(
    ({ entry, args }) =>
      args.some(arg => arg.includes('${')) || (entry.hasMacros && entry.cmdlines.length === 0),
  )
  if (macro !== undefined) return byMacro(main, macro.entry)
  const bare = own.find(({ entry }) => entry.cmdlines.length === 0)
  if (bare !== undefined)
    return refuse(
      `the entry "${bare.title}" in ${main} has no cmdline, and what it boots with cannot be told`,
      'give it a cmdline with root= and the rest, then run again',
    )
  return own.flatMap(({ entry }) => entry.cmdlines)
}

const byMacro = (main: string, { name }: LimineEntry): Refusal =>
  refuse(
    `the entry "${name}" in ${main} takes its command line from a macro`,
    'write the arguments out in its cmdline, then run again',
  )

const textAt = (host: Host, { path: file, start, end }: WrittenLine): string =>
  bytesOf(host, file).slice(start, end)

interface Choice {
  readonly entry: LimineEntry
  readonly chosenBy: string
}

/** Limine, common/menu.c: the order for one boot, default_entry, the last booted one, the first. */
function nextEntry(host: Host, { main, config }: Read): Choice | Refusal {
  const visible = visibleEntries(host, config)
  const { oneShot, default: standing } = host.firmware.loaderEntries
  const once = oneShot === '' ? undefined : byPath(visible, oneShot)
  if (once !== undefined) return { entry: once, chosenBy: 'the entry set for one boot (LoaderEntryOneShot)' }
  if (config.global('remember_last_entry')?.toLowerCase() === 'yes' && host.firmware.uefi)
    return lastBooted(host, config)
  const wanted = config.global('default_entry')
  // Whether the variable goes before default_entry differs by version.
  if (standing !== '' && byPath(visible, standing) !== byDefault(visible, wanted))
    return cannotTell(main, `LoaderEntryDefault is ${standing}`)
  const entry = byDefault(visible, wanted)
  if (entry === undefined) return cannotTell(main, `default_entry is ${wanted ?? 'not set'}`)
  return { entry, chosenBy: wanted === undefined ? 'the first entry of the menu' : `default_entry ${wanted}` }
}

interface Visible {
  readonly entry: LimineEntry
  /** Rows of the menu; undefined within a directory that is not opened. */
  readonly row: number | undefined
}

function visibleEntries(host: Host, { entries }: LimineConfig): readonly Visible[] {
  const firmware = host.firmware.uefi ? 'uefi' : 'bios'
  const hidden = ({ protocol, ifFirmware, isDirectory }: LimineEntry) =>
    !isDirectory &&
    ((ifFirmware !== '' && ifFirmware !== firmware) ||
      (firmware === 'uefi' ? /^bios(_chainload)?$/ : /^(u?efi|efi_chainload|efi_boot_entry)$/).test(protocol))
  let rows = 0
  let closed = Number.POSITIVE_INFINITY
  return entries
    .filter(entry => !hidden(entry))
    .map(entry => {
      if (entry.depth <= closed)
        closed = entry.isDirectory && !entry.expanded ? entry.depth : Number.POSITIVE_INFINITY
      else return { entry, row: undefined }
      return { entry, row: ++rows }
    })
}

function byDefault(visible: readonly Visible[], wanted: string | undefined): LimineEntry | undefined {
  if (wanted !== undefined && !/^\d*$/.test(wanted)) return byPath(visible, wanted)
  const row = Math.max(1, Number(wanted ?? 1))
  const entry = visible.find(one => one.row === row)?.entry ?? visible.find(one => one.row === 1)?.entry
  return entry?.isDirectory ? undefined : entry
}

/** `Directory/Entry`, with / \ # escaped by a backslash, and #N for one of several of the same name. */
function byPath(visible: readonly Visible[], wanted: string): LimineEntry | undefined {
  const found = visible.filter(
    ({ entry }) => !entry.isDirectory && entry.path.map(escapeName).join('/') === wanted,
  )
  return found.length === 1 ? found[0]?.entry : undefined
}

const escapeName = (name: string): string => name.replaceAll(/[\\/#]/g, '\\$&')

/** What was booted last is what runs, where only one entry can have booted that. */
function lastBooted(host: Host, config: LimineConfig): Choice | Refusal {
  const running = ifKnown(host.kernel)
  const booted = config.entries.filter(entry => releaseAt(host, entry.kernel.replace(/#.*$/, '')) === running)
  const [entry, second] = booted
  if (entry !== undefined && second === undefined)
    return { entry, chosenBy: 'the entry that was booted last (remember_last_entry)' }
  return refuse(
    'Limine boots the entry that was booted last (remember_last_entry), and which one that was cannot be told',
    'only the next boot can show it',
  )
}

const cannotTell = (main: string, why: string): Refusal =>
  refuse(
    `which entry of ${main} is booted next cannot be told: ${why}`,
    'set default_entry to the entry to boot',
  )
