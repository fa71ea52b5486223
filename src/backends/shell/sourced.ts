import type { Bytes } from '../../host/bytes.ts'
import type { Host } from '../../host/host.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { TEMPLATE } from '../plain_text.ts'
import { isShellProblem, parseShellConfig, type Statement } from './config.ts'
import type { ArrayWord, Part, Word } from './word.ts'

/** An assignment and the file it stands in. */
export type Setting = Extract<Statement, { kind: 'assign' }> & { readonly path: string }

/** A variable after all files: the words of its value, and the settings that it is made of, the one that resets it first. */
export interface ListVariable {
  readonly words: readonly string[]
  readonly form: 'array' | 'string'
  readonly chain: readonly Setting[]
}

/**
 * Lists that bash reads from files sourced one after the other (dracut.conf and its drop-ins, mkinitcpio.conf): strings
 * whose words are split at blanks, or arrays. What only a shell could tell about these variables is refused.
 */
export function readLists<Name extends string>(
  host: Host,
  paths: readonly string[],
  names: readonly Name[],
): Readonly<Record<Name, ListVariable>> | Refusal {
  const lists = new Map<string, ListVariable>(names.map(name => [name, NOTHING]))
  const strings: Environment = new Map()
  for (const path of paths) {
    const bytes = host.files[path]?.bytes ?? ''
    const parsed = parseShellConfig(bytes, 'bash')
    const lineText = linesOf(bytes)
    if (isShellProblem(parsed))
      return refuse(
        `${path}:${parsed.line} ${parsed.why}: ${parsed.text}`,
        'mend the file (bash -n checks it) or write that line more plainly, then run again',
      )
    for (const statement of parsed.statements) {
      const refusal = take({ ...statement, path }, lists, strings, lineText)
      if (refusal !== undefined) return refusal
    }
  }
  return Object.fromEntries(lists) as Record<Name, ListVariable>
}

const NOTHING: ListVariable = { words: [], form: 'string', chain: [] }

/** Split once, and only where a line is wanted. */
function linesOf(bytes: Bytes): (line: number) => string {
  let lines: readonly string[] | undefined
  return line => {
    lines ??= bytes.split('\n')
    return (lines[line - 1] ?? '').trim()
  }
}

/** What only the shell can tell. */
const UNCLEAR = Symbol('unclear')
type Environment = Map<string, string | typeof UNCLEAR>

/** Characters of a value, words of an array: a few lines that double what they have would fill any memory. */
const LONGEST = 65_536

function take(
  statement: Statement & { readonly path: string },
  lists: Map<string, ListVariable>,
  strings: Environment,
  lineText: (line: number) => string,
): Refusal | undefined {
  const at = `${statement.path}:${statement.line}`
  const hint = `write it out as a plain list in ${statement.path}, then run again`
  if (statement.kind === 'opaque') {
    const { text } = statement
    const named = [...lists.keys()].find(name => new RegExp(`\\b${name}\\b`).test(text))
    if (named !== undefined || statement.words.some(word => STEERING.has(word)))
      return refuse(
        `${at} works ${named ?? 'the configuration'} out in shell, which cannot be read safely: ${text}`,
        hint,
      )
    for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) strings.set(name, UNCLEAR)
    return undefined
  }
  const before = lists.get(statement.name)
  if (before === undefined) {
    const value = isArray(statement.word) ? UNCLEAR : meaningOf(statement.word.parts, strings)
    const old = statement.appends ? (strings.get(statement.name) ?? '') : ''
    const known = value !== UNCLEAR && old !== UNCLEAR && !statement.conditional
    strings.set(statement.name, known ? joined(old, value) : UNCLEAR)
    return undefined
  }
  const text = lineText(statement.line)
  if (statement.conditional) return refuse(`${at} sets ${statement.name} under a condition: ${text}`, hint)
  if (TEMPLATE.test(text))
    return refuse(`${at} is a template that was never filled in: ${text}`, 'fill the template in first')
  const after = isArray(statement.word)
    ? arrayAfter(before, statement, statement.word, strings)
    : stringAfter(before, statement, strings)
  if (isRefusal(after)) return refuse(`${at} ${after.why}: ${text}`, hint)
  lists.set(statement.name, after)
  if (!isArray(statement.word)) strings.set(statement.name, after.value ?? UNCLEAR)
  return undefined
}

