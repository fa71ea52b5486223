/** What a terminal shows after these writes, scrolled-out lines included. Knows what a live region uses. */
export function terminal(written: string): string[] {
  const rows: string[] = []
  let row = 0
  for (const [piece] of written.matchAll(/\x1b\[\d*[A-Za-z]|\n|\r|[^\x1b\n\r]+/g)) {
    if (piece === '\n') row += 1
    else if (piece === '\x1b[J') rows.length = Math.min(rows.length, row)
    else if (piece.endsWith('A') && piece.startsWith('\x1b')) row -= Number.parseInt(piece.slice(2), 10)
    else if (piece !== '\r' && piece !== '\x1b[K') rows[row] = piece
  }
  return Array.from(rows, line => line ?? '')
}
