import { columnsOf, type Screen } from './text.ts'

/** The last lines of a terminal, drawn over again and again; what is above them stays. */
export class LiveRegion {
  readonly #screen: Screen
  #drawn: readonly string[] = []
  #size = ''
  #holders = 0

  constructor(screen: Screen) {
    this.#screen = screen
  }

  get columns(): number {
    return columnsOf(this.#screen)
  }

  /** Lines it may take: one row stays free for the cursor. */
  get rows(): number {
    return Math.max(1, (this.#screen.rows || DEFAULT_ROWS) - 1)
  }

  draw(lines: readonly string[]): void {
    if (this.#holders === 0) this.#overwrite(lines)
  }

  /** Above the lines that are drawn, which stay the last; `text` ends in a line feed. */
  print(text: string): void {
    const lines = this.#drawn
    this.#screen.write(`${up(lines.length)}${lines.length > 0 ? ERASE_BELOW : ''}${text}`)
    this.#drawn = []
    this.draw(lines)
  }

  /** Draws a last time; these lines stay. */
  leave(lines: readonly string[]): void {
    this.#overwrite(lines)
    this.#drawn = []
  }

  /** Leaves the terminal to a question until it is answered. */
  async hold<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (this.#holders === 0) this.draw([])
    this.#holders += 1
    try {
      return await question()
    } finally {
      this.#holders -= 1
    }
  }

  /**
   * In one write, from the first line that has changed: nothing flickers, and a screen that stays as it is costs no
   * byte. Line by line, for tmux keeps a whole screen that is erased at once in its history.
   */
  #overwrite(lines: readonly string[]): void {
    const before = this.#asDrawn()
    const changed = lines.findIndex((line, row) => line !== before[row])
    const from = changed === -1 ? lines.length : changed
    const rows = lines
      .slice(from)
      .map((line, index) => (line === before[from + index] ? '\n' : `${line}${ERASE_LINE}\n`))
    const rest = lines.length < before.length ? ERASE_BELOW : ''
    if (rows.length > 0 || rest !== '')
      this.#screen.write(`${up(before.length - from)}${rows.join('')}${rest}`)
    this.#drawn = lines
  }

  /**
   * What the lines on the screen are now. A terminal of another size may have folded them, and all must be drawn
   * again. Then some stay behind once, which is better than to go up too far and erase what is not ours.
   */
  #asDrawn(): readonly (string | undefined)[] {
    const size = `${this.columns}x${this.rows}`
    const isSame = size === this.#size
    this.#size = size
    return isSame ? this.#drawn : this.#drawn.map(() => undefined)
  }
}

const DEFAULT_ROWS = 24

// ECMA-48: CUU, EL, ED.
const up = (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A\r`)
const ERASE_LINE = '\u001b[K'
const ERASE_BELOW = '\u001b[J'
