import type { Bytes } from './bytes.ts'
import type { Host, InstalledKernel } from './host.ts'
import { effectiveValues } from './kernel_args.ts'

/** A line of a modprobe.d file that says something: its words, and where it stands. */
export interface Directive {
  readonly path: string
  /** Offset of the line in the file, and of the character after its newline. */
  readonly start: number
  readonly end: number
  /** options | blacklist | softdep | install | alias | remove … */
  readonly word: string
  /** The rest of the line split at blanks and tabs; lines continued with \ are joined, with nothing between. */
  readonly rest: readonly string[]
}

/** Folders in the order in which one file hides another of the same name (modprobe.d(5)). */
export const MODPROBE_FOLDERS = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
] as const

/** What modprobe reads, in its order: by file name, whatever the folder; hidden files left out. */
export function modprobeDirectives(host: Host): Directive[] {
  return modprobeFiles(host).flatMap(path => parseModprobe(path, host.files[path]?.bytes ?? ''))
}

export function modprobeFiles(host: Host): string[] {
  const byName = new Map<string, string>()
  for (const folder of MODPROBE_FOLDERS) {
    for (const path of Object.keys(host.files)) {
      const name = path.slice(folder.length + 1)
      if (path.startsWith(`${folder}/`) && !name.includes('/') && name.endsWith('.conf') && !byName.has(name))
        byName.set(name, path)
    }
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path)
}

/** Total: any bytes give directives, a line that modprobe would not understand simply is one with an odd word. */
export function parseModprobe(path: string, bytes: Bytes): Directive[] {
  const directives: Directive[] = []
  for (const { start, end } of logicalLines(bytes)) {
    const text = bytes.slice(start, end).replace(/\\([\s\S])/g, (_, next) => (next === '\n' ? '' : next))
    const [word, ...rest] = text.split(/[ \t\n]+/).filter(one => one !== '')
    if (word === undefined || word === '' || word.startsWith('#')) continue
    directives.push({ path, start, end, word, rest })
  }
  return directives
}

/** modprobe takes - and _ for the same in module names. */
export const moduleName = (name: string): string => name.replaceAll('-', '_')

export const isBlacklisted = (directives: readonly Directive[], driver: string): Directive | undefined =>
  directives.find(
    ({ word, rest }) =>
      moduleName(rest[0] ?? '') === moduleName(driver) &&
      // `install X /bin/false` is the stronger form: it also stops an explicit modprobe (modprobe.d(5)).
      (word === 'blacklist' || (word === 'install' && /^(\/usr)?\/bin\/(false|true)$/.test(rest[1] ?? ''))),
  )

/** A module that will not be loaded, and what says so: file and line, or the kernel argument. */
interface Kept {
  readonly module: string
  readonly by: string
}

/**
 * What keeps vfio-pci, or a module it cannot do without, from being loaded into a kernel that has it. `install X …`
 * runs something else in its place, as a dependency too (modprobe.d(5)); `module_blacklist=` is the kernel's own, and
 * compares names to the letter (kernel/module/main.c blacklisted()). `blacklist X` is no such thing: it only stops
 * aliases, and vfio-pci is loaded by its name.
 */
export function keptFromLoading(
  host: Host,
  kernel: InstalledKernel,
  cmdline: readonly string[],
): Kept | undefined {
  const needed = neededModules(kernel)
  const install = modprobeDirectives(host).find(
    ({ word, rest }) => word === 'install' && needed.includes(moduleName(rest[0] ?? '')),
  )
  if (install !== undefined)
    return {
      module: moduleName(install.rest[0] ?? ''),
      by: `${placeOf(host, install)} (install ${install.rest.join(' ')})`,
    }
  const refused = effectiveValues(cmdline, 'module_blacklist').find(name => needed.includes(name))
  return refused === undefined
    ? undefined
    : { module: refused, by: `module_blacklist=${refused} on the kernel command line` }
}

/** Without vfio_iommu_type1 vfio-pci binds, but no guest can use the device. What is compiled in needs no loading. */
function neededModules(kernel: InstalledKernel): string[] {
  const needed = new Set(['vfio_pci', 'vfio_iommu_type1'])
  for (const name of needed) for (const further of kernel.vfio[name]?.needs ?? []) needed.add(further)
  return [...needed].filter(name => kernel.vfio[name]?.is === 'module')
}

/** FILE:LINE of a directive. */
function placeOf(host: Host, { path, start }: Directive): string {
  const before = host.files[path]?.bytes.slice(0, start) ?? ''
  return `${path}:${before.split('\n').length}`
}

/** `softdep X pre: … vfio-pci`: the module must stand after `pre:` and a blank. */
export function loadsVfioFirst(directives: readonly Directive[], driver: string): Directive | undefined {
  return directives.find(({ word, rest }) => {
    if (word !== 'softdep' || moduleName(rest[0] ?? '') !== moduleName(driver)) return false
    const pre = rest.indexOf('pre:')
    const post = rest.indexOf('post:')
    const names = pre < 0 ? [] : rest.slice(pre + 1, post > pre ? post : undefined)
    return names.some(name => moduleName(name) === 'vfio_pci')
  })
}

/** The `options vfio-pci` line whose ids= counts: all lines are joined and the last value of a parameter wins. */
export function vfioIdsDirective(
  directives: readonly Directive[],
): { directive: Directive; ids: string[] } | undefined {
  const directive = directives.findLast(
    ({ word, rest }) =>
      word === 'options' && moduleName(rest[0] ?? '') === 'vfio_pci' && rest.slice(1).some(isIds),
  )
  const parameter = directive?.rest.findLast(isIds)
  if (directive === undefined || parameter === undefined) return undefined
  const ids = parameter.slice('ids='.length).replaceAll('"', '').trim().split(',').filter(Boolean)
  return { directive, ids }
}

const isIds = (parameter: string): boolean => parameter.startsWith('ids=')

/** Lines with those joined that end in a backslash, comments too (kmod's freadline_wrapped()). */
function* logicalLines(bytes: Bytes): Generator<{ start: number; end: number }> {
  let start = 0
  while (start < bytes.length) {
    let end = lineEnd(bytes, start)
    while (goesOn(bytes, end) && end < bytes.length) end = lineEnd(bytes, end)
    yield { start, end }
    start = end
  }
}

/** Of two backslashes the first quotes the second, and the line ends. */
const goesOn = (bytes: Bytes, end: number): boolean =>
  bytes[end - 1] === '\n' &&
  (/\\*$/.exec(bytes.slice(Math.max(0, end - 100), end - 1))?.[0].length ?? 0) % 2 === 1

function lineEnd(bytes: Bytes, from: number): number {
  const at = bytes.indexOf('\n', from)
  return at < 0 ? bytes.length : at + 1
}
