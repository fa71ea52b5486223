import type { Bytes } from '../../../host/bytes.ts'
import type { WrittenLine } from '../lines/written_line.ts'

/** limine.conf: global options, then entries by their depth, each with options of its own (limine, CONFIG.md). */
export interface LimineConfig {
  /** First value of a global option, in lower case as options are. */
  global(option: string): string | undefined
  readonly entries: readonly LimineEntry[]
}

export interface LimineEntry {
  readonly name: string
  /** 1 on the menu itself. */
  readonly depth: number
  /** Names from the top of the menu down to it. */
  readonly path: readonly string[]
  readonly isDirectory: boolean
  readonly expanded: boolean
  readonly protocol: string
  readonly kernel: string
  /** What is loaded beside it: initramfs images, microcode. */
  readonly modules: readonly string[]
  /** Its `cmdline` lines, and those called `kernel_cmdline`; the loader takes the first. */
  readonly cmdlines: readonly WrittenLine[]
  readonly ifFirmware: string
  /** Comments and text of no option, for what generators write of themselves. */
  readonly notes: string
  /** Its text has macros: what they put there is not followed. */
  readonly hasMacros: boolean
}

/** How entries and options are written: Limine 8 and later, and before. */
const SYNTAX = {
  '.conf': { mark: '/', option: /^([a-z_]+):[ \t]*(.*)$/is },
  '.cfg': { mark: ':', option: /^([a-z_]+)=(.*)$/is },
} as const

/** Total: any bytes give a menu. Blanks before and behind a line do not count (limine, common/lib/config.c). */
export function parseLimineConfig(path: string, bytes: Bytes): LimineConfig {
  const syntax = path.endsWith('.cfg') ? SYNTAX['.cfg'] : SYNTAX['.conf']
  const globals = new Map<string, string>()
  const drafts: Draft[] = []
  for (const { text, start } of trimmedLines(bytes)) {
    const draft = drafts.at(-1)
    const [option, name = '', value = ''] = syntax.option.exec(text) ?? []
    if (text.startsWith(syntax.mark)) drafts.push(draftOf(text, syntax.mark))
    else if (option === undefined) {
      if (draft !== undefined) draft.notes += `${text}\n`
    } else if (draft === undefined) setFirst(globals, name.toLowerCase(), value)
    else {
      const end = start + text.length
      if (/^(kernel_)?cmdline$/i.test(name)) draft.cmdlines.push({ path, start: end - value.length, end })
      if (/^module_path$/i.test(name)) draft.modules.push(value)
      setFirst(draft.options, name.toLowerCase(), value)
      if (name.toLowerCase() === 'comment') draft.notes += `${value}\n`
    }
    if (draft !== undefined && !text.startsWith(syntax.mark) && text.includes('${')) draft.hasMacros = true
  }
  return { global: option => globals.get(option), entries: entriesOf(drafts) }
}

function* trimmedLines(bytes: Bytes): Generator<{ readonly text: Bytes; readonly start: number }> {
  for (let at = 0; at <= bytes.length; ) {
    const next = bytes.indexOf('\n', at)
    const behind = next < 0 ? bytes.length : next
    let [start, end] = [at, behind]
    while (start < end && ' \t'.includes(bytes[start] ?? '')) start++
    while (end > start && ' \t\r'.includes(bytes[end - 1] ?? '')) end--
    yield { text: bytes.slice(start, end), start }
    at = behind + 1
  }
}

interface Draft {
  readonly name: string
  readonly depth: number
  readonly expanded: boolean
  readonly options: Map<string, string>
  readonly modules: string[]
  readonly cmdlines: WrittenLine[]
  notes: string
  hasMacros: boolean
}

const setFirst = (options: Map<string, string>, name: string, value: string) => {
  if (!options.has(name)) options.set(name, value)
}

/** `//+Title`: as deep as it has marks, opened by a plus. */
function draftOf(text: string, mark: string): Draft {
  const depth = [...text].findIndex(char => char !== mark)
  const rest = depth < 0 ? '' : text.slice(depth)
  return {
    name: rest.replace(/^\+/, '').replace(/^ +/, ''),
    depth: depth < 0 ? text.length : depth,
    expanded: rest.startsWith('+'),
    options: new Map(),
    modules: [],
    cmdlines: [],
    notes: '',
    hasMacros: rest.includes('${'),
  }
}

function entriesOf(drafts: readonly Draft[]): LimineEntry[] {
  const open: Draft[] = []
  return drafts.map((draft, at) => {
    while ((open.at(-1)?.depth ?? 0) >= draft.depth) open.pop()
    open.push(draft)
    const isDirectory = (drafts[at + 1]?.depth ?? 0) > draft.depth
    return entryOf(
      draft,
      open.map(({ name }) => name),
      isDirectory,
    )
  })
}

function entryOf(draft: Draft, path: readonly string[], isDirectory: boolean): LimineEntry {
  const option = (name: string) => draft.options.get(name) ?? ''
  return {
    name: draft.name,
    depth: draft.depth,
    path,
    isDirectory,
    expanded: draft.expanded,
    protocol: option('protocol').toLowerCase(),
    kernel: option('path') || option('kernel_path'),
    modules: draft.modules,
    cmdlines: draft.cmdlines,
    ifFirmware: option('if_fw_type').toLowerCase(),
    notes: draft.notes,
    hasMacros: draft.hasMacros,
  }
}
