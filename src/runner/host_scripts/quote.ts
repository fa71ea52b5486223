/** One shell word, whatever is in it (POSIX.1-2017, Shell Command Language 2.2.2). */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
