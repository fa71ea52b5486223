import type { Bytes } from '../../../host/bytes.ts'
import type { Host } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { type Refusal, refuse } from '../../../refusal.ts'
import { TEMPLATE } from '../../plain_text.ts'
import { isShellProblem, parseShellConfig, type Statement } from '../../shell/config.ts'
import type { Part } from '../../shell/word.ts'
import { bytesOf } from '../lines/written_line.ts'

/**
 * /etc/default/grub and /etc/default/grub.d/*.cfg as grub-mkconfig sources them: the file, then the drop-ins in
 * order, each able to override or to append (`"$GRUB_CMDLINE_LINUX_DEFAULT …"`). grub-mkconfig(8), GRUB manual 6.1.
 */
export const GRUB_DEFAULT = '/etc/default/grub'

export const VARIABLES = ['GRUB_CMDLINE_LINUX', 'GRUB_CMDLINE_LINUX_DEFAULT'] as const
export type Variable = (typeof VARIABLES)[number]

type Sourced = Statement & { readonly path: string }
export type Assign = Extract<Sourced, { kind: 'assign' }>

/** What the sources say: per variable the value and the assignments it is made of, the one that resets it first. */
export interface GrubConfig {
  readonly values: Readonly<Record<Variable, string>>
  readonly chains: Readonly<Record<Variable, readonly Assign[]>>
}

export function readGrubConfig(host: Host): GrubConfig | Refusal {
  const sourced: Sourced[] = []
  for (const path of sources(host)) {
    const bytes = bytesOf(host, path)
    const lines = bytes.split('\n')
    const parsed = parseShellConfig(bytes)
    if (isShellProblem(parsed)) {
      return refuse(
        `${path}:${parsed.line} ${parsed.why}: ${parsed.text}`,
        'mend the file (sh -n checks it) or write that line more plainly, then run again',
      )
    }
    for (const statement of parsed.statements) {
      const refusal = refuseStatement(path, lines, statement)
      if (refusal !== undefined) return refusal
      sourced.push({ ...statement, path })
    }
  }
  return evaluate(sourced)
}

export const configuredTokens = (config: GrubConfig): string[] =>
  VARIABLES.flatMap(name => splitArgs(config.values[name]))

/** What grub-mkconfig sources, in its order. */
function sources(host: Host): string[] {
  const dropIns = Object.keys(host.files).filter(path => /^\/etc\/default\/grub\.d\/[^/]+\.cfg$/.test(path))
  return [GRUB_DEFAULT, ...dropIns.sort()].filter(path => path in host.files)
}

const NAMES_US = /GRUB_CMDLINE_LINUX(_DEFAULT)?\b/

/** Commands that can change variables, or what is still read, without naming them. */
const STEERING = new Set(
  '. source eval exec exit return break continue set shift unset read readonly alias trap declare typeset let getopts'.split(
    ' ',
  ),
)

function refuseStatement(path: string, lines: readonly Bytes[], statement: Statement): Refusal | undefined {
  const hint = `write the arguments out in ${path}, then run again`
  if (statement.kind === 'opaque') {
    const { words, text } = statement
    const steers = steeringWord(words)
    if (steers === undefined && !NAMES_US.test(text.replaceAll('\\\n', ''))) return undefined
    const [, appended] = /^(GRUB_CMDLINE_LINUX(?:_DEFAULT)?)\+=/.exec(words[0] ?? '') ?? []
    if (appended !== undefined)
      return refuse(
        `${path}:${statement.line} adds to ${appended} with +=, which bash knows and other shells take for a command: ${text}`,
        `write it as ${appended}="$${appended} …" in ${path}, then run again`,
      )
    return refuse(
      `${path}:${statement.line} lets "${steers ?? words[0] ?? ''}" work the command line out in shell, which cannot be edited safely: ${text}`,
      /^export([ \t]+[A-Za-z_]\w*)+$/.test(text)
        ? 'take the line away, as grub-mkconfig exports the variable itself; then run again'
        : hint,
    )
  }
  const line = lines[statement.line - 1] ?? ''
  const setsUs = statement.word.parts.some(part => setsInPassing(part) && NAMES_US.test(unfolded(part.text)))
  if (setsUs)
    return refuse(
      `${path}:${statement.line} sets the command line within another expansion: ${line.trim()}`,
      hint,
    )
  if (!isVariable(statement.name)) return undefined
  if (statement.conditional)
    return refuse(`${path}:${statement.line} sets ${statement.name} under a condition: ${line.trim()}`, hint)
  if (statement.word.parts.some(part => part.kind === 'command')) {
    return refuse(
      `${path}:${statement.line} takes ${statement.name} from a command substitution: ${line.trim()}`,
      hint,
    )
  }
  if (TEMPLATE.test(textOf(statement.word.parts))) {
    return refuse(
      `${path}:${statement.line} is a template that was never filled in: ${line.trim()}`,
      'fill the template in first',
    )
  }
  return undefined
}

