import type { Bytes } from '../../../host/bytes.ts'
import type { Host } from '../../../host/host.ts'
import {
  type ArgEdit,
  endsKernelArgs,
  isSatisfied,
  kernelArgs,
  keyOf,
  normaliseKey,
  piecesOf,
  resolveEdit,
  splitArgs,
} from '../../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import type { Part, Word } from '../../shell/word.ts'
import {
  type Assign,
  configuredTokens,
  GRUB_DEFAULT,
  type GrubConfig,
  readGrubConfig,
  textOf,
  VARIABLES,
  type Variable,
} from './grub_default.ts'

/**
 * Every edit in turn: change the tokens that are there, else append where the value starts, before a `--`. `home` is
 * the variable for what is new where GRUB_CMDLINE_LINUX_DEFAULT is not set.
 */
export function editGrubConfig(
  host: Host,
  edits: readonly ArgEdit[],
  home: Variable = 'GRUB_CMDLINE_LINUX_DEFAULT',
): { path: string; after: Bytes }[] | Refusal {
  const files = new Map<string, Bytes>()
  let current = host
  for (const edit of edits) {
    const config = readGrubConfig(current)
    if (isRefusal(config)) return config
    const changed = applyEdit(current, config, edit, home)
    if (isRefusal(changed)) return changed
    for (const { path, after } of changed) {
      files.set(path, after)
      const mode = current.files[path]?.mode ?? '644'
      current = { ...current, files: { ...current.files, [path]: { bytes: after, mode } } }
    }
    const after = readGrubConfig(current)
    if (isRefusal(after)) return after
    if (!isSatisfied(configuredTokens(after), edit) || !sameOthers(config, after, edit))
      return hasInitArgs(after) ? behindInitArgs(edit) : overridden(edit)
  }
  return [...files].map(([path, after]) => ({ path, after }))
}

/** The last line of defence: whatever the file looks like, all other arguments are as they were, and in order. */
function sameOthers(before: GrubConfig, after: GrubConfig, edit: ArgEdit): boolean {
  const key = 'token' in edit ? keyOf(edit.token) : normaliseKey(edit.key)
  const same = (read: (config: GrubConfig) => readonly string[]) =>
    read(before).join('\n') === read(after).join('\n')
  return (
    same(initArgs) &&
    VARIABLES.every(name =>
      same(config => splitArgs(config.values[name]).filter(token => keyOf(token) !== key)),
    )
  )
}

/** What the kernel hands to init: `--` and all that follows it on the whole line. */
function initArgs(config: GrubConfig): string[] {
  const tokens = configuredTokens(config)
  return tokens.slice(kernelArgs(tokens).length)
}

const hasInitArgs = (config: GrubConfig): boolean => initArgs(config).length > 0

function applyEdit(
  host: Host,
  config: GrubConfig,
  edit: ArgEdit,
  home: Variable,
): { path: string; after: Bytes }[] | Refusal {
  const { change, append } = resolveEdit(configuredTokens(config), edit)
  const rewrites = new Map<string, Bytes>()
  const bytesOf = (path: string) => rewrites.get(path) ?? host.files[path]?.bytes ?? ''
  // Last word of a file first, so that the offsets of the others stay true.
  const assigns = VARIABLES.flatMap(name => config.chains[name]).sort((a, b) => b.word.start - a.word.start)
  const lines = linesOfTokens(config)
  for (const assign of assigns) {
    const { own, kernels } = lines.get(assign) ?? { own: [], kernels: 0 }
    const wanted = [...change(own.slice(0, kernels)), ...own.slice(kernels)]
    if (own.every((token, i) => token === wanted[i])) continue
    rewrites.set(assign.path, rewriteTokens(bytesOf(assign.path), assign.word, wanted))
  }
  if (append === undefined) return [...rewrites].map(([path, after]) => ({ path, after }))
  return appendToken(host, config, append, home)
}

/** Each assignment's own tokens, and how many of them the kernel reads: those up to a `--`, its own or an earlier one. */
function linesOfTokens(config: GrubConfig): Map<Assign, { own: string[]; kernels: number }> {
  const lines = new Map<Assign, { own: string[]; kernels: number }>()
  let earlierVariableEnds = false
  for (const name of VARIABLES) {
    const itself = new RegExp(`\\$\\{?${name}\\b`)
    let earlierValueEnds = false
    for (const assign of config.chains[name]) {
      const own = splitArgs(textOf(assign.word.parts))
      const end = own.findIndex(token => endsKernelArgs(token) || (earlierValueEnds && itself.test(token)))
      lines.set(assign, { own, kernels: earlierVariableEnds ? 0 : end < 0 ? own.length : end })
      earlierValueEnds = end >= 0
    }
    earlierVariableEnds ||= splitArgs(config.values[name]).some(endsKernelArgs)
  }
  return lines
}

/** Puts `wanted` in the place of the word's tokens, one for one; undefined drops a token and the blanks before it. */
function rewriteTokens(bytes: Bytes, word: Word, wanted: readonly (string | undefined)[]): Bytes {
  const pieces = piecesOf(textOf(word.parts)).tokens
  const firstKept = wanted.findIndex(token => token !== undefined)
  let result = bytes
  for (let i = pieces.length - 1; i >= 0; i--) {
    const piece = pieces[i]
    const token = wanted[i]
    if (piece === undefined || token === piece.token) continue
    // Before the first token that stays there is nothing to hang on: those take the blanks after them along.
    const hangs = firstKept >= 0 && i > firstKept
    const next = pieces[i + 1]?.start ?? piece.end
    const parts =
      token !== undefined
        ? partsBetween(word, piece.start, piece.end)
        : partsBetween(word, hangs ? (pieces[i - 1]?.end ?? 0) : piece.start, hangs ? piece.end : next)
    result = replaceParts(result, parts, token)
  }
  return result
}

