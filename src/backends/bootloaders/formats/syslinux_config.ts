import type { Host } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { bytesOf, type WrittenLine } from '../lines/written_line.ts'

/**
 * A SYSLINUX configuration file and all that it includes, as the loader reads them: one stream of lines, keywords in
 * any case, what is unknown skipped (syslinux, com32/elflink/ldlinux/readconfig.c). U-Boot reads a part of the same
 * language (boot/pxe_utils.c).
 */
export interface SyslinuxConfig {
  readonly labels: readonly Label[]
  /** DEFAULT, ONTIMEOUT and UI as written; '' where not set. */
  readonly default: string
  readonly ontimeout: string
  readonly ui: string
  /** PROMPT 1: the loader waits at its prompt. */
  readonly prompt: boolean
  /** MENU SAVE: the last choice is remembered in the loader's own file. */
  readonly saves: boolean
  /** SYSAPPEND: the loader adds what it knows of the network and the firmware. */
  readonly sysappend: boolean
  /** Whose device trees the labels name: U-Boot's. */
  readonly deviceTree: boolean
  /** All files it is made of. */
  readonly paths: readonly string[]
}

export interface Label {
  /** The whole rest of its line. SYSLINUX takes the first word for the name, U-Boot all of it. */
  readonly name: string
  readonly title: string
  readonly type: string
  /** As written, arguments behind it included. */
  readonly kernel: string
  readonly initrd: string
  /** Its own APPEND, else the one before all labels. */
  readonly append: WrittenLine | undefined
  readonly args: readonly string[]
  readonly isMenuDefault: boolean
  /** Not in the menu that is shown first, or not to be chosen. */
  readonly aside: boolean
}

export function readSyslinuxConfig(host: Host, path: string): SyslinuxConfig {
  const paths: string[] = []
  const labels: Label[] = []
  const globals = new Map<string, string>()
  let append: WrittenLine | undefined
  let label: Draft | undefined
  let depth = 0
  let saves = false
  let deviceTree = false
  let inText = false
  const record = () => {
    if (label !== undefined) labels.push(finish(host, label, append))
    label = undefined
  }
  for (const line of linesFrom(host, path, path, paths)) {
    if (inText) {
      inText = line.keyword !== 'endtext'
      continue
    }
    const { keyword, value } = line
    const written = { path: line.path, start: line.start, end: line.end }
    const [word = '', rest = ''] = splitWord(value)
    if (keyword === 'text') inText = true
    else if (keyword === 'menu') {
      const menuWord = word.toLowerCase()
      if (menuWord === 'begin' || menuWord === 'end' || menuWord === 'separator') record()
      if (menuWord === 'begin') depth++
      if (menuWord === 'end') depth = Math.max(0, depth - 1)
      if (menuWord === 'save') saves = true
      if (label === undefined) continue
      if (menuWord === 'label') label.title = rest
      if (menuWord === 'default') label.isMenuDefault = true
      if (menuWord === 'hide' || menuWord === 'disable' || menuWord === 'disabled') label.aside = true
    } else if (keyword === 'label') {
      record()
      label = { ...EMPTY, name: value.trim(), kernel: splitWord(value)[0], aside: depth > 0 }
    } else if (keyword === 'append') {
      if (label === undefined) append = written
      else label.append = written
    } else if (keyword === 'initrd' && label !== undefined) label.initrd = value.trim()
    else if (KERNEL_TYPES.has(keyword) && label !== undefined) {
      label.type = keyword
      label.kernel = value.trim()
    } else if (/^(fdt|fdtdir|devicetree|devicetreedir|fdtoverlays)$/.test(keyword)) deviceTree = true
    else if (keyword !== '') globals.set(keyword === 'ipappend' ? 'sysappend' : keyword, value.trim())
  }
  record()
  const global = (keyword: string) => globals.get(keyword) ?? ''
  return {
    labels,
    default: global('default'),
    ontimeout: global('ontimeout'),
    ui: global('ui'),
    prompt: Number.parseInt(global('prompt'), 10) > 0,
    saves,
    sysappend: !/^(0x0*|0*)$/.test(global('sysappend')),
    deviceTree,
    paths,
  }
}

type Draft = { -readonly [Key in keyof Omit<Label, 'args'>]: Label[Key] }

const EMPTY: Draft = {
  name: '',
  title: '',
  type: 'kernel',
  kernel: '',
  initrd: '',
  append: undefined,
  isMenuDefault: false,
  aside: false,
}

const KERNEL_TYPES = new Set(
  'none localboot kernel linux boot bss pxe fdimage comboot com32 config fit'.split(' '),
)

/** `APPEND -` takes the one before all labels back. */
function finish(host: Host, draft: Draft, global: WrittenLine | undefined): Label {
  const append = draft.append ?? global
  const text = append === undefined ? '' : bytesOf(host, append.path).slice(append.start, append.end)
  const none = text.trim() === '-'
  return {
    ...draft,
    title: draft.title === '' ? draft.name : draft.title.replaceAll('^', ''),
    append: none ? undefined : append,
    args: none ? [] : splitArgs(text),
  }
}

interface Line {
  readonly path: string
  readonly keyword: string
  readonly value: string
  /** Offsets of the value. */
  readonly start: number
  readonly end: number
}

/** Lines of a file, those of an included one in the place of its INCLUDE; what is not there is skipped. */
function* linesFrom(host: Host, main: string, path: string, seen: string[]): Generator<Line> {
  // A file that includes itself would never end; the loader has no limit of its own.
  if (seen.includes(path)) return
  seen.push(path)
  for (const match of bytesOf(host, path).matchAll(LINE)) {
    const [whole, before = '', keyword = '', value = ''] = match
    const start = match.index + before.length
    const line = { path, keyword: keyword.toLowerCase(), value, start, end: match.index + whole.length }
    const included = includedBy(line)
    if (included === undefined) yield line
    else for (const file of fileAt(host, main, included)) yield* linesFrom(host, main, file, seen)
  }
}

/** Blanks, a keyword, blanks, its value. A control character ends a keyword, too (my_isspace()). */
const LINE = /^([\x01-\x09\x0b-\x20]*([^\x00-\x20]+)[\x01-\x09\x0b-\x20]*)([^\n]*)/gm

function includedBy({ keyword, value }: Line): string | undefined {
  if (keyword === 'include') return splitWord(value)[0]
  const [word, rest] = splitWord(value)
  return keyword === 'menu' && word.toLowerCase() === 'include' ? splitWord(rest)[0] : undefined
}

/** Names are taken from the main file's folder, or from the top of its file system, which may be mounted anywhere. */
function fileAt(host: Host, main: string, name: string): string[] {
  const folder = main.slice(0, main.lastIndexOf('/'))
  const candidates = name.startsWith('/')
    ? ['', '/boot', '/boot/efi', '/efi'].map(mount => mount + name)
    : [`${folder}/${name}`]
  return candidates.filter(path => path in host.files).slice(0, 1)
}

export function splitWord(text: string): [string, string] {
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(text.trim()) ?? []
  return [word, rest]
}
