/** What the kernel said, and the message that says it. */
export interface Said<T> {
  readonly value: T
  readonly line: string
}

/** A message as evidence; of several the first, with how many there are. */
export const quoted = (line: string, more = 0): string =>
  `the kernel says "${line}"${more > 0 ? `, and ${more} more such line${more === 1 ? '' : 's'}` : ''}`

/** Each message that a form fits, with what was read from it; undefined leaves it out. */
export const readEach = <T>(
  lines: readonly string[],
  form: RegExp,
  read: (match: RegExpExecArray) => T | undefined,
): Said<T>[] =>
  lines.flatMap(line => {
    const match = form.exec(line)
    const value = match === null ? undefined : read(match)
    return value === undefined ? [] : [{ value, line }]
  })

/** The first message that any of the forms fits, the form that proves most first. */
export const firstOf = (lines: readonly string[], forms: readonly RegExp[]): string | undefined =>
  forms.map(form => lines.find(line => form.test(line))).find(line => line !== undefined)
