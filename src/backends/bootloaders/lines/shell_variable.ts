import { applyChanges, type Change, write } from '../../../host/change.ts'
import type { Host } from '../../../host/host.ts'
import { type ArgEdit, isSatisfied, splitArgs } from '../../../host/kernel_args.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import { isShellProblem, parseShellConfig, type Statement } from '../../shell/config.ts'
import { bytesOf, editWrittenLines, type WrittenLine } from './written_line.ts'

/** A variable with kernel arguments in files that a menu's generator sources: EXTLINUX_PARAMETERS and its like. */
export interface ShellVariable {
  readonly name: string
  /** In the order they are sourced. */
  readonly paths: readonly string[]
  /** Where it is written for the first time. */
  readonly home: string
  /** What the generator takes where it is unset or empty. */
  readonly standard: string
}

export function variableArgs(host: Host, variable: ShellVariable): readonly string[] | Refusal {
  const value = assignedTo(host, variable)
  if (isRefusal(value)) return value
  const written = value.line === undefined ? '' : textAt(host, value.line)
  return splitArgs(written.trim() === '' ? variable.standard : written)
}

/** Every edit holds in the value afterwards. */
export function editVariable(
  host: Host,
  variable: ShellVariable,
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const value = assignedTo(host, variable)
  if (isRefusal(value)) return value
  const { line, quote } = value
  const written = line === undefined ? '' : textAt(host, line)
  const args = written.trim() === '' ? variable.standard : written
  if (edits.every(edit => isSatisfied(splitArgs(args), edit))) return []
  const text = editText(host, variable.home, args, edits)
  if (isRefusal(text)) return text
  const edited = text.text
  if (/["'\\$`]/.test(edited)) return cannotBeQuoted(variable, edited)
  const after = line === undefined ? withLine(host, variable, edited) : withValue(host, line, quote, edited)
  return refuseUnset(applyChanges(host, after), variable, edits) ?? after
}

function withLine(host: Host, { home, name }: ShellVariable, args: string): readonly Change[] {
  const bytes = bytesOf(host, home)
  const gap = bytes === '' || bytes.endsWith('\n') ? '' : '\n'
  return write(host, home, `${bytes}${gap}${name}="${args}"\n`)
}

function withValue(host: Host, line: WrittenLine, quote: Value['quote'], args: string): readonly Change[] {
  const bytes = bytesOf(host, line.path)
  const text = quote === '' ? `"${args}"` : args
  return write(host, line.path, bytes.slice(0, line.start) + text + bytes.slice(line.end))
}

/** The last line of defence: what stands before a new line may still have hold of it. */
function refuseUnset(host: Host, variable: ShellVariable, edits: readonly ArgEdit[]): Refusal | undefined {
  const args = variableArgs(host, variable)
  if (isRefusal(args)) return args
  if (edits.every(edit => isSatisfied(args, edit))) return undefined
  return refuse(
    `${variable.name} cannot be made to hold the arguments in ${variable.paths.join(', ')}`,
    'set it by hand there, then run again',
  )
}

interface Value {
  /** Within its quotes; undefined where nothing sets it. */
  readonly line: WrittenLine | undefined
  readonly quote: '"' | "'" | ''
}

function assignedTo(host: Host, variable: ShellVariable): Value | Refusal {
  let found: Value = { line: undefined, quote: '' }
  for (const path of variable.paths.filter(one => one in host.files)) {
    const parsed = parseShellConfig(bytesOf(host, path))
    if (isShellProblem(parsed))
      return refuse(
        `${path}:${parsed.line} ${parsed.why}: ${parsed.text}`,
        'mend the file (sh -n checks it), then run again',
      )
    for (const statement of parsed.statements) {
      const value = valueIn(host, path, variable.name, statement)
      if (value === undefined) continue
      if (isRefusal(value)) return value
      found = value
    }
  }
  return found
}

function valueIn(host: Host, path: string, name: string, statement: Statement): Value | Refusal | undefined {
  const workedOut = (text: string) =>
    refuse(
      `${path}:${statement.line} works ${name} out in shell, which cannot be edited safely: ${text}`,
      `write it as ${name}="…" in ${path}, then run again`,
    )
  if (statement.kind === 'opaque')
    return statement.text.includes(name) || /^(\.|source|eval)$/.test(statement.words[0] ?? '')
      ? workedOut(statement.text)
      : undefined
  if (statement.name !== name) return undefined
  const { start, end } = statement.word
  const raw = bytesOf(host, path).slice(start, end)
  const plain = /^(?:"[^"\\$`]*"|'[^'"\\$`]*'|[^\s"'\\$`;&|()<>~]*)$/.test(raw)
  if (!plain || statement.conditional) return workedOut(`${name}=${raw}`)
  const quote = raw.startsWith('"') ? '"' : raw.startsWith("'") ? "'" : ''
  const inner = quote === '' ? { start, end } : { start: start + 1, end: end - 1 }
  return { line: { path, ...inner }, quote }
}

const textAt = (host: Host, { path, start, end }: WrittenLine): string =>
  bytesOf(host, path).slice(start, end)

/** A text of its own, edited as a line of that file would be. */
export function editText(
  host: Host,
  path: string,
  text: string,
  edits: readonly ArgEdit[],
): { readonly text: string } | Refusal {
  const alone: Host = { ...host, files: { [path]: { bytes: text, mode: '644' } } }
  const changes = editWrittenLines(alone, [{ path, start: 0, end: text.length }], edits)
  if (isRefusal(changes)) return changes
  const [change] = changes
  return { text: change?.kind === 'write' ? change.after : text }
}

const cannotBeQuoted = ({ name, home }: ShellVariable, text: string): Refusal =>
  refuse(
    `${name} in ${home} would need quotes of its own for ${text}`,
    'set it by hand there, then run again',
  )
