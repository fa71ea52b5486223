import { addressRules, RULES_FILE, ruleHashes } from '../../host/address_binding.ts'
import { type Argv, applyChanges, type Change, pathsOf, write } from '../../host/change.ts'
import type { Host, InstalledKernel } from '../../host/host.ts'
import { moduleName } from '../../host/modprobe.ts'
import { KNOWN_DRIVERS, NVIDIA_MODULES } from '../../host/native_drivers.ts'
import { kernelsLacking } from '../../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { tool } from '../evidence.ts'
import { listTokens, withNames, withoutNamesOfAll } from '../shell/list.ts'
import { type ListVariable, readLists, type Setting } from '../shell/sourced.ts'
import type { InitramfsGenerator, ModuleEdit } from './generator.ts'
import {
  imagesOf,
  kernelImages,
  modprobeHashes,
  softdepsOf,
  vfioModulesOf,
  type WantedContent,
} from './images.ts'
import { MKINITCPIO_PRESETS, type Preset, readPresets } from './mkinitcpio_presets.ts'

const MAIN = '/etc/mkinitcpio.conf'
const FOLDER = '/etc/mkinitcpio.conf.d/'

/**
 * Arch's mkinitcpio: MODULES of mkinitcpio.conf(5) are in the image and loaded by name: before udev where its init is
 * busybox's; with the systemd hook as modules-load.d, which keeps no such order, so that softdeps have to.
 */
export const mkinitcpio: InitramfsGenerator = {
  name: 'mkinitcpio',
  evidence: tool('mkinitcpio'),
  // Presets may name another configuration; /etc/mkinitcpio-NAME.conf is what people call it.
  reads: ['/etc/mkinitcpio*.conf', `${FOLDER}*.conf`, MKINITCPIO_PRESETS],
  carries: "today's modprobe.d",
  listed(host) {
    const config = readConfig(host, sourcesByDefault(host))
    return isRefusal(config) ? [] : listedOf(config)
  },
  edit,
  carryRules,
  images: imagesOf({ rebuild, wants }),
}

const NAMES = ['MODULES', 'HOOKS', 'FILES'] as const
type Config = Readonly<Record<(typeof NAMES)[number], ListVariable>>

const readConfig = (host: Host, paths: readonly string[]): Config | Refusal => readLists(host, paths, NAMES)

/** A question mark says that it may be missing; dashes and underscores are the same, and .ko may follow (add_module()). */
const nameOf = (word: string): string => moduleName(word.replace(/\?$/, '').replace(/\.ko.*$/, ''))

/** The main file, then the drop-ins. */
function sourcesByDefault(host: Host): string[] {
  const dropIns = Object.keys(host.files).filter(path => path.startsWith(FOLDER))
  return [MAIN, ...dropIns.sort()].filter(path => path in host.files)
}

/** Drop-ins are not read where a preset names a file with -c. */
const sourcesOf = (host: Host, preset: Preset | undefined): readonly string[] =>
  preset?.config === undefined ? sourcesByDefault(host) : [preset.config]

function wants(host: Host, kernel: InstalledKernel, path: string): WantedContent | Refusal {
  const presets = readPresets(host)
  if (isRefusal(presets)) return presets
  const preset = presets.find(({ images }) => images.includes(path))
  const config = readConfig(host, sourcesOf(host, preset))
  if (isRefusal(config)) return config
  const listed = vfioOf(config.MODULES.words.map(nameOf))
  const modules = vfioModulesOf(kernel, listed)
  return {
    modules,
    brings: softdepsOf(kernel, modules),
    loads: isSystemd(config)
      ? vfioOf(config.MODULES.words.map(moduleName))
      : listed.filter(name => kernel.vfio[name]?.is === 'module'),
    files: { ...filesInImage(host, config, preset), ...rulesInImage(host, config) },
  }
}

const vfioOf = (names: readonly string[]): string[] => [
  ...new Set(names.filter(name => name.startsWith('vfio'))),
]

/**
 * The systemd hook writes the words of MODULES down as they are, a line each (install/systemd; of a string they are made
 * before, arrayize_config()), where busybox's init is told what is really there and no builtin (parse_config()).
 */
const isSystemd = ({ HOOKS }: Config): boolean => HOOKS.words.includes('systemd')

