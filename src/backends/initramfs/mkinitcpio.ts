import { type Argv, applyChanges, type Change, write } from '../../host/change.ts'
import type { Host, InstalledKernel } from '../../host/host.ts'
import { moduleName } from '../../host/modprobe.ts'
import { KNOWN_DRIVERS } from '../../host/native_drivers.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { tool } from '../evidence.ts'
import { withNames, withoutNames } from '../shell/list.ts'
import { type ListVariable, readLists, type Setting } from '../shell/sourced.ts'
import type { InitramfsGenerator, ModuleEdit } from './generator.ts'
import { imagesOf, kernelImages, modprobeHashes, softdepsOf, vfioModulesOf } from './images.ts'
import { MKINITCPIO_PRESETS, type Preset, readPresets } from './mkinitcpio_presets.ts'

export const MAIN = '/etc/mkinitcpio.conf'
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
    return isRefusal(config) ? [] : config.MODULES.words.map(nameOf)
  },
  edit,
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

function wants(host: Host, kernel: InstalledKernel, path: string) {
  const presets = readPresets(host)
  const preset = isRefusal(presets) ? undefined : presets.find(({ images }) => images.includes(path))
  const config = readConfig(host, sourcesOf(host, preset))
  if (isRefusal(config)) return { modules: [], loads: [], files: {} }
  const listed = vfioOf(config.MODULES)
  const isLoaded = (name: string) => isSystemd(config) || kernel.vfio[name]?.is === 'module'
  const modules = vfioModulesOf(kernel, listed)
  return {
    modules,
    brings: softdepsOf(kernel, modules),
    loads: listed.filter(isLoaded),
    files: filesInImages(host, config),
  }
}

const vfioOf = ({ words }: ListVariable): string[] => [
  ...new Set(words.map(nameOf).filter(name => name.startsWith('vfio'))),
]

/** Its install script writes all of MODULES down, others only what is really there and no builtin (parse_config()). */
const isSystemd = ({ HOOKS }: Config): boolean => HOOKS.words.includes('systemd')

const MODPROBE_HOOK = 'modconf'

function filesInImages(host: Host, { HOOKS, FILES }: Config): Record<string, string> {
  const hashes = modprobeHashes(host)
  if (HOOKS.words.includes(MODPROBE_HOOK)) return hashes
  return Object.fromEntries(Object.entries(hashes).filter(([path]) => FILES.words.includes(path)))
}

/** Each configuration that makes an image gets the same. */
function edit(host: Host, asked: ModuleEdit): readonly Change[] | Refusal {
  const presets = readPresets(host)
  if (isRefusal(presets)) return presets
  const chains = presets.length === 0 ? [sourcesByDefault(host)] : presets.map(one => sourcesOf(host, one))
  const changes: Change[] = []
  for (const paths of distinct(chains)) {
    const missing = paths.find(path => !(path in host.files))
    if (missing !== undefined || paths.length === 0)
      return refuse(
        `mkinitcpio's configuration ${missing ?? MAIN} is not there, or has a name that is not looked at`,
        'name it /etc/mkinitcpio-….conf in the preset, or leave the preset to /etc/mkinitcpio.conf',
      )
    const more = editConfig(applyChanges(host, changes), paths, asked)
    if (isRefusal(more)) return more
    changes.push(...more)
  }
  return changes
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
  if (remove.length > 0) return takeAway(host, config.MODULES, new Set(remove.map(nameOf)))
  const wanted = add.map(nameOf)
  const gone = new Set([...unknownNames(host, config.MODULES), ...lateNames(config.MODULES, wanted)])
  const cleared = takeAway(host, config.MODULES, gone)
  if (isRefusal(cleared)) return cleared
  const added = putIn(applyChanges(host, cleared), paths, wanted)
  if (isRefusal(added)) return added
  const hooked = withModprobeHook(applyChanges(host, [...cleared, ...added]), paths)
  return isRefusal(hooked) ? hooked : [...cleared, ...added, ...hooked]
}

/** A name that a kernel does not have is an error to mkinitcpio, unless it is marked as one that may be missing. */
function unknownNames(host: Host, { words }: ListVariable): string[] {
  const kernels = host.kernels.filter(({ bootable, vfio }) => bootable && vfio.vfio_pci !== undefined)
  return words
    .filter(word => !word.endsWith('?') && nameOf(word).startsWith('vfio'))
    .map(nameOf)
    .filter(name => kernels.some(kernel => kernel.vfio[name] === undefined))
}

/** Those that stand behind a driver that would take the device first. */
function lateNames({ words }: ListVariable, wanted: readonly string[]): string[] {
  const names = words.map(nameOf)
  const rival = names.findIndex(isRival)
  return rival < 0 ? [] : names.slice(rival).filter(name => wanted.includes(name))
}

const isRival = (name: string): boolean =>
  KNOWN_DRIVERS.includes(nameOf(name)) || /^(nvidia|fglrx)/.test(nameOf(name))

function takeAway(
  host: Host,
  { chain }: ListVariable,
  gone: ReadonlySet<string>,
): readonly Change[] | Refusal {
  const changes: Change[] = []
  if (gone.size === 0) return changes
  // Last setting of a file first, so that the offsets of the others stay true.
  for (const setting of chain.toReversed()) {
    const now = applyChanges(host, changes)
    const bytes = now.files[setting.path]?.bytes ?? ''
    const after = withoutNames(bytes, setting, name => gone.has(nameOf(name)))
    if (after === undefined) return unsafe(setting)
    changes.push(...write(now, setting.path, after))
  }
  return changes
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
  return after === undefined ? unsafe(first) : write(host, first.path, after)
}

/** Behind the hooks that it usually follows; it only copies modprobe.d, so that it harms nothing anywhere. */
function withModprobeHook(host: Host, paths: readonly string[]): readonly Change[] | Refusal {
  const config = readConfig(host, paths)
  if (isRefusal(config)) return config
  const covered = filesInImages(host, config)
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
  const presets = readPresets(host)
  const known = isRefusal(presets) ? [] : presets.flatMap(({ images }) => images)
  const single = kernelImages(host)
    .filter(({ path }) => !path.endsWith('.efi') && !known.includes(path))
    .map(({ path, kernel }): Argv => ['mkinitcpio', '-k', kernel.release, '-g', path])
  return known.length > 0 || single.length === 0 ? [['mkinitcpio', '-P'], ...single] : single
}
