import { bytesFromText } from '../host/bytes.ts'

/** Texts that ansible-vault had closed: what is told to people and to other programs does not show them. */
export class Secrets {
  readonly #forms = new Set<string>()
  #longestFirst: readonly string[] = []

  keep(text: string): void {
    const plain = text.trim()
    // Of a key of many lines each one is a secret, as programs' outputs are told line by line.
    const lines = plain.split('\n').map(line => line.trim())
    for (const part of [plain, ...lines])
      if (part !== '') for (const form of FORMS) this.#forms.add(form(part))
    this.#longestFirst = [...this.#forms].toSorted((one, other) => other.length - one.length)
  }

  readonly hide = (text: string): string => this.#longestFirst.reduce(withoutSecret, text)

  get areNone(): boolean {
    return this.#forms.size === 0
  }
}

/** As it is, within JSON, within a shell's quotes, and as the bytes of a file. */
const FORMS: readonly ((text: string) => string)[] = [
  text => text,
  text => JSON.stringify(text).slice(1, -1),
  text => text.replaceAll("'", `'\\''`),
  bytesFromText,
]

const HIDDEN = '(secret)'

/** A short word may stand in a text by chance: it is a value where it is quoted. */
const withoutSecret = (text: string, secret: string): string =>
  secret.length >= 6
    ? text.replaceAll(secret, HIDDEN)
    : text.replaceAll(`"${secret}"`, `"${HIDDEN}"`).replaceAll(`'${secret}'`, `'${HIDDEN}'`)
