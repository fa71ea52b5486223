import type { Become } from '../transport.ts'
import { type Program, type Refusal, WRONG_PASSWORD } from './program.ts'

/**
 * The dialogue with a program that changes users, before a shell of the other user listens, as a pure state machine:
 * what was heard goes in, what to say comes out. The password is said only as an answer to a question for it, so
 * that it can never become the first line of the script when the program does not ask.
 */
export function advance(dialogue: Dialogue, heard: Heard): readonly [Dialogue, Say] {
  if ('stdout' in heard) return listen({ ...dialogue, stdout: dialogue.stdout + latin1(heard.stdout) })
  if ('stderr' in heard) return listen({ ...dialogue, stderr: dialogue.stderr + latin1(heard.stderr) })
  if ('exitCode' in heard) return [dialogue, giveUp(refusal(dialogue, heard.exitCode))]
  return [dialogue, giveUp(silence(dialogue, heard.silentFor))]
}

export interface Dialogue {
  readonly program: Program
  /** Who runs it, and who is to be become. */
  readonly login: string
  readonly user: string
  readonly hasPassword: boolean
  readonly answered: boolean
  /** Our own question, where the program takes one. */
  readonly prompt: string
  readonly marker: string
  /** What was heard after the last question, one character per byte. */
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
  | ({ readonly kind: 'give up' } & Refusal)

export const dialogueWith = (
  program: Program,
  nonce: string,
  login: string,
  { user, password }: Become,
): Dialogue => ({
  program,
  login,
  user,
  hasPassword: password !== undefined,
  answered: false,
  prompt: `vfio-run-asks-${nonce}`,
  marker: `vfio-run-listens-${nonce}`,
  stdout: '',
  stderr: '',
})

const latin1 = (piece: Buffer): string => piece.toString('latin1')

const giveUp = (problem: Refusal): Say => ({ kind: 'give up', ...problem })

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
  const { program } = dialogue
  const [stdout, stderr] = [dialogue.stdout, dialogue.stderr].map(text => program.afterPrompt(dialogue, text))
  if (stdout === undefined && stderr === undefined) return [dialogue, { kind: 'nothing' }]
  const asked = { ...dialogue, stdout: stdout ?? dialogue.stdout, stderr: stderr ?? dialogue.stderr }
  if (dialogue.answered) return [asked, giveUp(knownRefusal(dialogue) ?? program.wrongPassword(dialogue))]
  if (!dialogue.hasPassword) return [asked, giveUp(program.noPassword)]
  return [{ ...asked, answered: true }, { kind: 'password' }]
}

function silence({ program, stderr, stdout }: Dialogue, seconds: number): Refusal {
  const [question] = [stderr, stdout].flatMap(text => /[^\n]*\S[^\n]*$/.exec(text) ?? [])
  const asks = question ? `: its last words were ${JSON.stringify(decode(question).trim())}` : ''
  return {
    why: `${program.name} neither asked for a password nor started a shell within ${seconds} s${asks}`,
    hint: `log in and run: ${program.trial}`,
  }
}

/** It ended before the marker: its own words say why. */
const refusal = (dialogue: Dialogue, exitCode: number | undefined): Refusal =>
  knownRefusal(dialogue) ?? {
    why: ownLines(dialogue).at(-1) ?? `${dialogue.program.name} ended with ${exitCode ?? 'a signal'}`,
    hint: undefined,
  }

function knownRefusal(dialogue: Dialogue): Refusal | undefined {
  const { refusals, wrongPassword } = dialogue.program
  const [known] = ownLines(dialogue).flatMap(line =>
    refusals.filter(({ says }) => says.test(line)).map(({ hint }) => ({ line, hint })),
  )
  if (known === undefined) return undefined
  return known.hint === WRONG_PASSWORD || typeof known.hint !== 'string'
    ? wrongPassword(dialogue)
    : { why: known.line.trim(), hint: known.hint }
}

const ownLines = ({ stderr, marker }: Dialogue): readonly string[] =>
  decode(stderr)
    .replaceAll(new RegExp(`echo ${marker};.*?exec sh -s`, 'g'), '…')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')

const decode = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')
