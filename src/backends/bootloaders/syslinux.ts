import type { Host } from '../../host/host.ts'
import { splitArgs } from '../../host/kernel_args.ts'
import { kernelAt, releaseAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, cmdlineHas, path } from '../evidence.ts'
import { refuseText } from '../plain_text.ts'
import type { Bootloader, NextBoot } from './bootloader.ts'
import { filesThere, ownEntries } from './entries/own_entries.ts'
import { EXTLINUX_FILES, EXTLINUX_TOOLS, generatorOf } from './formats/extlinux_update.ts'
import { type Label, readSyslinuxConfig, type SyslinuxConfig, splitWord } from './formats/syslinux_config.ts'
import { editWrittenLines } from './lines/written_line.ts'

const MAIN_FILES = [
  '/boot/extlinux/extlinux.conf',
  '/boot/extlinux.conf',
  '/boot/syslinux/syslinux.cfg',
  '/boot/syslinux/extlinux.conf',
  '/boot/syslinux.cfg',
  '/boot/EFI/syslinux/syslinux.cfg',
  '/efi/EFI/syslinux/syslinux.cfg',
  '/boot/efi/EFI/syslinux/syslinux.cfg',
]

/** Files that a main file may include. */
const INCLUDED = MAIN_FILES.map(main => main.slice(0, main.lastIndexOf('/')))
  .filter(folder => folder !== '/boot')
  .flatMap(folder => [`${folder}/*.cfg`, `${folder}/*.conf`, `${folder}/*/*.cfg`, `${folder}/*/*/*.cfg`])

/** SYSLINUX and EXTLINUX, on BIOS and UEFI, and what U-Boot reads of their configuration. */
export const syslinux: Bootloader = {
  name: 'syslinux',
  evidence: any(
    all(
      // GRUB takes the images' names out of the line; LILO and PXE have no such file.
      cmdlineHas(/^BOOT_IMAGE=/, 'BOOT_IMAGE= and initrd= are on the command line'),
      cmdlineHas(/^initrd=/, ''),
      any(...MAIN_FILES.map(path)),
    ),
    any(...MAIN_FILES.map(path)),
    ...EXTLINUX_TOOLS,
  ),
  reads: [...new Set([...MAIN_FILES, ...INCLUDED, ...EXTLINUX_FILES])],
  configured(host) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const generator = generatorOf(host, read.main)
    if (generator !== undefined) return isRefusal(generator) ? generator : generator.args(host)
    const label = bootLabel(host, read.config)
    if (!isRefusal(label)) return label.label.args
    const own = ownLabels(host, read)
    return isRefusal(own) ? own : (own[0]?.args ?? [])
  },
  edit(host, edits) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const generator = generatorOf(host, read.main)
    if (generator !== undefined) return isRefusal(generator) ? generator : generator.edit(host, edits)
    const refusal = read.config.paths.map(file => refuseText(host, file)).find(one => one !== undefined)
    if (refusal !== undefined) return refusal
    const own = ownLabels(host, read)
    if (isRefusal(own)) return own
    const bare = own.find(({ append }) => append === undefined)
    if (bare !== undefined) return withoutAppend(read.main, bare)
    return editWrittenLines(host, linesOf(own), edits)
  },
  next(host) {
    const read = readConfig(host)
    if (isRefusal(read)) return read
    const chosen = bootLabel(host, read.config)
    if (isRefusal(chosen)) return chosen
    const { label, extra, chosenBy } = chosen
    if (!isLinux(host, label))
      return refuse(
        `${read.main} boots "${label.title}" next, which is no Linux`,
        'choose a Linux entry there',
      )
    if (read.config.sysappend)
      return refuse(
        `${read.main} has the loader add arguments of its own (SYSAPPEND)`,
        'what they will be only the next boot can tell',
      )
    const [kernel, kernelArgs] = splitWord(label.kernel)
    const args = [...splitArgs(kernelArgs), ...label.args]
    const cmdline = isUBoot(host, read.config)
      ? args
      : [
          `BOOT_IMAGE=${kernel}`,
          ...args,
          ...(label.initrd === '' ? [] : splitArgs(`initrd=${label.initrd}`)),
          ...splitArgs(extra),
        ]
    return { title: label.title, chosenBy, release: releaseAt(host, kernel), cmdline } satisfies NextBoot
  },
  get menu() {
    return menu
  },
}

const menu: Artifact = {
  kind: 'menu',
  title: 'the EXTLINUX menu',
  isStale: host => generated(host)?.isStale(host),
  rebuild: host => generated(host)?.rebuild ?? [],
  writes: host => generated(host)?.writes(host) ?? [],
  derive: host => generated(host)?.derive(host) ?? host,
}

function generated(host: Host) {
  const read = readConfig(host)
  const generator = isRefusal(read) ? undefined : generatorOf(host, read.main)
  return generator === undefined || isRefusal(generator) ? undefined : generator
}

interface Read {
  readonly main: string
  readonly config: SyslinuxConfig
}