/** A line that goes on behind a backslash is one (2.2.1). */
const unfolded = (text: string): string => text.replaceAll('\\\n', '')

/** ${X:=value} and $((X=1)) set X. */
const setsInPassing = (part: Part): boolean => part.kind !== 'char' && /^\$(\{[^}]*=|\(\()/.test(part.text)

/** What of a command can set our variables, or keep them from being set. */
function steeringWord(words: readonly string[]): string | undefined {
  const steering = words.find(word => STEERING.has(word))
  if (steering !== undefined) return steering
  if (/^[$`]/.test(words[0] ?? '')) return words[0]
  return exportsComputedName(words) ? 'export' : undefined
}

/** `export GRUB_${X}=…`, `export GR\UB_…=`: the name is not as it is written. */
const exportsComputedName = (words: readonly string[]): boolean =>
  words.includes('export') && words.some(word => /^[^=]*[$`]/.test(word) || NAMES_US.test(word))

/** What only the shell can tell. */
const UNCLEAR = Symbol('unclear')
type Environment = Map<string, string | typeof UNCLEAR>

function evaluate(sourced: readonly Sourced[]): GrubConfig | Refusal {
  const environment: Environment = new Map()
  const chains: Record<Variable, Assign[]> = { GRUB_CMDLINE_LINUX: [], GRUB_CMDLINE_LINUX_DEFAULT: [] }
  for (const statement of sourced) {
    if (statement.kind === 'opaque') {
      blur(environment, statement.text)
      continue
    }
    const { name, path, word } = statement
    const values = word.parts.map(part => meaningOf(part, environment))
    const unclear = word.parts[values.indexOf(UNCLEAR)]
    if (isVariable(name)) {
      if (unclear !== undefined)
        return refuse(
          `${path}:${statement.line} takes ${name} from ${unclear.text}, whose value only the shell can tell`,
          `write the arguments out in ${path}, then run again`,
        )
      const appends = word.parts.some(part => part.kind === 'variable' && appendedName(part.text) === name)
      chains[name] = appends ? [...chains[name], statement] : [statement]
    }
    for (const part of word.parts) if (setsInPassing(part)) blur(environment, part.text)
    const length = values.reduce((sum: number, value) => sum + (value === UNCLEAR ? 0 : value.length), 0)
    if (length > LONGEST)
      return refuse(`${path}:${statement.line} makes ${name} longer than any kernel takes`, 'shorten it')
    environment.set(name, unclear !== undefined || statement.conditional ? UNCLEAR : values.join(''))
  }
  const value = (name: Variable) => environment.get(name) ?? ''
  const [linux, byDefault] = [value('GRUB_CMDLINE_LINUX'), value('GRUB_CMDLINE_LINUX_DEFAULT')]
  if (typeof linux !== 'string' || typeof byDefault !== 'string')
    throw new Error('a statement that names them was not refused')
  return { values: { GRUB_CMDLINE_LINUX: linux, GRUB_CMDLINE_LINUX_DEFAULT: byDefault }, chains }
}

/** A value that holds another one twice grows without end; x86 takes 2048 bytes (COMMAND_LINE_SIZE). */
const LONGEST = 200_000

/** Every name in a command that we do not read may have been set by it. */
function blur(environment: Environment, text: string): void {
  for (const [name] of text.replaceAll('\\\n', '').matchAll(/[A-Za-z_]\w*/g)) environment.set(name, UNCLEAR)
}

const isVariable = (name: string): name is Variable => (VARIABLES as readonly string[]).includes(name)

/** `$X` and `${X}`; other expansions have no name here. */
function nameOf(expansion: string): string | undefined {
  const plain = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(expansion)
  return plain?.[1] ?? plain?.[2]
}

/** `${X:+$X }`, as tuned writes it: X and a blank, or nothing. */
const ownAndBlank = (expansion: string): string | undefined =>
  /^\$\{([A-Za-z_]\w*):\+\$\1 \}$/.exec(expansion)?.[1]

const appendedName = (expansion: string): string | undefined => nameOf(expansion) ?? ownAndBlank(expansion)

/** A variable that nothing here sets is empty, as it is in grub-mkconfig's environment. */
function meaningOf(part: Part, environment: Environment) {
  if (part.kind === 'char') return part.text
  const appended = part.kind === 'variable' ? ownAndBlank(part.text) : undefined
  if (appended !== undefined) {
    const value = environment.get(appended) ?? ''
    return value === UNCLEAR || value === '' ? value : `${value} `
  }
  const name = part.kind === 'variable' ? nameOf(part.text) : undefined
  return name === undefined ? UNCLEAR : (environment.get(name) ?? '')
}

/** What parts mean, expansions as they are written. */
export const textOf = (parts: readonly Part[]): string => parts.map(part => part.text).join('')