/** What is loaded: of a question mark systemd-modules-load knows nothing, and finds no module of that name. */
const listedOf = (config: Config): string[] =>
  config.MODULES.words.filter(word => !isSystemd(config) || !word.endsWith('?')).map(nameOf)

const MODPROBE_HOOK = 'modconf'

function filesInImage(
  host: Host,
  { HOOKS, FILES }: Config,
  preset: Preset | undefined,
): Record<string, string> {
  const hashes = modprobeHashes(host)
  if (HOOKS.words.includes(MODPROBE_HOOK) && !preset?.skips.includes(MODPROBE_HOOK)) return hashes
  return Object.fromEntries(Object.entries(hashes).filter(([path]) => FILES.words.includes(path)))
}

/** Its hooks copy udev's stock rules only (install/udev); what stands in FILES is taken as it is, and must be there. */
const rulesInImage = (host: Host, { FILES }: Config): Readonly<Record<string, string>> =>
  FILES.words.includes(RULES_FILE) ? ruleHashes(host) : {}

/** Each configuration that makes an image, as its files in order; images of no preset are made with the default one. */
function configurations(host: Host, presets: readonly Preset[]): (readonly string[])[] | Refusal {
  const chains = presets.map(one => sourcesOf(host, one))
  if (presets.length === 0 || imagesOfNoPreset(host, presets).length > 0) chains.push(sourcesByDefault(host))
  for (const paths of chains) {
    const missing = paths.find(path => !(path in host.files))
    if (missing !== undefined || paths.length === 0)
      return refuse(
        `mkinitcpio's configuration ${missing ?? MAIN} is not there, or has a name that is not looked at`,
        'name it /etc/mkinitcpio-….conf in the preset, or leave the preset to /etc/mkinitcpio.conf',
      )
  }
  return distinct(chains)
}

function carryRules(host: Host): readonly Change[] | Refusal {
  const presets = readPresets(host)
  if (isRefusal(presets)) return presets
  const chains = configurations(host, presets)
  if (isRefusal(chains)) return chains
  const changes: Change[] = []
  for (const paths of chains) {
    const now = applyChanges(host, changes)
    const more = Object.keys(ruleHashes(host)).length > 0 ? withRules(now, paths) : withoutRules(now, paths)
    if (isRefusal(more)) return more
    changes.push(...more)
  }
  return changes
}

/** Where nothing else sets FILES; it goes as a whole again. */
const RULES_LINE = `FILES+=(${RULES_FILE})\n`

/** A name in FILES that is not there is an error to mkinitcpio. */
function withoutRules(host: Host, paths: readonly string[]): readonly Change[] | Refusal {
  const lines = paths.flatMap(path => {
    const before = host.files[path]?.bytes ?? ''
    return write(
      host,
      path,
      before
        .split(/(?<=\n)/)
        .filter(line => line !== RULES_LINE)
        .join(''),
    )
  })
  const config = readConfig(applyChanges(host, lines), paths)
  if (isRefusal(config)) return config
  const after = withoutNamesOfAll(applyChanges(host, lines), config.FILES.chain, name => name === RULES_FILE)
  return 'unsafe' in after ? unsafe(after.unsafe) : [...lines, ...after.changes]
}

function withRules(host: Host, paths: readonly string[]): readonly Change[] | Refusal {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  const lacking = addressRules(host).length > 0 ? runsNoRules(config) : undefined
  if (lacking !== undefined)
    return refuse(
      `mkinitcpio makes images ${lacking} (HOOKS in ${config.HOOKS.chain[0]?.path ?? MAIN}), so that nothing in them could bind a device by its address`,
      'add that to HOOKS; or choose all devices of that id, or none, and bind by ids',
    )
  if (config.FILES.words.includes(RULES_FILE)) return []
  const [first] = config.FILES.chain
  const path = first?.path ?? paths[0] ?? MAIN
  const before = host.files[path]?.bytes ?? ''
  const newline = before === '' || before.endsWith('\n') ? '' : '\n'
  const after =
    first === undefined ? `${before}${newline}${RULES_LINE}` : withNames(before, first, [RULES_FILE])
  if (after === undefined) return first === undefined ? [] : unsafe(first)
  const changes = write(host, path, after)
  const read = readConfig(applyChanges(host, changes), paths)
  if (isRefusal(read) || read.FILES.words.includes(RULES_FILE)) return isRefusal(read) ? read : changes
  const last = read.FILES.chain.at(-1)
  return last === undefined ? changes : unsafe(last)
}

