import { type ErrorCode, LineCounter, parseDocument } from 'yaml'
import type { Position } from '../../errors.ts'
import type { Problems } from '../playbook/problems.ts'
import { isVaulted, openVault } from './vault.ts'
import { type Node, nothing } from './yaml_node.ts'
import { MAX_DEPTH, readTree } from './yaml_tree.ts'

/**
 * The one document of `text`, which ansible-vault may have closed; undefined, and its mistakes noted, where it cannot be
 * read.
 */
export function parseYaml(text: string, file: string, problems: Problems): Node | undefined {
  if (!isVaulted(text)) return parseOpen(text, file, problems, false)
  const opened = openVault(text, problems.vault)
  return opened.why === undefined
    ? parseOpen(opened.text, file, problems, true)
    : problems.add(file, opened.why, opened.hint)
}

function parseOpen(text: string, file: string, problems: Problems, isSecret: boolean): Node | undefined {
  const lines = new LineCounter()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const before = problems.count
  const source = text.replace(/^\uFEFF/, '')
  const document = parseWithinStack(source, lines)
  if (document === undefined) {
    return problems.add(at(0), `is nested deeper than ${MAX_DEPTH} levels`)
  }
  // One slip derails the rest of the file: only the first complaint is about the user's mistake.
  const [error] = document.errors
  // The parser's words may quote the text.
  if (error)
    problems.add(
      at(error.pos[0]),
      isSecret ? 'not YAML' : complaint(error.code, error.message),
      WAYS_OUT[error.code],
    )
  if (error || document.contents === null) return error ? undefined : nothing(at(0))
  const tree = readTree(document.contents, source, at, problems, isSecret)
  return problems.count > before ? undefined : tree
}

function parseWithinStack(text: string, lineCounter: LineCounter) {
  try {
    // The failsafe schema leaves every scalar a string: which of them are numbers is for plainValue to say.
    return parseDocument(text, {
      schema: 'failsafe',
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter,
    })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** What mostly is the slip behind the parser's complaint. */
const WAYS_OUT: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: 'put quotes around a value that holds ": ", or line the keys up',
  BAD_SCALAR_START: 'put quotes around the value',
}

const complaint = (code: string, message: string): string =>
  code === 'MULTIPLE_DOCS' ? 'a second document begins here; one file holds one' : `not YAML: ${message}`
