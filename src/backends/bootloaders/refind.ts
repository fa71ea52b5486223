import type { Bytes } from '../../host/bytes.ts'
import { type Change, write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { type ArgEdit, splitArgs } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { kernelAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { all, any, cmdlineHas, loaderInfo, path, where } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader, NextBoot } from './bootloader.ts'
import { filesThere, type LinuxEntry, ownEntries } from './entries/own_entries.ts'
import {
  quotedText,
  type RefindConfig,
  type RefindToken,
  readRefindConfig,
  refindLinuxLines,
  type Stanza,
} from './formats/refind_config.ts'
import { editText } from './lines/shell_variable.ts'
import { bytesOf } from './lines/written_line.ts'

const MOUNTS = ['/boot/efi', '/efi', '/boot']
const FOLDERS = MOUNTS.flatMap(mount => ['/EFI/refind', '/EFI/BOOT'].map(folder => mount + folder))
const MAIN_FILES = FOLDERS.map(folder => `${folder}/refind.conf`)

const FILES = [...MAIN_FILES, '/boot/refind_linux.conf']

/** Beside the kernels it is for: in /boot, or in a folder of the ESP. */
const LINUX_FILES = [
  '/boot/refind_linux.conf',
  ...['/boot/efi', '/efi'].map(mount => `${mount}/refind_linux.conf`),
  ...MOUNTS.map(mount => `${mount}/EFI/*/refind_linux.conf`),
]

/** rEFInd: kernels that it finds by itself (refind_linux.conf beside them), and stanzas of refind.conf. */
export const refind: Bootloader = {
  name: 'rEFInd',
  evidence: any(
    loaderInfo(/^rEFInd/),
    // Older versions leave no name; the kernel's own stub takes initrd= from a firmware's path, by whomever it is started.
    all(
      where(({ firmware }) => firmware.loaderInfo === undefined, ''),
      cmdlineHas(/^initrd=.*\\/, 'initrd=…\\… is on the command line'),
      any(...FILES.map(path)),
    ),
    ...FILES.map(path),
  ),
  reads: [
    ...MAIN_FILES,
    ...FOLDERS.flatMap(folder => ['*', '*/*', '*/*/*'].map(name => `${folder}/${name}.conf`)),
    ...LINUX_FILES,
  ],
  configured(host) {
    const next = nextEntry(host)
    if (!isRefusal(next)) return next.entry.args
    const own = ownPlaces(host)
    return isRefusal(own) ? own : (own[0]?.args ?? [])
  },
  edit(host, edits) {
    const own = ownPlaces(host)
    return isRefusal(own) ? own : editPlaces(host, own, edits)
  },
  next(host) {
    const next = nextEntry(host)
    if (isRefusal(next)) return next
    const { entry, chosenBy } = next
    const kernel = kernelOf(host, entry)
    const initrd = initrdOf(host, entry)
    if (isRefusal(kernel)) return kernel
    if (isRefusal(initrd)) return initrd
    return {
      title: entry.name,
      chosenBy,
      release: kernel.release,
      cmdline: [...entry.args, ...initrd.args],
    } satisfies NextBoot
  },
}

/** Where options of a Linux stand; `stanza` for those of refind.conf. */
interface Place extends LinuxEntry {
  readonly path: string
  readonly name: string
  /** On the menu itself, not one of the further choices of an entry there. */
  readonly onMenu: boolean
  readonly options: RefindToken | undefined
  readonly stanza?: Stanza
}

function ownPlaces(host: Host): readonly Place[] | Refusal {
  const places = [
    ...linuxFiles(host).flatMap(file => linesOf(host, file)),
    ...mainFiles(host).flatMap(file => stanzasOf(host, file)),
  ]
  if (places.length === 0)
    return refuse(
      'rEFInd finds the kernels of this machine by itself, and there is no refind_linux.conf with their arguments',
      'run mkrlconf as root: it writes /boot/refind_linux.conf from the running command line; then run again',
    )
  const own = ownEntries(host, [...new Set(places.map(place => place.path))].join(' and '), places)
  if (isRefusal(own) || own.length > 0) return own
  return refuse(`every entry in ${places[0]?.path} is one for rescue`, 'set the kernel arguments by hand')
}

const linuxFiles = (host: Host): string[] =>
  filesThere(
    host,
    Object.keys(host.files)
      .filter(file => /^(\/boot|\/efi|\/boot\/efi)(\/EFI\/[^/]+)?\/refind_linux\.conf$/.test(file))
      .sort(),
  )

const mainFiles = (host: Host): string[] => filesThere(host, MAIN_FILES)

/** The first line is what is booted by default, whatever it is called. */
const linesOf = (host: Host, file: string): Place[] =>
  refindLinuxLines(host, file).map(({ title, options }, i) => ({
    path: file,
    name: title,
    title: i === 0 ? '' : title,
    onMenu: i === 0,
    options,
    args: splitArgs(options?.text ?? ''),
    isUnclear: options === undefined,
  }))

/** Stanzas of snapshots are generated from the others, and are a way back themselves (refind-btrfs(8)). */
function stanzasOf(host: Host, main: string): Place[] {
  const { stanzas } = readRefindConfig(host, main)
  const place = (stanza: Stanza, title: string, onMenu: boolean): Place => ({
    path: stanza.options?.path ?? main,
    name: title,
    title,
    onMenu,
    options: stanza.options,
    args: splitArgs(stanza.options?.text ?? ''),
    isUnclear: stanza.options === undefined,
    stanza,
  })
  return stanzas
    .filter(stanza => stanza.enabled && isLinux(stanza) && !/snapshot/i.test(stanza.options?.path ?? ''))
    .flatMap(stanza => [
      place(stanza, stanza.title, true),
      // Those without options of their own take the stanza's, and add to them (AddSubmenu()).
      ...stanza.submenus
        .filter(({ enabled, options }) => enabled && options !== undefined)
        .map(submenu => place(submenu, `${stanza.title}: ${submenu.title}`, false)),
    ])
}

/** rEFInd takes files with these names for kernels (refind/scan.c, LINUX_PREFIXES). */
function isLinux({ loader, initrd, ostype, options }: Stanza): boolean {
  const name = loader.split(/[\\/]/).at(-1) ?? ''
  if (name === '' || /memtest|shell|grub|systemd-boot/i.test(name)) return false
  return (
    /^(vmlinuz|bzImage|kernel)/i.test(name) ||
    initrd !== '' ||
    ostype === 'Linux' ||
    /(^|\s)initrd=/.test(options?.text ?? '')
  )
}

function editPlaces(
  host: Host,
  places: readonly Place[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const texts = new Map<string, Bytes>()
  const paths = [...new Set(places.map(place => place.path))]
  const refusal = paths.map(file => refuseText(host, file)).find(one => one !== undefined)
  if (refusal !== undefined) return refusal
  for (const place of places.toSorted((a, b) => (b.options?.start ?? 0) - (a.options?.start ?? 0))) {
    const options = optionsOf(place)
    if (isRefusal(options)) return options
    const edited = editText(host, place.path, options.text, edits)
    if (isRefusal(edited)) return edited
    const bytes = texts.get(place.path) ?? bytesOf(host, place.path)
    const after =
      edited.text === options.text ? bytes.slice(options.start, options.end) : quotedText(edited.text)
    texts.set(place.path, bytes.slice(0, options.start) + after + bytes.slice(options.end))
  }
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([file, after]) => write(host, file, after))
}

function optionsOf({ path: file, name, options }: Place): RefindToken | Refusal {
  const entry = `the entry "${name}"`
  if (options === undefined)
    return refuse(
      `${entry} in ${file} has no options, and what it boots with cannot be told`,
      'give it options "root=… …", then run again',
    )
  if (options.open)
    return refuse(`${entry} in ${file} has an unterminated quote: ${options.text}`, 'mend it, then run again')
  if (!options.quoted)
    return refuse(
      `${entry} in ${file} has options without quotes, of which rEFInd reads the first word only: ${options.text}`,
      'put double quotes round them, then run again',
    )
  return options
}

interface Choice {
  readonly entry: Place
  readonly chosenBy: string
}

/**
 * What rEFInd boots when nobody touches a key, as far as its files tell. The menu's order is that of scanning, and
 * kernels it finds by itself stand there by their time stamps; `+`, the default, is what was booted last.
 */
function nextEntry(host: Host): Choice | Refusal {
  const own = ownPlaces(host)
  if (isRefusal(own)) return own
  const [main, another] = mainFiles(host)
  if (main !== undefined && another !== undefined)
    return refuse(`rEFInd may read ${main} or ${another}`, 'remove the one that is not used, then run again')
  const config = main === undefined ? undefined : readRefindConfig(host, main)
  const scanned = new Set(config?.setting('scanfor') ?? ['internal', 'external', 'manual'])
  const findsKernels = scanned.has('internal') || scanned.has('external')
  const onMenu = own.filter(({ stanza, onMenu }) => onMenu && (stanza ? scanned.has('manual') : findsKernels))
  const stanzas = onMenu.filter(({ stanza }) => stanza !== undefined)
  const found = onMenu.filter(({ stanza }) => stanza === undefined)
  const wanted = config?.setting('default_selection') ?? ['+']
  if (wanted.length !== 1) return cannotTell(`default_selection is ${wanted.join(', ')}`)
  const [word = '+'] = wanted
  if (word === '+') return lastBooted(onMenu)
  const chosenBy = `default_selection ${word}`
  const [only, other] = onMenu
  // One character is a place on the menu, or a key (refind/menu.c FindMenuShortcutEntry()).
  if (word.length === 1) return cannotTell(`default_selection is ${word}`)
  const named = [
    ...stanzas.filter(({ stanza }) => menuTitle(stanza).toLowerCase().includes(word.toLowerCase())),
    ...found.filter(() => host.kernels.some(({ release }) => `vmlinuz-${release}`.includes(word))),
  ]
  const [first, second] = named
  if (first !== undefined && second === undefined) return { entry: first, chosenBy }
  if (first === undefined && !findsKernels && only !== undefined && isFirst(config, only))
    return { entry: only, chosenBy: `the menu’s order, as ${chosenBy} matches no entry` }
  if (first !== undefined && other === undefined) return { entry: first, chosenBy }
  return cannotTell(`default_selection is ${word}`)
}

/** Running is what was booted last: by its kernel's name or by root=, which ownEntries has seen to. */
function lastBooted(places: readonly Place[]): Choice | Refusal {
  const [first, second] = places
  if (first !== undefined && second === undefined)
    return { entry: first, chosenBy: 'the entry that was booted last' }
  return cannotTell(
    'the entry that was booted last is booted again (default_selection +), and there are several',
  )
}

const cannotTell = (why: string): Refusal =>
  refuse(
    `which entry rEFInd boots next cannot be told: ${why}`,
    'set default_selection in refind.conf to the title of one entry',
  )

/** All that other systems have on the menu stands there, too. */
const isFirst = (config: RefindConfig | undefined, { path: file, options }: Place): boolean => {
  const first = config?.stanzas.find(({ enabled }) => enabled)?.options
  return first !== undefined && first.path === file && first.start === options?.start
}

/** refind/config.c AddStanzaEntries(). */
const menuTitle = (stanza: Stanza | undefined): string =>
  `Boot ${stanza?.title ?? ''} from ${stanza?.volume ?? ''}`

/** A stanza names its kernel; of those rEFInd finds, the one with the newest time stamp is booted. */
function kernelOf(host: Host, { stanza }: Place): { release: string } | Refusal {
  const named = stanza && kernelAt(host, stanza.loader.replaceAll('\\', '/'))
  if (named !== undefined) return named
  const bootable = host.kernels.filter(kernel => kernel.bootable)
  const [only, second] = bootable
  if (only !== undefined && second === undefined) return only
  return refuse(
    `rEFInd boots the newest kernel by its file’s time, and which one of ${bootable.map(({ release }) => release).join(', ') || 'none'} that is cannot be told`,
    'only the next boot can show it',
  )
}

/**
 * rEFInd adds the initramfs it found as initrd=\… unless the options name one; a stanza's initrd goes behind its
 * options, too (refind/linux.c AddInitrdToOptions(), refind/config.c AddStanzaEntries()).
 */
function initrdOf(host: Host, { args, stanza, options }: Place): { args: readonly string[] } | Refusal {
  if (/%v/.test(options?.text ?? ''))
    return refuse(
      'the options have %v, for which rEFInd puts the kernel’s version',
      'only the next boot can show it',
    )
  if (stanza !== undefined) return { args: stanza.initrd === '' ? [] : [`initrd=${stanza.initrd}`] }
  if (args.some(arg => /initrd=/i.test(arg))) return { args: [] }
  const running = ifKnown(host.cmdline)
  if (running === undefined)
    return refuse('the running command line is not known', 'read /proc/cmdline as root')
  return { args: running.filter(arg => arg.startsWith('initrd=')) }
}
