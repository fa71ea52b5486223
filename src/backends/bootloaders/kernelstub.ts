import { textFromBytes } from '../../host/bytes.ts'
import type { Change, FileEdit } from '../../host/change.ts'
import { editCommandLine } from '../../host/command_line.ts'
import type { Host } from '../../host/host.ts'
import { isSatisfied } from '../../host/kernel_args.ts'
import { ifKnown } from '../../host/known.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { all, not, path, stubInfo, tool } from '../evidence.ts'
import type { Bootloader, NextBoot } from './bootloader.ts'
import {
  bootOf,
  chosenEntry,
  defaultIn,
  initrdTokens,
  type LoaderEntry,
  loaderEntries,
  noEntries,
  optionTokens,
} from './entries/loader_entries.ts'
import { compareVersions } from './entries/version_order.ts'
import { bytesOf } from './lines/written_line.ts'
import { SYSTEMD_BOOT, systemdBootHasBooted } from './systemd_boot.ts'

const NAME = 'kernelstub'
const CONFIGURATION = '/etc/kernelstub/configuration'

/**
 * Pop!_OS: the options are a list in a JSON file, and the program writes it and systemd-boot's entries from it.
 * All options are given to it with -o: -d puts the list through a set, and with that in another order
 * (kernelstub/application.py).
 */
export const kernelstub: Bootloader = {
  name: NAME,
  evidence: all(tool(NAME), path(CONFIGURATION), systemdBootHasBooted, not(stubInfo(/./))),
  manages: ['systemd-boot'],
  reads: [CONFIGURATION],
  configured(host) {
    const current = itsEntry(host, 'current')
    return current === undefined ? noEntries(SYSTEMD_BOOT) : optionTokens(host, current)
  },
  edit(host, edits) {
    const configuration = readConfiguration(host)
    if (isRefusal(configuration)) return configuration
    const current = itsEntry(host, 'current')
    if (current === undefined) return noEntries(SYSTEMD_BOOT)
    const line = configuration.options.join(' ')
    const wanted = editCommandLine(line, edits)
    const tokens = optionTokens(host, current)
    if (wanted === line && edits.every(edit => isSatisfied(tokens, edit))) return []
    if (wanted.trim() === '') return emptied
    return [run(host, configuration, wanted)]
  },
  next(host) {
    const choice = chosen(host)
    if (isRefusal(choice)) return choice
    const release = releaseOf(host, choice.entry)
    const entry = release === undefined ? choice.entry : { ...choice.entry, version: release }
    return bootOf(host, entry, choice.chosenBy)
  },
}

type Json = Readonly<Record<string, unknown>>

/** All of the file, in its order, of which the program's part is `user`. */
interface Configured {
  readonly whole: Json
  readonly user: Json
  readonly options: readonly string[]
}

