/**
 * The kernel command line as tokens. Never the string: order, duplicates, blanks and quoting that we did not mean
 * to change must stay (Documentation/admin-guide/kernel-parameters.rst, lib/cmdline.c next_arg()).
 */

/** Blanks separate arguments, except between double quotes. */
export function splitArgs(line: string): string[] {
  return piecesOf(line).tokens.map(piece => piece.token)
}

/**
 * The tokens of a whole line that the kernel reads: it stops at a bare `--` and hands the rest to init
 * (kernel/params.c parse_args(), init/main.c).
 */
export function kernelArgs(tokens: readonly string[]): readonly string[] {
  const end = tokens.findIndex(endsKernelArgs)
  return end < 0 ? tokens : tokens.slice(0, end)
}

/** Debian's installer writes `---`, which ends nothing. */
export const endsKernelArgs = (token: string): boolean => token === '--' || token === '"--"'

/** `vfio-pci.ids=…` → `vfio_pci.ids`: the kernel takes - and _ for the same in names (kernel/params.c parameq()). */
export const keyOf = (token: string): string => normaliseKey(token.replace(/^"/, '').split('=', 1)[0] ?? '')

export const normaliseKey = (name: string): string => name.replaceAll('-', '_')

/** Comma-separated values of a token, quotes taken off; none for a bare word. */
export function valuesOf(token: string): string[] {
  const at = token.indexOf('=')
  if (at < 0) return []
  return token
    .slice(at + 1)
    .replaceAll('"', '')
    .split(',')
    .filter(value => value !== '')
}

/** Keys of which the kernel (or modprobe) only keeps the last occurrence; all others are parsed each time. */
const LAST_COUNTS = new Set(['vfio_pci.ids', 'module_blacklist'])

/** The values that are in effect for `key` on a command line, in order. */
export function effectiveValues(tokens: readonly string[], key: string): string[] {
  const wanted = normaliseKey(key)
  const found = kernelArgs(tokens).filter(token => keyOf(token) === wanted)
  const counting = LAST_COUNTS.has(wanted) ? found.slice(-1) : found
  return [...new Set(counting.flatMap(valuesOf))]
}

/** Values that switch each other off: adding one means taking the other's place. */
const OPPOSITES: Readonly<Record<string, string>> = { on: 'off', off: 'on' }

/** One thing to be true of a command line. Keys as they are to be written; compared normalised. */
export type ArgEdit =
  | { readonly op: 'add'; readonly key: string; readonly value: string }
  | { readonly op: 'remove'; readonly key: string; readonly value: string }
  /** The key's effective values become exactly these; none removes the key. */
  | { readonly op: 'set'; readonly key: string; readonly values: readonly string[] }
  /** A whole argument, kept apart from others of its key (console=ttyS0). */
  | { readonly op: 'add_token'; readonly token: string }
  | { readonly op: 'remove_token'; readonly token: string }

export function isSatisfied(line: readonly string[], edit: ArgEdit): boolean {
  const tokens = kernelArgs(line)
  switch (edit.op) {
    case 'add': {
      const values = effectiveValues(tokens, edit.key)
      const opposite = OPPOSITES[edit.value]
      return values.includes(edit.value) && (opposite === undefined || !values.includes(opposite))
    }
    case 'remove':
      return !effectiveValues(tokens, edit.key).includes(edit.value)
    // Also those that do not count now: they would, for a menu entry or an editor that takes the last away.
    case 'set': {
      const found = tokens.filter(token => keyOf(token) === normaliseKey(edit.key))
      return (
        (found.length > 0 || edit.values.length === 0) &&
        found.every(token => sameTokens(valuesOf(token), edit.values))
      )
    }
    case 'add_token':
      return tokens.some(token => sameToken(token, edit.token))
    case 'remove_token':
      return !tokens.some(token => sameToken(token, edit.token))
  }
}

interface ResolvedEdit {
  readonly change: (tokens: readonly string[]) => (string | undefined)[]
  readonly append: string | undefined
}

/**
 * What an edit does to the tokens that stand on a line already; init's are left alone. Where it cannot be satisfied
 * by changing those, `append` is the token to add, before a `--`.
 */
export function resolveEdit(line: readonly string[], edit: ArgEdit): ResolvedEdit {
  const { change, append } = resolveKernelEdit(kernelArgs(line), edit)
  return {
    change(tokens) {
      const own = kernelArgs(tokens)
      return [...change(own), ...tokens.slice(own.length)]
    },
    append,
  }
}

function resolveKernelEdit(tokens: readonly string[], edit: ArgEdit): ResolvedEdit {
  const keep = { change: (line: readonly string[]) => [...line], append: undefined }
  if (isSatisfied(tokens, edit)) return keep
  switch (edit.op) {
    case 'add':
      return addValue(tokens, edit.key, edit.value)
    case 'remove':
      return {
        change: line => line.map(token => withoutValue(token, edit.key, edit.value)),
        append: undefined,
      }
    case 'set':
      return setValues(tokens, edit.key, edit.values)
    case 'add_token':
      return { change: keep.change, append: edit.token }
    case 'remove_token':
      return {
        change: line => line.map(token => (sameToken(token, edit.token) ? undefined : token)),
        append: undefined,
      }
  }
}

function addValue(tokens: readonly string[], key: string, value: string) {
  const opposite = OPPOSITES[value]
  const has = (token: string) => keyOf(token) === normaliseKey(key)
  if (!tokens.some(has)) return { change: (line: readonly string[]) => [...line], append: `${key}=${value}` }
  const last = tokens.findLast(has)
  const change = (line: readonly string[]) =>
    line.map(token => {
      if (!has(token)) return token
      const values = valuesOf(token)
      const swapped = opposite === undefined ? values : values.map(one => (one === opposite ? value : one))
      const wanted = token === last && !swapped.includes(value) ? [...swapped, value] : swapped
      return sameTokens(values, wanted) ? token : writeValues(token, [...new Set(wanted)])
    })
  return { change, append: undefined }
}

function setValues(tokens: readonly string[], key: string, values: readonly string[]) {
  const has = (token: string) => keyOf(token) === normaliseKey(key)
  if (!tokens.some(has)) {
    return {
      change: (line: readonly string[]) => [...line],
      append: values.length > 0 ? `${key}=${values.join(',')}` : undefined,
    }
  }
  // Duplicates that no longer count (or would add up) go: what is left must be exactly `values`.
  const lastOnLine = (line: readonly string[]) => line.findLastIndex(has)
  const change = (line: readonly string[]) =>
    line.map((token, i) => {
      if (!has(token)) return token
      return values.length > 0 && i === lastOnLine(line) ? writeValues(token, values) : undefined
    })
  return { change, append: undefined }
}

function withoutValue(token: string, key: string, value: string): string | undefined {
  if (keyOf(token) !== normaliseKey(key)) return token
  const values = valuesOf(token)
  if (!values.includes(value)) return token
  const left = values.filter(one => one !== value)
  return left.length > 0 ? writeValues(token, left) : undefined
}

/** A token keeps its quotes: next_arg() takes them round the value and round the whole argument. A bare word gets a value. */
function writeValues(token: string, values: readonly string[]): string {
  const [name = ''] = token.split('=', 1)
  const value = values.join(',')
  if (name.startsWith('"')) return `${name}=${value}"`
  return token.includes('"') ? `${name}="${value}"` : `${name}=${value}`
}
/** The same words in the same order. */
export const sameTokens = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i])

const sameToken = (a: string, b: string): boolean =>
  keyOf(a) === keyOf(b) && a.slice(a.indexOf('=')) === b.slice(b.indexOf('='))

/** A command line's tokens with the place each one stands at. */
export interface Piece {
  readonly token: string
  readonly start: number
  readonly end: number
}

export function piecesOf(line: string): { tokens: Piece[] } {
  const tokens: Piece[] = []
  let start = -1
  let quoted = false
  for (let i = 0; i <= line.length; i++) {
    const char = line[i]
    const ends = char === undefined || (!quoted && /\s/.test(char))
    if (ends && start >= 0) {
      tokens.push({ token: line.slice(start, i), start, end: i })
      start = -1
    }
    if (ends) continue
    if (start < 0) start = i
    if (char === '"') quoted = !quoted
  }
  return { tokens }
}
