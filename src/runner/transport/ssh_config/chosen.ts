import { type Directive, mistake, wordsOf } from './directives.ts'
import { isHeeded } from './keywords.ts'

/** The directives that hold for one host. */
export class Chosen {
  readonly #first = new Map<string, Directive>()
  readonly identityFiles: Directive[] = []

  choose(directive: Directive): void {
    const { keyword } = directive
    if (!isHeeded(keyword)) return
    const words = wordsOf(directive)
    if (words.length === 0 || words[0] === '')
      throw mistake(directive.at, `there is no value behind ${keyword}`)
    if (keyword === 'identityfile') this.#addIdentityFile(directive)
    // Which of the two comes first is the one that holds: ssh_config(5), ProxyJump.
    const slot = keyword === 'proxycommand' ? 'proxyjump' : keyword
    if (!this.#first.has(slot)) this.#first.set(slot, directive)
  }

  /** Nothing that is read later changes it. */
  settle(keyword: string, value: string): void {
    const at = this.#first.get(keyword)?.at ?? { file: 'ssh_config', line: 1, column: 1 }
    this.#first.set(keyword, { keyword, words: [value], rest: value, at })
  }

  get(keyword: string): Directive | undefined {
    return this.#first.get(keyword)
  }

  said(keyword: string): string | undefined {
    return this.#first.get(keyword)?.words?.[0]
  }

  #addIdentityFile(directive: Directive): void {
    const isThere = this.identityFiles.some(({ words }) => words?.[0] === directive.words?.[0])
    if (!isThere) this.identityFiles.push(directive)
  }
}
