import type { Said } from './fold.ts'
import { hostSet, shortHostSet } from './host_set.ts'
import type { Printed, Statement } from './remark.ts'
import { duration, hang, hangingIndent, type Paint, visible } from './text.ts'

export interface LayoutOptions {
  readonly paint: Paint
  /** Read anew for each line: terminals are resized. */
  readonly columns: () => number
  /** Name every host, however many. */
  readonly inFull: boolean
}

/** Sets remarks as lines: whose, a word, and a text that is wrapped under itself. */
export class Layout {
  readonly #options: LayoutOptions
  #hostWidth = 0
  #lastHosts = ''

  constructor(options: LayoutOptions) {
    this.#options = options
  }

  /** Lines up what follows by the names of these hosts. */
  begin(hosts: readonly string[]): void {
    const all = hostSet(hosts)
    const names = all.includes(',') ? hosts : [...hosts, all]
    this.#hostWidth = Math.min(LONGEST_HOST, Math.max(0, ...names.map(name => name.length)))
  }

  text(said: Said): string {
    const { remark } = said
    const follows = this.#lastHosts === hostSet(said.hosts)
    this.#lastHosts = hostSet(said.hosts)
    return remark.kind === 'printed'
      ? this.#printed(remark, said)
      : this.#statement({ ...remark, isTold: remark.isTold && follows }, said)
  }

  #statement(remark: Statement, { hosts, took }: Said): string {
    const { paint } = this.#options
    const { before, column } = this.#hosts(hosts, remark.isBelow && !remark.isTold ? BELOW_INDENT : 0)
    const padding = ' '.repeat(Math.max(0, WORD_WIDTH - remark.word.length))
    const head = `${column}${paint(remark.colour, remark.word)}${padding}  `
    const headWidth = column.length + Math.max(WORD_WIDTH, remark.word.length) + 2
    const indent = ' '.repeat(hangingIndent(headWidth, this.#options.columns()))
    const text = took === undefined ? remark.text : `${remark.text} ${timeTaken(took)}`
    return [
      before,
      remark.isTold ? '' : this.#hang(head, text),
      ...remark.block.map(line => `${indent}${visible(line)}`.trimEnd().concat('\n')),
      remark.hint === '' || remark.isTold ? '' : this.#hang(indent, remark.hint),
      ...remark.details.map(({ label, text }) => this.#hang(`${indent}${paint('dim', `${label}:`)} `, text)),
      remark.diff,
    ].join('')
  }

  #printed({ lines }: Printed, { hosts }: Said): string {
    const { before, column } = this.#hosts(hosts, 0)
    return before + lines.map(line => `${column}${visible(line)}`.trimEnd().concat('\n')).join('')
  }

  #hosts(hosts: readonly string[], indent: number): { readonly before: string; readonly column: string } {
    const all = visible(hostSet(hosts))
    const room = Math.min(LONGEST_LABEL, Math.floor(this.#options.columns() / 2))
    const deeper = ' '.repeat(indent)
    if (!this.#options.inFull || all.length <= room || hosts.length === 1) {
      const label = hosts.length === 1 ? all : visible(shortHostSet(hosts, room))
      return { before: '', column: `${label}: `.padEnd(this.#hostWidth + 2) + deeper }
    }
    return { before: this.#hang('', `${all.replaceAll(',', ', ')}:`), column: FULL_INDENT + deeper }
  }

  #hang(head: string, text: string): string {
    return hang(head, text, this.#options.columns())
  }
}

/** Longer names push their own line to the right, not everyone's. */
const LONGEST_HOST = 20

/** Of several hosts. */
const LONGEST_LABEL = 40

/** Under the names of hosts that take lines of their own. */
const FULL_INDENT = '  '

/** `changed`, `blocked`, `skipped`, `pending`, `unknown`: the words that stand in the second column. */
const WORD_WIDTH = 7

const BELOW_INDENT = 2

function timeTaken({ least, most }: { readonly least: number; readonly most: number }): string {
  const [quickest, slowest] = [duration(least), duration(most)]
  return quickest === slowest ? slowest : `${quickest} to ${slowest}`
}