function readConfig(host: Host): Read | Refusal {
  const found = filesThere(host, MAIN_FILES).map(main => ({
    main,
    config: readSyslinuxConfig(host, main),
  }))
  // Some distributions have a syslinux.cfg that only includes the other.
  const mains = found.filter(
    ({ main }) => !found.some(one => one.main !== main && one.config.paths.includes(main)),
  )
  const [first, second] = mains
  if (first === undefined)
    return refuse(
      `there is no configuration of SYSLINUX in its usual places (${MAIN_FILES.slice(0, 3).join(', ')} …)`,
      'set the kernel arguments by hand, or leave this host out with --limit',
    )
  if (second === undefined) return first
  return refuse(
    `SYSLINUX may read any of ${mains.map(({ main }) => main).join(', ')}`,
    'remove those that are not used, then run again',
  )
}

function ownLabels(host: Host, { main, config }: Read): readonly Label[] | Refusal {
  const linux = config.labels.filter(label => isLinux(host, label))
  const own = ownEntries(
    host,
    main,
    linux.map(label => ({
      label,
      title: label.title,
      args: label.args,
      isUnclear: label.append === undefined,
    })),
  )
  if (isRefusal(own)) return own
  if (own.length > 0) return own.map(({ label }) => label)
  return refuse(`no entry in ${main} boots a Linux of this machine`, 'set the kernel arguments by hand')
}

/** Programs, floppy images and other loaders are started by KERNEL, too: by their extension or by what they are. */
function isLinux(host: Host, { type, kernel, initrd, args }: Label): boolean {
  const [file] = splitWord(kernel)
  if (type !== 'kernel' && type !== 'linux') return false
  if (/\.(c32|com|cbt|bin|bs|bss|0|img|iso)$/i.test(file) || OTHER_PROGRAMS.test(file)) return false
  return (
    initrd !== '' ||
    args.some(arg => /^(root|initrd|boot|rootfstype)=/.test(arg)) ||
    kernelAt(host, file) !== undefined
  )
}

const OTHER_PROGRAMS = /(memtest|memdisk|mboot|chain|ipxe|gpxe|grub|hdt|xen)[^/]*$/i

const linesOf = (labels: readonly Label[]) => [
  ...new Map(
    labels.flatMap(({ append }) =>
      append === undefined ? [] : [[`${append.path}:${append.start}`, append]],
    ),
  ).values(),
]

interface Choice {
  readonly label: Label
  /** Arguments that DEFAULT or ONTIMEOUT have behind the label. */
  readonly extra: string
  readonly chosenBy: string
}

/** U-Boot has device trees, and is what reads extlinux.conf where there is no PC firmware. */
const isUBoot = (host: Host, config: SyslinuxConfig): boolean =>
  config.deviceTree || !/^(x86_64|i.86)$/.test(host.arch)

function bootLabel(host: Host, config: SyslinuxConfig): Choice | Refusal {
  if (isUBoot(host, config)) return uBootLabel(config)
  if (config.saves)
    return refuse(
      'the menu remembers the last choice (MENU SAVE), in a file of the loader that is not read',
      'take MENU SAVE away, or choose the entry at the next boot',
    )
  const hasMenu = config.ui !== '' || /menu\.c32$/i.test(splitWord(config.default)[0])
  const named = (text: string, chosenBy: string): Choice | undefined => {
    const [word, extra] = splitWord(text)
    const label = config.labels.find(({ name }) => splitWord(name)[0] === word)
    return label && { label, extra, chosenBy }
  }
  const choices = hasMenu
    ? [
        named(config.ontimeout, 'ONTIMEOUT'),
        named(splitWord(config.default)[0], 'DEFAULT'),
        menuDefault(config),
        firstLabel(config),
      ]
    : [config.prompt ? named(config.ontimeout, 'ONTIMEOUT') : undefined, named(config.default, 'DEFAULT')]
  return choices.find(choice => choice !== undefined) ?? noDefault(config)
}

const uBootLabel = (config: SyslinuxConfig): Choice | Refusal => {
  const wanted = config.ontimeout || config.default
  const label = config.labels.find(({ name }) => name === wanted)
  if (label !== undefined) return { label, extra: '', chosenBy: 'DEFAULT' }
  const [first] = config.labels
  return first === undefined ? noDefault(config) : { label: first, extra: '', chosenBy: 'the first entry' }
}

function menuDefault({ labels }: SyslinuxConfig): Choice | undefined {
  const label = labels.findLast(({ isMenuDefault, aside }) => isMenuDefault && !aside)
  return label && { label, extra: '', chosenBy: 'MENU DEFAULT' }
}

function firstLabel({ labels }: SyslinuxConfig): Choice | undefined {
  const [first] = labels
  return first === undefined || first.aside
    ? undefined
    : { label: first, extra: '', chosenBy: 'the first entry' }
}

const noDefault = ({ default: wanted }: SyslinuxConfig): Refusal =>
  refuse(
    wanted === ''
      ? 'no entry is booted by itself: there is no DEFAULT'
      : `DEFAULT ${wanted} names no entry of the menu`,
    'set DEFAULT to the label of an entry',
  )

const withoutAppend = (main: string, { title }: Label): Refusal =>
  refuse(
    `the entry "${title}" in ${main} has no APPEND, and what it boots with cannot be told`,
    'give it an APPEND line with root= and the rest, then run again',
  )
