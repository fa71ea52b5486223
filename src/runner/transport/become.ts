import { UserError } from '../../errors.ts'
import type { Argv } from '../../host/change.ts'

/**
 * The dialogue with sudo before a shell of another user listens, as a pure state machine: what was heard goes
 * in, what to say comes out. The password is said only as an answer to our own prompt, so that it can never
 * become the first line of the script when sudo does not ask.
 */
export function advance(dialogue: Dialogue, heard: Heard): readonly [Dialogue, Say] {
  if ('stdout' in heard) return listen({ ...dialogue, stdout: dialogue.stdout + latin1(heard.stdout) })
  if ('stderr' in heard) return listen({ ...dialogue, stderr: dialogue.stderr + latin1(heard.stderr) })
  if ('exitCode' in heard) return [dialogue, giveUp(refusal(dialogue, heard.exitCode))]
  return [dialogue, giveUp(silence(heard.silentFor))]
}

export interface Dialogue {
  /** Who runs sudo, and whose password it asks for. */
  readonly login: string
  readonly hasPassword: boolean
  readonly answered: boolean
  readonly prompt: string
  readonly marker: string
  /** What was heard after the last prompt, one character per byte. */
  readonly stdout: string
  readonly stderr: string
}

export type Heard =
  | { readonly stdout: Buffer }
  | { readonly stderr: Buffer }
  | { readonly exitCode: number | undefined }
  /** Seconds. */
  | { readonly silentFor: number }

export type Say =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'password' }
  /** The shell listens; `rest` is what it printed behind the marker. */
  | { readonly kind: 'script'; readonly rest: Buffer }
  | { readonly kind: 'give up'; readonly why: string; readonly hint: string | undefined }

/** `nonce` is fresh for every call and without blanks: nothing printed by the machine can look like it by chance. */
export const startDialogue = (nonce: string, login: string, hasPassword: boolean): Dialogue => ({
  login,
  hasPassword,
  answered: false,
  prompt: `vfio-run-asks-${nonce}`,
  marker: `vfio-run-listens-${nonce}`,
  stdout: '',
  stderr: '',
})

/**
 * -S: read the password from stdin, there is no terminal. The login shell that will read this as a line may be
 * dash, bash, fish or csh: plain words only, and one quoted word in which none of them finds anything special.
 */
export const sudoArgv = ({ prompt, marker }: Dialogue, user: string): Argv => [
  'sudo',
  '-S',
  '-p',
  prompt,
  '-u',
  user,
  'sh',
  '-c',
  `echo ${marker};exec sh -s`,
]

export const commandLine = (argv: Argv): string =>
  argv.map(word => (PLAIN_WORD.test(word) ? word : `'${word}'`)).join(' ')

const PLAIN_WORD = /^[A-Za-z0-9_@.-]+$/

/** Throws UserError for what must not travel: a user name that is no plain word, a password sudo would read in part. */
export function checkBecome(where: string, user: string, password: string | undefined): void {
  if (!USER_NAME.test(user)) {
    const why = `become_user: ${JSON.stringify(user)} is not a user name`
    throw new UserError({ kind: 'failed', where, why, hint: 'write it as the machine has it in /etc/passwd' })
  }
  if (password !== undefined && !isReadAsOneLine(password)) {
    const why = 'the become password has a line break or NUL, or more than 255 bytes'
    throw new UserError({ kind: 'failed', where, why, hint: 'sudo reads one line of at most 255 bytes' })
  }
}

const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/

// sudo's getln() (src/tgetpass.c) stops at \n, at \r and when its buffer is full (SUDO_CONV_REPL_MAX: 255 in old
// releases, 1023 now; sudo-rs 511). The rest would stay on stdin, where the script's shell would run it.
const isReadAsOneLine = (password: string): boolean =>
  !/[\r\n\0]/.test(password) && Buffer.byteLength(password) <= 255

const latin1 = (piece: Buffer): string => piece.toString('latin1')

const giveUp = (problem: { why: string; hint: string | undefined }): Say => ({ kind: 'give up', ...problem })

function listen(dialogue: Dialogue): readonly [Dialogue, Say] {
  // Only a whole line of stdout is the marker: sudo's refusals name the command, marker and all.
  const [before, ...behind] = dialogue.stdout.split(`${dialogue.marker}\n`)
  if (behind.length > 0) {
    const rest = Buffer.from(behind.join(`${dialogue.marker}\n`), 'latin1')
    return [
      { ...dialogue, stdout: before ?? '' },
      { kind: 'script', rest },
    ]
  }
  const [stdout, stderr] = [dialogue.stdout, dialogue.stderr].map(text => afterPrompt(dialogue, text))
  if (stdout === undefined && stderr === undefined) return [dialogue, { kind: 'nothing' }]
  const asked = { ...dialogue, stdout: stdout ?? dialogue.stdout, stderr: stderr ?? dialogue.stderr }
  if (dialogue.answered) return [asked, giveUp(wrongPassword(dialogue))]
  if (!dialogue.hasPassword) return [asked, giveUp(NO_PASSWORD)]
  return [{ ...asked, answered: true }, { kind: 'password' }]
}

/** What follows the first prompt; undefined where there is none. */
function afterPrompt({ prompt }: Dialogue, text: string): string | undefined {
  // fish quotes the line it cannot run, `set -x` in a profile every line: there the prompt's next word follows.
  const echoed = `${prompt} -u `
  const at = text.replaceAll(echoed, ' '.repeat(echoed.length)).indexOf(prompt)
  return at === -1 ? undefined : text.slice(at + prompt.length)
}

const NO_PASSWORD = {
  why: 'sudo asks for a password',
  hint: 'pass -K to be asked for it, or set ansible_become_password',
}

const wrongPassword = ({ login }: Dialogue) => ({
  why: `sudo: wrong password for ${login}`,
  hint: 'run again with -K, or mend ansible_become_password',
})

const silence = (seconds: number) => ({
  why: `sudo neither asked nor started a shell within ${seconds} s`,
  hint: 'log in and run: sudo -S true',
})

/** sudo ended before the marker: its own words say why. */
function refusal(
  dialogue: Dialogue,
  exitCode: number | undefined,
): { why: string; hint: string | undefined } {
  const lines = ownWords(dialogue)
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
  const known = lines.flatMap(line =>
    REFUSALS.filter(({ says }) => says.test(line)).map(row => ({ line, row })),
  )[0]
  if (known === undefined)
    return { why: lines.at(-1) ?? `sudo ended with ${exitCode ?? 'a signal'}`, hint: undefined }
  return known.row.hint === undefined
    ? wrongPassword(dialogue)
    : { why: known.line.trim(), hint: known.row.hint }
}

const ownWords = ({ stderr, marker }: Dialogue): string =>
  Buffer.from(stderr, 'latin1').toString('utf8').replaceAll(`echo ${marker};exec sh -s`, '…')

/** No hint of its own: the password was wrong, and sudoers allows one try only. */
const REFUSALS: readonly { readonly says: RegExp; readonly hint: string | undefined }[] = [
  { says: /incorrect password attempt/, hint: undefined },
  {
    says: /is not in the sudoers file|is not allowed to|may not run sudo/,
    hint: 'give the user the right with visudo, or connect as one who has it',
  },
  {
    says: /command not found|not found$|Unknown command/i,
    hint: 'install sudo on the machine, or connect as root (ansible_user: root)',
  },
  { says: /must have a tty/, hint: 'take "Defaults requiretty" out of sudoers for this user' },
  { says: /unknown user|invalid user/, hint: 'mend become_user' },
]
