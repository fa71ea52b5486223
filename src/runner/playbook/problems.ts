import { formatPosition, type Position, UserError, UserErrors } from '../../errors.ts'

/** Collects the mistakes of one load, so that a user sees all of them at once. A mistake met twice counts once. */
export class Problems {
  readonly #found = new Map<string, UserError>()
  /** What words that were refused would have defined: that these names are missing is no second mistake. */
  readonly refusedNames = new Set<string>()

  /** Returns undefined, so that a reader can end with it. */
  add(where: Position | string, why: string, hint?: string): undefined {
    this.include(
      new UserError({ where: typeof where === 'string' ? where : formatPosition(where), why, hint }),
    )
  }

  include(error: UserError): void {
    if (!this.has(error)) this.#found.set(keyOf(error), error)
  }

  has(error: UserError): boolean {
    return this.#found.has(keyOf(error))
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