/** Commands that can change variables, or what is still read, without naming them. */
const STEERING = new Set(
  '. source eval exec exit return break continue shift unset read mapfile readarray alias trap'.split(' '),
)

export const isArray = (word: Word | ArrayWord): word is ArrayWord => 'elements' in word

type After = ListVariable & { readonly value?: string }

/** The value as a whole is kept: appending puts text right behind it, blanks or not. */
function stringAfter(before: After, setting: Setting, strings: Environment): After | Refusal {
  if (before.form === 'array' && before.chain.length > 0)
    return refuse(`sets ${setting.name}, an array until then, as a string`, '')
  const value = meaningOf(setting.word.parts, strings)
  const whole = value === UNCLEAR ? value : joined(setting.appends ? (before.value ?? '') : '', value)
  if (whole === UNCLEAR) return refuse(`takes ${setting.name} from what only the shell can tell`, '')
  const appends = setting.appends || refersTo(setting.name, setting.word.parts)
  return {
    form: 'string',
    value: whole,
    words: whole.split(/[ \t\n]+/).filter(word => word !== ''),
    chain: appends ? [...before.chain, setting] : [setting],
  }
}

function arrayAfter(
  before: ListVariable,
  setting: Setting,
  word: ArrayWord,
  strings: Environment,
): After | Refusal {
  const itself = new RegExp(`^\\$\\{${setting.name}\\[[@*]\\]\\}$`)
  const includes = word.elements.some(({ parts }) => itself.test(parts[0]?.text ?? ''))
  if ((setting.appends || includes) && before.form === 'string' && before.chain.length > 0)
    return refuse(`adds an array to ${setting.name}, a string until then`, '')
  const words: string[] = setting.appends ? [...before.words] : []
  for (const { parts } of word.elements) {
    if (parts.length === 1 && itself.test(parts[0]?.text ?? '')) {
      if (words.length + before.words.length > LONGEST)
        return refuse(`makes ${setting.name} longer than it could be meant`, '')
      for (const word of before.words) words.push(word)
      continue
    }
    const value = parts.some(isPattern) ? UNCLEAR : meaningOf(parts, strings)
    if (value === UNCLEAR) return refuse(`takes ${setting.name} from what only the shell can tell`, '')
    words.push(value)
  }
  return {
    form: 'array',
    words,
    chain: setting.appends || includes ? [...before.chain, setting] : [setting],
  }
}

/** Braces and file name patterns; a single ? at the end is mkinitcpio's mark of an optional module. */
const isPattern = (part: Part, at: number, parts: readonly Part[]): boolean =>
  part.kind === 'char' &&
  part.quote === '' &&
  part.start + 1 === part.end &&
  (/[*[{]/.test(part.text) || (part.text === '?' && at < parts.length - 1))

const refersTo = (name: string, parts: readonly Part[]): boolean =>
  parts.some(part => part.kind === 'variable' && nameOf(part.text) === name)

/** A variable that nothing here sets is empty: both programs start from a clean environment. */
function meaningOf(parts: readonly Part[], strings: Environment): string | typeof UNCLEAR {
  let value = ''
  for (const part of parts) {
    const name = part.kind === 'variable' ? nameOf(part.text) : undefined
    const piece = part.kind === 'char' ? part.text : name === undefined ? UNCLEAR : (strings.get(name) ?? '')
    const more = piece === UNCLEAR ? piece : joined(value, piece)
    if (more === UNCLEAR) return UNCLEAR
    value = more
  }
  return value
}

const joined = (value: string, more: string): string | typeof UNCLEAR =>
  value.length + more.length > LONGEST ? UNCLEAR : value + more

/** `$X` and `${X}`; other expansions have no name here. */
function nameOf(expansion: string): string | undefined {
  const plain = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(expansion)
  return plain?.[1] ?? plain?.[2]
}
