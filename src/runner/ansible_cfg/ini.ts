import { formatPosition, type Position, UserError } from '../../errors.ts'

/** A line of ansible.cfg with all that continues it. */
export interface IniEntry {
  readonly section: string
  /** In small letters. */
  readonly key: string
  readonly value: string
  readonly at: Position
}

/**
 * ansible.cfg as Python's configparser reads it (docs.python.org/3/library/configparser.html, "Supported INI File
 * Structure"; inline comments begin with `;` as in ansible/ansible, lib/ansible/config/manager.py). Throws UserError.
 */
export function parseIni(text: string, file: string): readonly IniEntry[] {
  const entries: IniEntry[] = []
  const sections = new Set<string>()
  let section: string | undefined
  let open: { readonly indent: number } | undefined
  for (const [n, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = withoutComment(whole)
    const content = line.trim()
    if (content === '') continue
    const indent = line.length - line.trimStart().length
    const at = { file, line: n + 1, column: indent + 1 }
    const last = entries.at(-1)
    if (open && last && indent > open.indent) {
      entries[entries.length - 1] = { ...last, value: last.value ? `${last.value}\n${content}` : content }
      continue
    }
    const header = /^\[(.+)\]/.exec(content)?.[1]
    if (header !== undefined) {
      if (sections.has(header)) throw mistake(at, `a second section [${header}]`, 'join the two')
      sections.add(header)
      section = header
      open = undefined
      continue
    }
    if (section === undefined) throw mistake(at, 'stands in no section', 'begin with a line like [defaults]')
    const entry = entryOf(content, section, at)
    const twin = entries.find(each => each.section === section && each.key === entry.key)
    if (twin) throw mistake(at, `${entry.key} is already set in line ${twin.at.line}`, 'keep one of them')
    entries.push(entry)
    open = { indent }
  }
  return entries
}

/** Comments: lines that begin with # or ;, and what follows a ; behind a blank. */
const withoutComment = (line: string): string => (/^\s*[#;]/.test(line) ? '' : line.replace(/(^|\s);.*$/, ''))

function entryOf(content: string, section: string, at: Position): IniEntry {
  const [, key, value] = /^([^=:]*?)\s*[=:]\s*(.*)$/.exec(content) ?? []
  if (!key || value === undefined) throw mistake(at, `"${content}" is no setting`, 'write it as key = value')
  return { section, key: key.toLowerCase(), value, at }
}

const mistake = (at: Position, why: string, hint: string): UserError =>
  new UserError({ where: formatPosition(at), why, hint })
