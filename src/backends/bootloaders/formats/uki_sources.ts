import type { Argv, Change } from '../../../host/change.ts'
import type { Host, MenuEntry } from '../../../host/host.ts'
import { type ArgEdit, sameTokens, splitArgs } from '../../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import { readPresets } from '../../initramfs/mkinitcpio_presets.ts'
import { refuseText } from '../../plain_text.ts'
import { isShellProblem, parseShellConfig } from '../../shell/config.ts'
import { editJoinedLine, joinedTokens } from '../lines/joined_line.ts'
import {
  editCmdlineFile,
  editKernelCmdline,
  KERNEL_CMDLINE,
  KERNEL_CMDLINE_FILES,
  kernelCmdline,
  placesIn,
  type Reader,
} from '../lines/kernel_cmdline.ts'
import { bytesOf, type WrittenLine } from '../lines/written_line.ts'

/** What a unified kernel image is built from, and by whom. */
export interface ImageSource {
  readonly builder: 'kernel-install' | 'mkinitcpio' | 'dracut'
  /** The command line that the next build puts into it; undefined where it would take the running kernel's. */
  readonly tokens: readonly string[] | undefined
  edit(edits: readonly ArgEdit[]): readonly Change[] | Refusal
  readonly rebuild: Argv
  /** Who signs what is built; undefined: nobody. */
  readonly signer: string | undefined
}

/** Where the builders look; keys are never read, only whether a configuration names one. */
export const SOURCE_FILES: readonly string[] = [
  ...KERNEL_CMDLINE_FILES,
  '/etc/kernel/cmdline?*',
  '/etc/kernel/?*cmdline*',
  '/etc/cmdline.d/*.conf',
  '/etc/machine-id',
  '/etc/mkinitcpio.d/*.preset',
  '/etc/initcpio/post/*',
  '/usr/lib/initcpio/post/*',
  '/etc/kernel/install.d/*',
  '/usr/lib/kernel/install.d/*sbctl*',
  ...['install.conf', 'uki.conf'].flatMap(name => confFiles(name)),
  '/etc/kernel/install.conf.d/*.conf',
  '/usr/lib/kernel/install.conf.d/*.conf',
  '/etc/dracut.conf',
  '/etc/dracut.conf.d/*.conf',
  '/usr/lib/dracut/dracut.conf.d/*.conf',
]

/** Undefined: nobody here builds it, and it stays as it is. */
export function sourceOf(host: Host, image: MenuEntry): ImageSource | Refusal | undefined {
  return ofPreset(host, image) ?? ofKernelInstall(host, image) ?? ofDracut(host, image)
}

// --- mkinitcpio: /etc/mkinitcpio.d/*.preset

function ofPreset(host: Host, image: MenuEntry): ImageSource | Refusal | undefined {
  const presets = presetImages(host)
  if (isRefusal(presets)) return presets
  const preset =
    presets.find(({ path }) => path === image.kernel) ??
    presets.find(({ path }) => onEsp(path) === onEsp(image.kernel))
  if (preset === undefined) return undefined
  if (preset.cmdline === 'none')
    return refuse(
      `${preset.preset} builds ${image.kernel} with --no-cmdline: its command line comes from elsewhere`,
      'set the arguments by hand where this image is started from, or leave this host out with --limit',
    )
  const line = preset.cmdline === undefined ? mkinitcpioLine(host, image) : namedLine(host, preset)
  if (isRefusal(line)) return line
  return { builder: 'mkinitcpio', ...line, rebuild: ['mkinitcpio', '-P'], signer: mkinitcpioSigner(host) }
}

/** The ESP may be mounted at two places, of which a preset names one. */
const onEsp = (path: string): string => path.replace(/^.*(?=\/EFI\/)/, '').toLowerCase()

interface PresetImage {
  readonly preset: string
  readonly path: string
  /** The file its --cmdline names. */
  readonly cmdline: string | 'none' | undefined
}

