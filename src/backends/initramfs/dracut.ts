import { RULES_FILE, ruleHashes } from '../../host/address_binding.ts'
import type { Bytes } from '../../host/bytes.ts'
import { type Argv, applyChanges, type Change, write } from '../../host/change.ts'
import type { Host } from '../../host/host.ts'
import { moduleName } from '../../host/modprobe.ts'
import { kernelsLacking } from '../../host/vfio_kernels.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { sdbootutilEntries } from '../bootloaders/sdbootutil.ts'
import { tool } from '../evidence.ts'
import { listTokens, withNames, withoutNamesOfAll } from '../shell/list.ts'
import { type ListVariable, readLists, type Setting } from '../shell/sourced.ts'
import type { InitramfsGenerator, ModuleEdit } from './generator.ts'
import { imagesOf, kernelImages, modprobeHashes, softdepsOf, vfioModulesOf } from './images.ts'

const MAIN = '/etc/dracut.conf'
const VENDOR_FOLDER = '/usr/lib/dracut/dracut.conf.d/'
const FOLDER = '/etc/dracut.conf.d/'
/** Only what ends in .conf is read. The second where the first would hide a file of the distribution, or is masked. */
const DROP_INS = [`${FOLDER}vfio.conf`, `${FOLDER}vfio-run.conf`] as const
const RULES_LINE = `install_items+=" ${RULES_FILE} "\n`
const ITEMS_LINE = 'install_items+=" /etc/modprobe.d/*.conf "\n'

/** dracut: drop-ins of dracut.conf(5); force_drivers are in the image, and loaded before udev. */
export const dracut: InitramfsGenerator = {
  name: 'dracut',
  evidence: tool('dracut'),
  reads: [MAIN, `${VENDOR_FOLDER}*.conf`, `${FOLDER}*.conf`],
  carries: "today's modprobe.d",
  listed(host) {
    const config = readConfig(host)
    return isRefusal(config) ? [] : config.force_drivers.words.map(moduleName)
  },
  edit,
  carryRules,
  get images() {
    return dracutImages
  },
}

const NAMES = [
  'force_drivers',
  'add_drivers',
  'drivers',
  'omit_drivers',
  'install_items',
  'hostonly',
  'uefi',
] as const
type Config = Readonly<Record<(typeof NAMES)[number], ListVariable>>

const readConfig = (host: Host): Config | Refusal => readLists(host, sources(host), NAMES)

/** The main file, then the drop-ins of both folders by name; one in /etc hides its namesake (dracut.sh, dropindirs_sort). */
function sources(host: Host): string[] {
  const dropIns = new Map<string, string>()
  for (const folder of [VENDOR_FOLDER, FOLDER])
    for (const path of Object.keys(host.files))
      if (path.startsWith(folder) && path.endsWith('.conf')) dropIns.set(path.slice(folder.length), path)
  const inOrder = [...dropIns].sort(([a], [b]) => compareVersions(a, b)).map(([, path]) => path)
  return [MAIN, ...inOrder].filter(path => path in host.files)
}

/** As sort -V: runs of digits count as numbers. */
function compareVersions(a: string, b: string): number {
  const [as, bs] = [a, b].map(text => text.match(/\d+|\D+/g) ?? [])
  for (const [i, piece] of (as ?? []).entries()) {
    const other = bs?.[i] ?? ''
    const order = Number(piece) - Number(other) || (piece < other ? -1 : Number(piece > other))
    if (order !== 0) return order
  }
  return (as?.length ?? 0) - (bs?.length ?? 0)
}

const vfioOf = ({ words }: ListVariable): string[] => [
  ...new Set(words.map(moduleName).filter(name => name.startsWith('vfio'))),
]

/** /etc/modprobe.d comes along where the image is for this host only (90kernel-modules); else what install_items names. */
function filesInImage(host: Host, config: Config, path: string): Record<string, string> {
  const hashes = modprobeHashes(host)
  if (isHostOnly(config) && !isFallback(path)) return hashes
  const kept = Object.entries(hashes).filter(([path]) => config.install_items.words.some(matches(path)))
  return Object.fromEntries(kept)
}

/** Made for any machine, whatever the configuration says. */
const isFallback = (path: string): boolean => path.includes('fallback')

const isHostOnly = ({ hostonly }: Config): boolean => ['yes', '-h'].includes(hostonly.words.join(' '))

/** dracut hands the words to its shell, which takes them for file name patterns; * does not match a slash there. */
const matches = (path: string) => (pattern: string) =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  ).test(path)

/**
 * Whether an image for this host only has them differs by version (01systemd-udevd quotes the pattern in dracut 059, and
 * finds no such file), so they are named.
 */
function rulesInImage(host: Host, { install_items }: Config): Readonly<Record<string, string>> {
  return install_items.words.some(matches(RULES_FILE)) ? ruleHashes(host) : {}
}