/** udev comes with its hook or with systemd's, and the shell that the rule runs with busybox's init (install/base). */
function runsNoRules({ HOOKS }: Config): string | undefined {
  if (HOOKS.words.includes('udev')) return undefined
  if (!HOOKS.words.includes('systemd')) return 'without udev'
  return HOOKS.words.includes('base') ? undefined : 'without a shell: the systemd hook without base'
}

/** Each configuration that makes an image gets the same. */
function edit(host: Host, asked: ModuleEdit): readonly Change[] | Refusal {
  const presets = readPresets(host)
  if (isRefusal(presets)) return presets
  const chains = configurations(host, presets)
  if (isRefusal(chains)) return chains
  const changes: Change[] = []
  for (const paths of chains) {
    const more = editConfig(applyChanges(host, changes), paths, asked)
    if (isRefusal(more)) return more
    changes.push(...more)
  }
  const after = applyChanges(host, changes)
  const skipping = asked.remove.length > 0 ? undefined : presets.find(one => leavesOut(after, one))
  if (skipping !== undefined)
    return refuse(
      `${skipping.file} makes ${skipping.name} without the ${MODPROBE_HOOK} hook (-S), so that /etc/modprobe.d would not be in the image`,
      `take ${MODPROBE_HOOK} out of ${skipping.name}_options, then run again`,
    )
  // A name may have been taken out only to be put back in its place.
  const isSame = pathsOf(changes).every(path => after.files[path]?.bytes === host.files[path]?.bytes)
  return isSame ? [] : changes
}

function leavesOut(host: Host, preset: Preset): boolean {
  const config = readConfig(host, sourcesOf(host, preset))
  if (isRefusal(config)) return false
  const covered = filesInImage(host, config, preset)
  return Object.keys(modprobeHashes(host)).some(path => !(path in covered))
}

const distinct = (chains: readonly (readonly string[])[]): (readonly string[])[] => [
  ...new Map(chains.map(paths => [paths.join('\n'), paths])).values(),
]

function editConfig(
  host: Host,
  paths: readonly string[],
  { add, remove }: ModuleEdit,
): readonly Change[] | Refusal {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  // modconf stays: it is in the HOOKS that mkinitcpio ships, and more than our files may count on it by now.
  if (remove.length > 0) return takeAway(host, config.MODULES, new Set(remove.map(nameOf)))
  const wanted = add.map(nameOf)
  const listed = listedOf(config)
  const unloaded = config.MODULES.words
    .map(nameOf)
    .filter(name => wanted.includes(name) && !listed.includes(name))
  const gone = new Set([
    ...unknownNames(host, config.MODULES),
    ...lateNames(config.MODULES, wanted),
    ...unloaded,
  ])
  const cleared = takeAway(host, config.MODULES, gone)
  if (isRefusal(cleared)) return cleared
  const added = putIn(applyChanges(host, cleared), paths, wanted)
  if (isRefusal(added)) return added
  const hooked = withModprobeHook(applyChanges(host, [...cleared, ...added]), paths)
  return isRefusal(hooked) ? hooked : [...cleared, ...added, ...hooked]
}

/** A name that a kernel does not have is an error to mkinitcpio, unless it is marked as one that may be missing. */
const unknownNames = (host: Host, { words }: ListVariable): string[] =>
  vfioOf(words.filter(word => !word.endsWith('?')).map(nameOf)).filter(
    name => kernelsLacking(host, name).length > 0,
  )

/** Those that stand behind a driver that would take the device first. */
function lateNames({ words }: ListVariable, wanted: readonly string[]): string[] {
  const names = words.map(nameOf)
  const rival = names.findIndex(isRival)
  return rival < 0 ? [] : names.slice(rival).filter(name => wanted.includes(name))
}

const isRival = (name: string): boolean =>
  KNOWN_DRIVERS.includes(nameOf(name)) ||
  NVIDIA_MODULES.includes(nameOf(name)) ||
  /^(nvidia|fglrx)/.test(nameOf(name))