function presetImages(host: Host): PresetImage[] | Refusal {
  const presets = readPresets(host)
  if (isRefusal(presets)) return presets
  for (const { file, images, options } of presets) {
    const computed = [...images, ...options].find(word => /[$`]/.test(word)) ?? shellIn(host, file)
    if (computed !== undefined) return presetInShell(file, computed)
  }
  return presets.flatMap(({ file, images, options }) =>
    images.map(path => ({ preset: file, path, cmdline: cmdlineOption(options) })),
  )
}

function cmdlineOption(options: readonly string[]): string | 'none' | undefined {
  if (options.includes('--no-cmdline')) return 'none'
  const at = options.findLastIndex(option => /^--cmdline(=|$)/.test(option))
  return at < 0 ? undefined : (/^--cmdline=(.*)$/.exec(options[at] ?? '')?.[1] ?? options[at + 1])
}

/** A statement that sets what is built in another way than by assigning it, if there is one. */
function shellIn(host: Host, file: string): string | undefined {
  const parsed = parseShellConfig(bytesOf(host, file), 'bash')
  const odd = isShellProblem(parsed)
    ? undefined
    : parsed.statements.find(statement =>
        statement.kind === 'assign'
          ? statement.conditional && SETS_IMAGES.test(statement.name)
          : SETS_IMAGES.test(statement.text) || /^(\.|source|eval)$/.test(statement.words[0] ?? ''),
      )
  if (odd === undefined) return undefined
  return odd.kind === 'assign' ? `${odd.name}=… under a condition` : odd.text
}

const SETS_IMAGES = /\bPRESETS\b|_(uki|efi_image|options)\b/

const presetInShell = (path: string, text: string): Refusal =>
  refuse(
    `${path} works out in shell which images are made, and how: ${text}`,
    'write plain values there, then run again',
  )

type Line = Pick<ImageSource, 'tokens' | 'edit'>

function namedLine(host: Host, { preset, cmdline = '' }: PresetImage): Line | Refusal {
  if (!(cmdline in host.files))
    return refuse(
      `${preset} takes the command line from ${cmdline}, which is not looked at here`,
      `name it ${KERNEL_CMDLINE}-SOMETHING there and in the preset, then run again`,
    )
  return {
    tokens: joinedTokens(host, placesIn(host, cmdline, 'drops comments')),
    edit: edits => refuseText(host, cmdline) ?? editCmdlineFile(host, cmdline, edits, 'drops comments'),
  }
}

/** Where no option names a file: the drop-ins of /etc/cmdline.d (since 36), else /etc/kernel/cmdline (mkinitcpio(8)). */
function mkinitcpioLine(host: Host, image: MenuEntry): Line | Refusal {
  const dropIns = filesIn(host, '/etc/cmdline.d/', '.conf')
  if (dropIns.length === 0) return kernelCmdlineFile(host, image, 'drops comments')
  const refusal = dropIns.map(path => refuseText(host, path)).find(one => one !== undefined)
  if (refusal !== undefined) return refusal
  const places = dropIns.flatMap(path => placesIn(host, path, 'drops comments'))
  const tokens = joinedTokens(host, places)
  const other = kernelCmdline(host, 'drops comments')
  if (other !== undefined && sameTokens(other, image.args) && !sameTokens(tokens, image.args))
    return refuse(
      `${image.kernel} carries what ${KERNEL_CMDLINE} says, and ${dropIns[0]} says otherwise: which of the two the next build takes cannot be told`,
      'keep one of the two, then run again',
    )
  return { tokens, edit: edits => editJoinedLine(host, places, edits) }
}

/** With no such file the builder takes the running kernel's line: the first edit begins one with the image's own. */
const kernelCmdlineFile = (host: Host, image: MenuEntry, reader: Reader): Line => ({
  tokens: kernelCmdline(host, reader),
  edit: edits => editKernelCmdline(host, edits, image.args, reader),
})

/** mkinitcpio runs what is in these folders on each image it has made. */
function mkinitcpioSigner(host: Host): string | undefined {
  const hooks = ['/etc/initcpio/post/', '/usr/lib/initcpio/post/'].flatMap(folder =>
    filesIn(host, folder, ''),
  )
  return signingScript(host, hooks) ?? ukifySigner(host)
}

// --- kernel-install with layout=uki

function ofKernelInstall(host: Host, image: MenuEntry): ImageSource | Refusal | undefined {
  const layout = confValue(host, 'install.conf', 'layout')
  const release = releaseIn(host, image)
  if (layout !== 'uki' || release === undefined || !fileOf(image).endsWith(`-${release}`)) return undefined
  const generator = confValue(host, 'install.conf', 'uki_generator') ?? 'ukify'
  const line = kernelInstallLine(host, image, generator)
  if (isRefusal(line)) return line
  const [last = ''] = image.args.slice(-1)
  // Put behind what the file says where images are named after the machine id (60-ukify.install).
  const isAdded = last.startsWith('systemd.machine_id=') && fileOf(image).startsWith(`${last.split('=')[1]}-`)
  const added = isAdded && !line.tokens?.some(token => token.startsWith('systemd.machine_id=')) ? [last] : []
  const kernel = host.paths.includes(KERNEL_IN_MODULES)
    ? `/lib/modules/${release}/vmlinuz`
    : `/boot/vmlinuz-${release}`
  const plugins = ['/etc/kernel/install.d/', '/usr/lib/kernel/install.d/'].flatMap(folder =>
    filesIn(host, folder, '.install'),
  )
  const signers = { ukify: ukifySigner, dracut: dracutSigner, mkinitcpio: mkinitcpioSigner }
  const signer = Object.entries(signers).find(([name]) => name === generator)?.[1](host)
  return {
    ...line,
    tokens: line.tokens && [...line.tokens, ...added],
    builder: 'kernel-install',
    rebuild: ['kernel-install', 'add', release, kernel],
    signer: signingScript(host, plugins) ?? signer,
  }
}

/** Its plugins take /etc/kernel/cmdline; dracut puts what its own configuration says before that (dracut.sh). */
function kernelInstallLine(host: Host, image: MenuEntry, generator: string): Line | Refusal {
  if (generator === 'mkinitcpio') return mkinitcpioLine(host, image)
  // Whether comments are left out differs from version to version: the image shows it.
  const reader: Reader = image.args.some(token => token.startsWith('#'))
    ? 'takes every word'
    : 'drops comments'
  const line = kernelCmdlineFile(host, image, reader)
  const own = generator === 'dracut' ? dracutPlaces(host, dracutFiles(host)) : []
  if (isRefusal(own)) return own
  return { ...line, tokens: line.tokens && [...joinedTokens(host, own), ...line.tokens] }
}

/** Where Fedora and Arch have the kernel that packages hand to kernel-install; Debian has it in /boot. */
export const KERNEL_IN_MODULES = '/lib/modules/*/vmlinuz'

/** NAME of NAME.efi; boot counting adds +LEFT-DONE. */
const fileOf = ({ id }: MenuEntry): string => id.replace(/(\+\d+(-\d+)?)?\.efi$/i, '')

const releaseIn = (host: Host, image: MenuEntry): string | undefined =>
  host.kernels
    .map(({ release }) => release)
    .filter(release => fileOf(image).includes(release))
    .sort((a, b) => b.length - a.length)[0]

// --- dracut with uefi=yes

function ofDracut(host: Host, image: MenuEntry): ImageSource | Refusal | undefined {
  const release = releaseIn(host, image)
  // linux-RELEASE-MACHINE-BUILD.efi, where --uefi names no other file (dracut.sh).
  if (release === undefined || !fileOf(image).startsWith(`linux-${release}`)) return undefined
  const files = dracutFiles(host)
  const refusal = files.map(path => refuseText(host, path)).find(one => one !== undefined)
  if (refusal !== undefined) return refusal
  if (dracutValue(host, 'uefi') !== 'yes') return undefined
  const places = dracutPlaces(host, files)
  if (isRefusal(places)) return places
  if (places.length === 0)
    return refuse(
      `dracut builds ${image.kernel} with the command line that it works out itself (no kernel_cmdline= in /etc/dracut.conf.d)`,
      `write kernel_cmdline="${image.args.join(' ')}" to a .conf file in /etc/dracut.conf.d, then run again`,
    )
  return {
    builder: 'dracut',
    tokens: joinedTokens(host, places),
    edit: edits => editJoinedLine(host, places, edits),
    rebuild: ['dracut', '--force', '--regenerate-all'],
    signer: dracutSigner(host),
  }
}

/** As dracut sources them: the file, then the drop-ins of both folders by name, those in /etc instead of their like. */
function dracutFiles(host: Host): string[] {
  const own = filesIn(host, '/etc/dracut.conf.d/', '.conf')
  const names = new Set(own.map(nameOf))
  const vendor = filesIn(host, '/usr/lib/dracut/dracut.conf.d/', '.conf').filter(
    path => !names.has(nameOf(path)),
  )
  const dropIns = [...own, ...vendor].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  return ['/etc/dracut.conf', ...dropIns].filter(path => path in host.files)
}

/** The parts of kernel_cmdline, within their quotes: from the last = on, each += behind it. */
function dracutPlaces(host: Host, files: readonly string[]): WrittenLine[] | Refusal {
  let places: WrittenLine[] = []
  for (const path of files) {
    const bytes = bytesOf(host, path)
    const understood = [...bytes.matchAll(/^[ \t]*kernel_cmdline(\+?=)(["'])([^"'$`\\]*)\2[ \t]*(?:#.*)?$/gm)]
    const lines = bytes.split('\n').filter(line => /kernel_cmdline/.test(line.replace(/^\s*#.*/, '')))
    const odd =
      lines.length !== understood.length || understood.some(([, , , value = '']) => value.includes('\n'))
    if (odd)
      return refuse(
        `${path} sets kernel_cmdline in a way that cannot be edited safely: ${lines[0] ?? ''}`,
        'write it as kernel_cmdline=" … " on one line, then run again',
      )
    for (const match of understood) {
      const [text, operator, quote = '', value = ''] = match
      const start = match.index + text.indexOf(quote) + 1
      const place = { path, start, end: start + value.length }
      places = operator === '=' ? [place] : [...places, place]
    }
  }
  const vendor = places.find(({ path }) => path.startsWith('/usr/'))
  if (vendor !== undefined)
    return refuse(
      `${vendor.path} sets kernel_cmdline, and is not for us to edit`,
      'copy it to /etc/dracut.conf.d, which hides it, then run again',
    )
  const whole = splitArgs(
    places.map(({ path, start, end }) => bytesOf(host, path).slice(start, end)).join(''),
  )
  return sameTokens(whole, joinedTokens(host, places)) ? places : dracutGlued(places)
}

const dracutGlued = (places: readonly WrittenLine[]): Refusal =>
  refuse(
    `kernel_cmdline is put together without blanks from ${[...new Set(places.map(({ path }) => path))].join(', ')}`,
    'write each part with a blank at both ends: kernel_cmdline+=" … "',
  )

/** The last value of a variable, plainly written. */
const dracutValue = (host: Host, name: string): string | undefined =>
  dracutFiles(host)
    .flatMap(path => [...bytesOf(host, path).matchAll(new RegExp(`^[ \\t]*${name}=["']?([^"'\\n]*)`, 'gm'))])
    .at(-1)?.[1]
    ?.trim()

const dracutSigner = (host: Host): string | undefined =>
  ['uefi_secureboot_key', 'uefi_secureboot_cert'].every(name => dracutValue(host, name))
    ? 'dracut'
    : undefined

// --- signing

/** ukify signs with the key its configuration names; mkinitcpio hands its images to ukify where that is installed. */
const ukifySigner = (host: Host): string | undefined =>
  host.tools.includes('ukify') && confValue(host, 'uki.conf', 'SecureBootPrivateKey') ? 'ukify' : undefined

/** A hook that signs: sbctl's own, or one that somebody wrote. */
function signingScript(host: Host, paths: readonly string[]): string | undefined {
  const path = paths.find(
    one =>
      host.files[one]?.masks === undefined &&
      /^[^#\n]*\b(sbctl|sbsign|pesign|sdbootutil)\b/m.test(bytesOf(host, one)),
  )
  return path && (/sbctl/.test(path) ? 'sbctl' : path)
}

// --- files

function confFiles(name: string): string[] {
  return ['/etc/kernel', '/run/kernel', '/usr/local/lib/kernel', '/usr/lib/kernel'].map(
    folder => `${folder}/${name}`,
  )
}

/** KEY=VALUE of the first of the files of this name that exists, or of its drop-ins (kernel-install(8), ukify(1)). */
function confValue(host: Host, name: string, key: string): string | undefined {
  const file = confFiles(name).find(path => path in host.files)
  const dropIns = ['/usr/lib/kernel', '/etc/kernel'].flatMap(folder =>
    filesIn(host, `${folder}/${name}.d/`, '.conf'),
  )
  const pattern = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*(.*)$`, 'gm')
  return [...(file === undefined ? [] : [file]), ...dropIns]
    .flatMap(path => [...bytesOf(host, path).matchAll(pattern)])
    .at(-1)?.[1]
    ?.trim()
    .replaceAll(/^"|"$/g, '')
}

const filesIn = (host: Host, folder: string, end: string): string[] =>
  Object.keys(host.files)
    .filter(path => path.startsWith(folder) && path.endsWith(end) && !path.slice(folder.length).includes('/'))
    .sort()

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
