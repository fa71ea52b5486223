/** The kernel command line as the kernel reads it: written here again on purpose, so that a mistake of src/ shows. */
export class KernelArguments {
  readonly tokens: readonly string[]

  constructor(cmdline: string) {
    this.tokens = [...cmdline.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([token]) => token)
  }

  /** Comma-separated values of every occurrence, in order. */
  all(name: string): string[] {
    return this.#occurrences(name).flatMap(value => value.split(','))
  }

  /** Those of the last occurrence, for parameters that are plain strings (module_param_string). */
  last(name: string): string[] | undefined {
    return this.#occurrences(name).at(-1)?.split(',').filter(Boolean)
  }

  has(name: string): boolean {
    return this.#occurrences(name).length > 0
  }

  #occurrences(name: string): string[] {
    const parameters = this.tokens.map(token => token.replaceAll('"', '').match(/^([^=]+)=?(.*)$/s))
    return parameters
      .filter(found => dashes(found?.[1] ?? '') === dashes(name))
      .map(found => found?.[2] ?? '')
  }
}

/** kernel/params.c parameq(): - and _ are the same in names. */
const dashes = (name: string): string => name.replaceAll('-', '_')