function carryRules(host: Host): readonly Change[] | Refusal {
  const path = dropIn(host)
  const before = host.files[path]?.bytes
  if (Object.keys(ruleHashes(host)).length === 0) return withoutLine(host, path, RULES_LINE)
  const config = readConfig(host)
  if (isRefusal(config)) return config
  if (config.install_items.words.some(matches(RULES_FILE))) return []
  const changes = write(host, path, appendLine(before ?? '', RULES_LINE))
  const after = readConfig(applyChanges(host, changes))
  if (isRefusal(after)) return after
  return after.install_items.words.some(matches(RULES_FILE)) ? changes : resetBy(after.install_items, path)
}

function withoutLine(host: Host, path: string, line: string): readonly Change[] {
  const before = host.files[path]?.bytes
  if (before === undefined || host.files[path]?.masks) return []
  const after = before
    .split(/(?<=\n)/)
    .filter(one => one !== line)
    .join('')
  if (after === before) return []
  return after === '' ? [{ kind: 'remove', path, before }] : write(host, path, after)
}

function edit(host: Host, { add, remove }: ModuleEdit): readonly Change[] | Refusal {
  const config = readConfig(host)
  if (isRefusal(config)) return config
  const omitted = config.omit_drivers.chain.find(setting => omitsVfio(host, setting))
  if (add.length > 0 && omitted !== undefined)
    return refuse(
      `${omitted.path}:${omitted.line} keeps vfio modules out of the images (omit_drivers)`,
      'take them out of that list, then run again',
    )
  if (remove.length > 0) {
    const cleared = withoutModules(host, config, new Set(remove.map(moduleName)))
    return isRefusal(cleared) ? cleared : [...cleared, ...withoutOurLines(applyChanges(host, cleared))]
  }
  const unknown = new Set(unknownNames(host, config))
  const vendors = config.force_drivers.chain.find(
    setting => !setting.path.startsWith('/etc/') && names(setting, unknown),
  )
  if (vendors !== undefined)
    return refuse(
      `${vendors.path}:${vendors.line} names a vfio module that not every kernel here has: dracut leaves out what follows it`,
      `copy it to ${FOLDER} and take the name out, then run again`,
    )
  const cleared = withoutModules(host, config, unknown)
  if (isRefusal(cleared)) return cleared
  const added = withModules(applyChanges(host, cleared), add)
  return isRefusal(added) ? added : [...cleared, ...added]
}

/**
 * Its words are regular expressions for names with underscores, of whole names in newer versions only (dracut.sh,
 * omit_drivers_corrected).
 */
function omitsVfio(host: Host, setting: Setting): boolean {
  const known = host.kernels.flatMap(({ vfio }) => Object.keys(vfio))
  const text = setting.word.parts.map(({ text }) => text).join('')
  return text
    .split(/\s+/)
    .filter(word => word !== '')
    .some(word => moduleName(word).includes('vfio') || known.some(name => isMatch(word, name)))
}

function isMatch(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name)
  } catch {
    return false
  }
}

const names = (setting: Setting, modules: ReadonlySet<string>): boolean =>
  listTokens(setting)?.some(({ name }) => modules.has(moduleName(name))) ?? modules.size > 0

/** A name that a kernel does not have makes dracut leave out those after it, and exit with 0 (dracut-install -m). */
const unknownNames = (host: Host, config: Config): string[] =>
  vfioOf(config.force_drivers).filter(name => kernelsLacking(host, name).length > 0)

/** Takes names off the lists of /etc: those of /usr are the distribution's word. */
function withoutModules(host: Host, config: Config, gone: ReadonlySet<string>): readonly Change[] | Refusal {
  const ours = config.force_drivers.chain.filter(({ path }) => path.startsWith('/etc/'))
  const after = withoutNamesOfAll(host, ours, name => gone.has(moduleName(name)))
  return 'unsafe' in after ? unsafe(after.unsafe) : after.changes
}

/**
 * Lines of our own drop-in that say nothing any more, and the one for modprobe.d: whose that is nothing tells, if it is
 * as we write it; left there it would stay for good where we have added it. A drop-in with nothing else in it goes.
 */
function withoutOurLines(host: Host): readonly Change[] {
  const path = dropIn(host)
  const before = host.files[path]?.bytes
  if (before === undefined) return []
  const after = before
    .split(/(?<=\n)/)
    .filter(line => !/^force_drivers\+="[ \t]*"\n?$/.test(line) && line !== ITEMS_LINE)
    .join('')
  return after === '' ? [{ kind: 'remove', path, before }] : write(host, path, after)
}

function dropIn(host: Host): string {
  const isOurs = (path: string) =>
    path in host.files
      ? host.files[path]?.masks === undefined
      : !(path.replace(FOLDER, VENDOR_FOLDER) in host.files)
  return DROP_INS.find(isOurs) ?? DROP_INS[1]
}

