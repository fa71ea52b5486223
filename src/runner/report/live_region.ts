import { columnsOf, type Screen } from './text.ts'

/** The last lines of a terminal, drawn over again and again; what is above them stays. */
export class LiveRegion {
  readonly #screen: Screen
  #drawn: readonly string[] = []
  #holders = 0

  constructor(screen: Screen) {
    this.#screen = screen
  }

  get columns(): number {
    return columnsOf(this.#screen)
  }

  /** Lines it may take: one row stays free for the cursor. */
  get rows(): number {
    return (this.#screen.rows || DEFAULT_ROWS) - 1
  }

  draw(lines: readonly string[]): void {
    if (this.#holders === 0) this.#overwrite(lines)
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

  /** Line by line: tmux keeps a whole screen that is erased at once in its history. */
  #overwrite(lines: readonly string[]): void {
    const rows = lines.map(line => `${line}${ERASE_LINE}\n`)
    this.#screen.write(`${this.#toTop()}${rows.join('')}${ERASE_BELOW}`)
    this.#drawn = lines
  }

  /**
   * ECMA-48 CUU. A terminal made narrower meanwhile has folded lines: then some of them stay behind once, which
   * is better than to go up too far and erase what is not ours.
   */
  #toTop(): string {
    return this.#drawn.length === 0 ? '' : `\u001b[${this.#drawn.length}A\r`
  }
}

const DEFAULT_ROWS = 24

// ECMA-48: EL, ED.
const ERASE_LINE = '\u001b[K'
const ERASE_BELOW = '\u001b[J'
