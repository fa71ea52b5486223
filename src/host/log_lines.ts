/**
 * The kernel's messages in a text, whoever kept it: dmesg, the journal in any of its forms, a file of syslog, a forum
 * post. Time stamps, host names, priorities and quoting go; what the kernel said stays. Total: any text gives lines.
 */
export const messagesIn = (text: string): string[] =>
  text
    .split('\n')
    .map(messageOf)
    .filter(line => line !== '')

/** Printed at the start of every boot (init/main.c start_kernel()), behind a few lines of the journal, of cgroups, of microcode. */
export const isFromTheStart = (messages: readonly string[]): boolean =>
  messages.slice(0, 6).some(message => message.startsWith('Linux version '))

const messageOf = (line: string): string =>
  BEFORE_THE_MESSAGE.reduce((rest, form) => rest.replace(form, ''), line.trimEnd()).trim()

/** In the order in which they stand on a line; each may be missing. */
const BEFORE_THE_MESSAGE: readonly RegExp[] = [
  // Mail quotes, Markdown's code blocks.
  /^[>\s]+/,
  /^```.*$|^`(?=.*`$)/,
  /(?<=[^`])`$/,
  // dmesg --raw, dmesg --decode.
  /^<\d{1,3}>/,
  /^(?:kern|user|daemon|syslog)\s*:\s*[a-z]+\s*:\s*/,
  // Syslog's and the journal's stamps: `Jan 01 14:29:21 pve kernel: `, `2024-01-01T14:29:21+01:00 pve kernel: `.
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ (?:kernel: )?/,
  /^\d{4}-\d\d-\d\d[T ][\d:.,+Z-]+ (?:\S+ kernel: )?/,
  // printk's own, with the caller (CONFIG_PRINTK_CALLER), and those of dmesg --reltime and --ctime.
  /^\[\s*\+?\d+\.\d+\](?:\[\s*[TC]\d+\])?/,
  /^\[[A-Z][a-z]{2} ?\d{1,2} \d\d:\d\d\]/,
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\]/,
  // journalctl -o short-monotonic has host and `kernel:` behind the stamp.
  /^\s*\S+ kernel: /,
]
