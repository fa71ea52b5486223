import type { Report } from '../events.ts'
import { createJsonReport } from './json.ts'
import { createPlainReport } from './plain.ts'
import type { Screen } from './text.ts'
import { createTreeReport } from './tree.ts'

export interface ReportOptions {
  readonly output: 'auto' | 'tree' | 'plain' | 'json'
  readonly stdout: Screen
  readonly color: boolean
  readonly verbose: number
  /** Milliseconds; a test brings its own clock. */
  readonly now?: () => number
}

/** What can be asked meanwhile (a passphrase) needs the terminal for itself. */
export interface InteractiveReport extends Report {
  /** Nothing is drawn until the question is answered; what happens meanwhile is shown afterwards. */
  whileAsking<Answer>(question: () => Promise<Answer>): Promise<Answer>
}

/** Shows a run to people or programs. `auto`: a tree on a terminal, plain lines elsewhere. */
export function createReport(options: ReportOptions): InteractiveReport {
  const { stdout, verbose } = options
  // https://no-color.org: present and not empty, whatever its value.
  const color = options.color && !process.env.NO_COLOR
  const settings = { stdout, color, verbose, now: options.now ?? (() => performance.now()) }
  switch (options.output === 'auto' ? fitting(stdout) : options.output) {
    case 'tree':
      return createTreeReport(settings)
    case 'plain':
      return { ...createPlainReport(settings), whileAsking: question => question() }
    case 'json':
      return { ...createJsonReport(stdout), whileAsking: question => question() }
  }
}

/** TERM=dumb: a terminal that cannot move its cursor (Emacs' shell, some CI consoles). */
const fitting = (stdout: Screen): 'tree' | 'plain' =>
  stdout.isTTY && process.env.TERM !== 'dumb' ? 'tree' : 'plain'
