import type { Report } from '../events.ts'
import { createJsonReport } from './json.ts'
import { createJunitReport } from './junit.ts'
import { createPlainReport } from './plain.ts'
import type { Screen } from './text.ts'
import { createTreeReport } from './tree.ts'

export const OUTPUTS = ['auto', 'tree', 'plain', 'json', 'junit'] as const
export type Output = (typeof OUTPUTS)[number]

export interface ReportOptions {
  readonly output: Output
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
  const now = options.now ?? (() => performance.now())
  const settings = { stdout, color: wantsColour(options.color), verbose, now }
  switch (options.output === 'auto' ? fitting(stdout) : options.output) {
    case 'tree':
      return createTreeReport(settings)
    case 'plain':
      return { ...createPlainReport(settings), whileAsking: question => question() }
    case 'json':
      return { ...createJsonReport(stdout), whileAsking: question => question() }
    case 'junit':
      return { ...createJunitReport(settings), whileAsking: question => question() }
  }
}

/**
 * https://no-color.org: present and not empty, whatever its value. https://force-color.org says the same of
 * FORCE_COLOR; 0 means none to the programs that knew it first. Who sets both has asked for none.
 */
function wantsColour(isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR = '' } = process.env
  if (NO_COLOR) return false
  if (FORCE_COLOR === '') return isTerminal
  return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
}

/** TERM=dumb: a terminal that cannot move its cursor (Emacs' shell, some CI consoles). */
const fitting = (stdout: Screen): 'tree' | 'plain' =>
  stdout.isTTY && process.env.TERM !== 'dumb' ? 'tree' : 'plain'
