/** Other names that Ansible has for options; commander knows one long name for each. */
export const SECOND_NAMES: Readonly<Record<string, string>> = {
  '--inventory-file': '--inventory',
  '--key-file': '--private-key',
  '--become-pass-file': '--become-password-file',
  '--vault-pass-file': '--vault-password-file',
  '--ask-vault-password': '--ask-vault-pass',
}

/** A command line with each option under its first name. */
export const withFirstNames = (words: readonly string[]): string[] =>
  words.map(word => {
    const [name = '', ...value] = word.split('=')
    const first = SECOND_NAMES[name]
    return first === undefined ? word : [first, ...value].join('=')
  })
