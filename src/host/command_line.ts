import { type ArgEdit, endsKernelArgs, type Piece, piecesOf, resolveEdit } from './kernel_args.ts'

/**
 * Edits a kernel command line as it is written in a file: token by token, so that order, duplicates, quotes, blanks
 * and line ends that were not meant stay byte for byte.
 */
export const editCommandLine = (line: string, edits: readonly ArgEdit[]): string =>
  edits.reduce(applyEdit, line)

function applyEdit(line: string, edit: ArgEdit): string {
  const { tokens: pieces } = piecesOf(line)
  const { change, append } = resolveEdit(
    pieces.map(({ token }) => token),
    edit,
  )
  const changed = replaceTokens(line, pieces, change(pieces.map(({ token }) => token)))
  return append === undefined ? changed : appendToken(changed, append)
}

/** Puts `wanted` in the place of the tokens, one for one; undefined drops a token and the blanks before it. */
function replaceTokens(
  line: string,
  pieces: readonly Piece[],
  wanted: readonly (string | undefined)[],
): string {
  const firstKept = wanted.findIndex(token => token !== undefined)
  return pieces.reduceRight((text, piece, i) => {
    const token = wanted[i]
    if (token !== undefined) return text.slice(0, piece.start) + token + text.slice(piece.end)
    // Before the first token that stays there is nothing to hang on: those take the blanks after them along.
    const hangs = firstKept >= 0 && i > firstKept
    const start = hangs ? (pieces[i - 1]?.end ?? 0) : piece.start
    const end = hangs ? piece.end : (pieces[i + 1]?.start ?? piece.end)
    return text.slice(0, start) + text.slice(end)
  }, line)
}

/** Behind the last token that the kernel reads; taking it away again leaves the line as it was. */
function appendToken(line: string, token: string): string {
  const { tokens: pieces } = piecesOf(line)
  const separator = separatorIn(line, pieces)
  const end = pieces.findIndex(piece => endsKernelArgs(piece.token))
  const last = end < 0 ? pieces.at(-1) : pieces[end - 1]
  if (last !== undefined) return line.slice(0, last.end) + separator + token + line.slice(last.end)
  const [first] = pieces
  if (first === undefined) return token + line
  return line.slice(0, first.start) + token + separator + line.slice(first.start)
}

/** A file with one argument a line stays one. */
function separatorIn(line: string, pieces: readonly Piece[]): string {
  const gaps = pieces.slice(1).map((piece, i) => line.slice(pieces[i]?.end ?? 0, piece.start))
  return gaps.length > 0 && gaps.every(gap => gap.includes('\n')) ? '\n' : ' '
}
