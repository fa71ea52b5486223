import { formatPosition, type Position, UserError, UserErrors } from '../../errors.ts'
import { Secrets } from '../secrets.ts'
import type { VaultSecrets } from '../yaml/vault.ts'

/** Collects the mistakes of one load, so that a user sees all of them at once. A mistake met twice counts once. */
export class Problems {
  readonly #found = new Map<string, UserError>()
  /** What words that were refused would have defined: that these names are missing is no second mistake. */
  readonly refusedNames = new Set<string>()
  /** Tasks could not be read: what they would have defined is not known. */
  hasUnreadTasks = false
  /** What opens values and files of ansible-vault. */
  readonly vault: VaultSecrets | undefined
  /** What ansible-vault had closed: no message shows it. */
  readonly secrets: Secrets

  constructor({ vault }: { readonly vault?: VaultSecrets | undefined } = {}, secrets = vault?.opened) {
    this.vault = vault
    this.secrets = secrets ?? new Secrets()
  }

  /** For a first try whose mistakes may not count. */
  trial(): Problems {
    return new Problems(this, this.secrets)
  }

  get all(): readonly UserError[] {
    return [...this.#found.values()]
  }

  /** Returns undefined, so that a reader can end with it. */
  add(where: Position | string, why: string, hint?: string): undefined {
    this.include(
      new UserError({ where: typeof where === 'string' ? where : formatPosition(where), why, hint }),
    )
  }

  include(error: UserError): void {
    const shown = this.#withoutSecrets(error)
    if (!this.has(shown)) this.#found.set(keyOf(shown), shown)
  }

  has(error: UserError): boolean {
    return this.#found.has(keyOf(this.#withoutSecrets(error)))
  }

  #withoutSecrets(error: UserError): UserError {
    const { hide } = this.secrets
    const { kind, where } = error
    const why = hide(error.why)
    const hint = error.hint === undefined ? undefined : hide(error.hint)
    return why === error.why && hint === error.hint ? error : new UserError({ kind, where, why, hint })
  }

  /** What `read` gives; undefined, and its mistakes noted, where it throws one. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (error instanceof UserError) this.include(error)
      else if (error instanceof UserErrors) for (const each of error.errors) this.include(each)
      else throw error
      return undefined
    }
  }

  get count(): number {
    return this.#found.size
  }

  /** A single mistake is thrown as it is, several as UserErrors. */
  throwIfAny(): void {
    const errors = inReadingOrder([...this.#found.values()])
    const [first] = errors
    if (first) throw errors.length === 1 ? first : new UserErrors(errors)
  }
}

const keyOf = (error: UserError): string => `${error.where}\n${error.why}`

/** File after file as they were first met, and each from top to bottom. */
function inReadingOrder(errors: readonly UserError[]): readonly UserError[] {
  const placed = errors.map(error => {
    const [, file = error.where, line = 0, column = 0] = error.where.match(/^(.*):(\d+):(\d+)$/s) ?? []
    return { error, file, line: Number(line), column: Number(column) }
  })
  const files = placed.map(({ file }) => file)
  placed.sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
  return placed.map(({ error }) => error)
}