function readConfiguration(host: Host): Configured | Refusal {
  const whole = parseJson(textFromBytes(bytesOf(host, CONFIGURATION)))
  if (!isObject(whole)) return misread('it is no JSON object')
  const { user } = whole
  if (!isObject(user)) return misread('it has no object `user`')
  const { kernel_options: options, setup_loader: setsUpLoader, unified_kernel: isUnified } = user
  if (!isTexts(options)) return misread('user.kernel_options is no list of options')
  if (setsUpLoader !== true) return misread('user.setup_loader is not true: it writes no entries')
  if (isUnified === true)
    return misread('user.unified_kernel is true: the options are inside a unified kernel image')
  return { whole, user, options }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(one => typeof one === 'string')

type Role = 'current' | 'oldkern'

/** NAME-current.conf and NAME-oldkern.conf of /EFI/NAME-UUID/. */
function itsEntry(host: Host, role: Role): LoaderEntry | undefined {
  return loaderEntries(host, SYSTEMD_BOOT).find(entry => {
    const [, name] = FOLDER_OF.exec(entry.linux) ?? []
    return name !== undefined && entry.id === `${name.toLowerCase()}-${role}.conf`
  })
}

const FOLDER_OF = /^\/EFI\/([^/]+?)-([0-9a-fA-F]+(?:-[0-9a-fA-F]+)*)\/[^/]+$/

function run(host: Host, { whole, user }: Configured, wanted: string): Change {
  const options = asKernelstubSplits(wanted)
  const edited = { ...user, kernel_options: options, live_mode: false }
  const entries = bootable(host).length > 1 ? (['current', 'oldkern'] as const) : (['current'] as const)
  return {
    kind: 'run',
    argv: [NAME, '-o', wanted],
    reason: `${NAME} writes ${CONFIGURATION} and the boot entries`,
    edits: [
      editOf(host, CONFIGURATION, asPythonWrites({ ...whole, user: edited })),
      ...entries.flatMap(role => editOfEntry(host, itsEntry(host, role), options)),
    ],
  }
}

/**
 * str.split(), and then a word with a quote takes the next ones along up to another quote, also where it has both
 * itself (parse_options()); the list's joined text stays the same but for blanks.
 */
export function asKernelstubSplits(line: string): string[] {
  const options = line.split(/\s+/).filter(word => word !== '')
  options.forEach((first, i) => {
    let option = first
    let closed = !option.includes('"')
    for (let next = i + 1; !closed && next < options.length; next++) {
      const word = options[next] ?? ''
      option = `${option} ${word}`
      options[next] = ''
      closed = word.includes('"')
    }
    options[i] = option
  })
  return options
}

/** json.dump(…, indent=2): all but printable ASCII is escaped, and no newline ends the file. */
export const asPythonWrites = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replaceAll(
    /[^\n -~]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const editOf = (host: Host, file: string, after: string): FileEdit => ({
  path: file,
  before: host.files[file]?.bytes,
  after,
})

/** make_loader_entry() */
function editOfEntry(host: Host, entry: LoaderEntry | undefined, options: readonly string[]): FileEdit[] {
  const uuid = FOLDER_OF.exec(entry?.linux ?? '')?.[2]
  if (entry === undefined || uuid === undefined) return []
  const text = `title ${entry.title}\nlinux ${entry.linux}\ninitrd ${entry.initrds[0] ?? ''}\noptions root=UUID=${uuid} ro ${options.join(' ')}\n`
  return [editOf(host, entry.path, text)]
}

/**
 * The program writes `default NAME-current` without the suffix that ids have; where this machine has booted that entry,
 * its loader takes it so.
 */
function chosen(
  host: Host,
): { readonly entry: LoaderEntry; readonly chosenBy: NextBoot['chosenBy'] } | Refusal {
  const current = itsEntry(host, 'current')
  const running = ifKnown(host.cmdline) ?? []
  const { oneShot, default: preferred } = host.firmware.loaderEntries
  const config = current?.path.replace(/entries\/[^/]+$/, 'loader.conf') ?? ''
  const isDefault = `${defaultIn(bytesOf(host, config))}.conf`.toLowerCase() === current?.id
  const hasBooted = current !== undefined && initrdTokens(current).every(token => running.includes(token))
  if (oneShot === '' && preferred === '' && isDefault && hasBooted)
    return { entry: current, chosenBy: `the default in ${config}` }
  return chosenEntry(host, SYSTEMD_BOOT)
}

/** The program copies the newest kernel of /boot, and the one before it. */
function releaseOf(host: Host, entry: LoaderEntry): string | undefined {
  const releases = bootable(host)
  if (entry.path === itsEntry(host, 'current')?.path) return releases[0]
  return entry.path === itsEntry(host, 'oldkern')?.path ? releases[1] : undefined
}

const bootable = (host: Host): string[] =>
  host.kernels
    .filter(kernel => kernel.bootable)
    .map(({ release }) => release)
    .sort((a, b) => compareVersions(b, a))

const misread = (why: string): Refusal =>
  refuse(
    `${CONFIGURATION} cannot be used: ${why}`,
    `run ${NAME} --print-config by hand, mend the file, and run again`,
  )

const emptied = refuse(
  `${NAME} cannot be told to have no kernel options at all`,
  `take the last one out of ${CONFIGURATION} by hand, then run ${NAME}`,
)