function takeAway(
  host: Host,
  { chain }: ListVariable,
  gone: ReadonlySet<string>,
): readonly Change[] | Refusal {
  if (gone.size === 0) return []
  const after = withoutNamesOfAll(host, chain, name => gone.has(nameOf(name)))
  return 'unsafe' in after ? unsafe(after.unsafe) : after.changes
}

/** Into the setting that starts the list: all that others add comes later. */
function putIn(host: Host, paths: readonly string[], wanted: readonly string[]): readonly Change[] | Refusal {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  const listed = config.MODULES.words.map(nameOf)
  const missing = wanted.filter(name => !listed.includes(name))
  if (missing.length === 0) return []
  const [first] = config.MODULES.chain
  if (first === undefined) {
    const path = paths[0] ?? MAIN
    const before = host.files[path]?.bytes ?? ''
    const newline = before === '' || before.endsWith('\n') ? '' : '\n'
    return write(host, path, `${before}${newline}MODULES=(${missing.join(' ')})\n`)
  }
  const after = withNames(host.files[first.path]?.bytes ?? '', first, missing, isRival)
  if (after === undefined) return unsafe(first)
  const changes = write(host, first.path, after)
  return rivalInFront(applyChanges(host, changes), paths, wanted) ?? changes
}

/** A later setting may put its own names before all that it takes over: MODULES=(nvidia "${MODULES[@]}"). */
function rivalInFront(host: Host, paths: readonly string[], wanted: readonly string[]): Refusal | undefined {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  const { words, chain } = config.MODULES
  const [late] = lateNames(config.MODULES, wanted)
  const rival = words.find(isRival)
  const setting = chain.find(one => listTokens(one)?.some(({ name }) => name === rival)) ?? chain.at(-1)
  if (late === undefined || setting === undefined) return undefined
  return refuse(
    `${setting.path}:${setting.line} puts ${rival} before ${late} and whatever else MODULES has, so that it is loaded first`,
    `write it behind the others there, or leave it out, then run again`,
  )
}

/** Behind the hooks that it usually follows; it only copies modprobe.d, so that it harms nothing anywhere. */
function withModprobeHook(host: Host, paths: readonly string[]): readonly Change[] | Refusal {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  const covered = filesInImage(host, config, undefined)
  if (Object.keys(modprobeHashes(host)).every(path => path in covered)) return []
  const [first] = config.HOOKS.chain
  if (first === undefined)
    return refuse(
      `no HOOKS are set in ${paths.join(', ')}, so that /etc/modprobe.d would not be in the image`,
      `set HOOKS there, with ${MODPROBE_HOOK} among them, then run again`,
    )
  const after = withNames(host.files[first.path]?.bytes ?? '', first, [MODPROBE_HOOK], name =>
    FOLLOWING_HOOKS.includes(name),
  )
  return after === undefined ? unsafe(first) : write(host, first.path, after)
}

/** Those that stand behind modconf in the HOOKS that mkinitcpio ships. */
const FOLLOWING_HOOKS =
  'kms keyboard keymap consolefont sd-vconsole block encrypt sd-encrypt lvm2 mdadm_udev filesystems fsck'.split(
    ' ',
  )

const unsafe = (setting: Setting): Refusal =>
  refuse(
    `${setting.path}:${setting.line} writes ${setting.name} in a way that cannot be edited safely`,
    `write it as ${setting.name}=(NAME …), then run again`,
  )

/** All presets; images of none (kernel-install's) one by one. */
function rebuild(host: Host): readonly Argv[] {
  const read = readPresets(host)
  const presets = isRefusal(read) ? [] : read
  const single = imagesOfNoPreset(host, presets).map(
    ({ path, kernel }): Argv => [
      'mkinitcpio',
      '-k',
      kernel.release,
      // As the presets do that make an image for any machine; one may be left of a preset that is gone.
      ...(path.includes('fallback') ? ['-S', 'autodetect'] : []),
      '-g',
      path,
    ],
  )
  const hasImages = presets.some(({ images }) => images.length > 0)
  return hasImages || single.length === 0 ? [['mkinitcpio', '-P'], ...single] : single
}

const imagesOfNoPreset = (host: Host, presets: readonly Preset[]) =>
  kernelImages(host).filter(
    ({ path }) => !path.endsWith('.efi') && !presets.some(({ images }) => images.includes(path)),
  )