/** Part by part, so that quotes which open or close between them stay; a line's continuation goes with them. */
function replaceParts(bytes: Bytes, parts: readonly Part[], token: string | undefined): Bytes {
  const first = parts[0]
  if (first === undefined) return bytes
  const ends = parts.map(({ end }, i) => {
    const next = parts[i + 1]?.start ?? end
    return /^(\\\n)*$/.test(bytes.slice(end, next)) ? next : end
  })
  const rest = parts.reduceRight((left, { start }, i) => left.slice(0, start) + left.slice(ends[i]), bytes)
  return rest.slice(0, first.start) + escapeFor(first.quote, token ?? '') + rest.slice(first.start)
}

/** The parts that make up characters start…end of the word's meaning. */
function partsBetween(word: Word, start: number, end: number): Part[] {
  let at = 0
  return word.parts.filter(part => {
    const from = at
    at += part.text.length
    return from >= start && at <= end
  })
}

/**
 * At the end of the assignment that starts the value, so that a package's appending drop-in is left alone; before
 * its `--`. GRUB_CMDLINE_LINUX comes first on the line, and a `--` in it makes all of the other init's.
 */
function appendToken(
  host: Host,
  config: GrubConfig,
  token: string,
  home: Variable,
): { path: string; after: Bytes }[] | Refusal {
  const ends = splitArgs(config.values.GRUB_CMDLINE_LINUX).some(endsKernelArgs)
  const usual = config.chains.GRUB_CMDLINE_LINUX_DEFAULT.length > 0 ? 'GRUB_CMDLINE_LINUX_DEFAULT' : home
  const assign = config.chains[ends ? 'GRUB_CMDLINE_LINUX' : usual][0]
  if (assign === undefined) {
    // Taken away again, this leaves NAME="" behind: no different from an empty line of the administrator's that was
    // filled and emptied, which has to stay. Both mean the same to grub-mkconfig.
    const bytes = host.files[GRUB_DEFAULT]?.bytes ?? ''
    const newline = bytes === '' || bytes.endsWith('\n') ? '' : '\n'
    return [
      {
        path: GRUB_DEFAULT,
        after: `${bytes}${newline}${home}="${escapeFor('"', token)}"\n`,
      },
    ]
  }
  const bytes = host.files[assign.path]?.bytes ?? ''
  const end = piecesOf(textOf(assign.word.parts)).tokens.find(piece => endsKernelArgs(piece.token))
  const before = end && partsBetween(assign.word, end.start, end.end)[0]
  const after =
    before === undefined ? appendToWord(bytes, assign.word, token) : insertBefore(bytes, before, token)
  return [{ path: assign.path, after }]
}

function insertBefore(bytes: Bytes, part: Part, token: string): Bytes {
  const text = part.quote === '' ? `"${escapeFor('"', token)} "` : `${escapeFor(part.quote, token)} `
  return bytes.slice(0, part.start) + text + bytes.slice(part.start)
}

function appendToWord(bytes: Bytes, word: Word, token: string): Bytes {
  const raw = bytes.slice(word.start, word.end)
  const put = (at: number, text: string) => bytes.slice(0, at) + text + bytes.slice(at)
  const last = word.parts.findLast(part => !/\s/.test(part.text))
  if (last === undefined && /^(""|'')?$/.test(raw)) {
    const quote = raw === "''" ? "'" : '"'
    return bytes.slice(0, word.start) + quote + escapeFor(quote, token) + quote + bytes.slice(word.end)
  }
  if (last === undefined) {
    const first = word.parts[0]
    return first === undefined || first.quote === ''
      ? put(word.end, `"${escapeFor('"', token)}"`)
      : put(first.start, escapeFor(first.quote, token))
  }
  if (last.quote !== '') return put(last.end, ` ${escapeFor(last.quote, token)}`)
  // Not quoted: quotes of its own, or round the whole where that is plain.
  if (/^[\w=.,/:@%+-]+$/.test(raw))
    return `${bytes.slice(0, word.start)}"${raw} ${escapeFor('"', token)}"${bytes.slice(word.end)}`
  return put(word.end, `" ${escapeFor('"', token)}"`)
}

/** Text as it must be written within these quotes (2.2.2 and 2.2.3). */
function escapeFor(quote: Part['quote'], text: string): string {
  if (quote === "'") return text.replaceAll("'", `'\\''`)
  const escaped = text.replaceAll(/[\\"`]|\$(?![A-Za-z_{])/g, '\\$&')
  return quote === '"' ? escaped : escaped.replaceAll(/[\s';&|()<>]/g, '\\$&')
}

const nameOf = (edit: ArgEdit): string => ('token' in edit ? edit.token : edit.key)

function behindInitArgs(edit: ArgEdit): Refusal {
  return refuse(
    `${nameOf(edit)} cannot be made to hold in ${GRUB_DEFAULT}: the kernel hands everything after the -- on its command line to init, and that -- cannot be told from here`,
    'set it by hand before the --, then run again',
  )
}

function overridden(edit: ArgEdit): Refusal {
  const what = nameOf(edit)
  return refuse(
    `${what} cannot be made to hold in ${GRUB_DEFAULT}: a variable or another file overrides it`,
    'set it by hand where the value comes from, then run again',
  )
}