function withModules(host: Host, add: readonly string[]): readonly Change[] | Refusal {
  const config = readConfig(host)
  if (isRefusal(config)) return config
  const listed = config.force_drivers.words.map(moduleName)
  const missing = add.map(moduleName).filter(name => !listed.includes(name))
  const path = dropIn(host)
  let text = host.files[path]?.bytes ?? ''
  if (missing.length > 0) {
    const own = config.force_drivers.chain.find(
      setting => setting.path === path && (listTokens(setting)?.length ?? 0) > 0,
    )
    text =
      (own && withNames(text, own, missing)) ?? appendLine(text, `force_drivers+=" ${missing.join(' ')} "\n`)
  }
  if (!itemsHold(host, config)) text = appendLine(text, ITEMS_LINE)
  const changes = text === '' ? [] : write(host, path, text)
  const after = readConfig(applyChanges(host, changes))
  if (isRefusal(after)) return after
  const overridden =
    firstThatResets(after.force_drivers, add) ?? (itemsHold(host, after) ? undefined : after.install_items)
  return overridden === undefined ? changes : resetBy(overridden, path)
}

function appendLine(bytes: Bytes, line: string): Bytes {
  return bytes + (bytes === '' || bytes.endsWith('\n') ? '' : '\n') + line
}

const firstThatResets = (variable: ListVariable, add: readonly string[]): ListVariable | undefined =>
  add.every(name => variable.words.map(moduleName).includes(moduleName(name))) ? undefined : variable

/** One list serves all images, those for any machine too. */
function itemsHold(host: Host, config: Config): boolean {
  const count = Object.keys(modprobeHashes(host)).length
  const paths = ['', ...kernelImages(host).map(({ path }) => path)]
  return paths.every(path => Object.keys(filesInImage(host, config, path)).length === count)
}

function resetBy({ chain }: ListVariable, path: string): Refusal {
  const [first] = chain
  return refuse(
    `${first?.path ?? path}:${first?.line ?? 1} sets ${first?.name ?? 'force_drivers'} anew, after ${path} and whatever that adds to it`,
    `write += there, with a blank at both ends of the list, or rename that file so that it comes before ${path}; then run again`,
  )
}

const unsafe = (setting: Setting): Refusal =>
  refuse(
    `${setting.path}:${setting.line} writes ${setting.name} in a way that cannot be edited safely`,
    `write it as ${setting.name}+=" NAME … ", then run again`,
  )

const dracutImages: Artifact = {
  ...imagesOf({
    rebuild,
    wants(host, kernel, path) {
      const config = readConfig(host)
      if (isRefusal(config)) return config
      const loaded = vfioOf(config.force_drivers)
      const held = [...loaded, ...vfioOf(config.add_drivers), ...vfioOf(config.drivers)]
      const modules = vfioModulesOf(kernel, held)
      const brings = softdepsOf(kernel, modules)
      const files = { ...filesInImage(host, config, path), ...rulesInImage(host, config) }
      return { modules, brings, loads: loaded, files }
    },
  }),
  writes: host => [
    ...new Set(kernelImages(host).map(({ path }) => outputFor(path))),
    ...(isBySum(host) ? sdbootutilEntries.writes(host) : []),
  ],
}

/**
 * Each by its path. --regenerate-all writes where dracut would put an image of that kernel now, which need not be what is
 * booted (https://github.com/dracut-ng/dracut/issues/2445), and makes one for every folder of modules that is left,
 * of which any may fail. It is left for unified kernel images, whose names dracut makes up, and where no image is known;
 * with uefi=yes dracut would make such a one of whatever path it is told.
 */
function rebuild(host: Host): readonly Argv[] {
  if (isBySum(host)) return [['sdbootutil', 'mkinitrd']]
  const images = kernelImages(host).filter(({ path }) => !isCopied(host, path))
  const single = images.filter(({ path }) => !path.endsWith('.efi'))
  const config = readConfig(host)
  const isUnified = !isRefusal(config) && config.uefi.words.join(' ') === 'yes'
  const byPath = single.map(
    ({ path, kernel }): Argv => [
      'dracut',
      '--force',
      ...(isFallback(path) ? ['--no-hostonly'] : []),
      ...(isUnified ? ['--no-uefi'] : []),
      outputFor(path),
      kernel.release,
    ],
  )
  const all: Argv[] =
    single.length < images.length || images.length === 0 ? [['dracut', '--force', '--regenerate-all']] : []
  const update: Argv[] = single.some(({ path }) => isSolus(path)) ? [['clr-boot-manager', 'update']] : []
  return [...all, ...byPath, ...update]
}

/**
 * openSUSE's sdbootutil calls images after their SHA-1, and snapshots share those that are the same. Written in place
 * one would change for the snapshots that one goes back to, too; it makes new ones and writes them to the entries.
 */
const isBySum = (host: Host): boolean =>
  host.tools.includes('sdbootutil') &&
  kernelImages(host).some(({ path }) => /\/initrd-[0-9a-f]{40}$/.test(path))

const isSolus = (path: string): boolean => /^\/(usr\/lib|etc)\/kernel\/initrd-/.test(path)

/**
 * On Solus images come with the kernels' packages. clr-boot-manager takes one of /etc in the place of the package's
 * (src/bootman/kernel.c), and copies it to the ESP.
 */
const outputFor = (path: string): string => (isSolus(path) ? path.replace(/^\/usr\/lib\//, '/etc/') : path)

/** That copy, where the ESP is mounted. */
const isCopied = (host: Host, path: string): boolean =>
  !isSolus(path) &&
  Object.keys(host.images).some(other => isSolus(other) && other.endsWith(path.slice(path.lastIndexOf('/'))))
