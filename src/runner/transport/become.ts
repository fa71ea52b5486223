import { UserError } from '../../errors.ts'
import type { Argv } from '../../host/change.ts'
import { type Dialogue, dialogueWith } from './become/dialogue.ts'
import { doas } from './become/doas.ts'
import type { Program } from './become/program.ts'
import { su } from './become/su.ts'
import { sudo } from './become/sudo.ts'
import type { Become, BecomeMethod } from './transport.ts'

export { advance, type Dialogue, type Heard, type Say } from './become/dialogue.ts'

const PROGRAMS: Readonly<Record<BecomeMethod, Program>> = { sudo, su, doas }

/** `nonce` is fresh for every call and without blanks: nothing printed by the machine can look like it by chance. */
export const startDialogue = (nonce: string, login: string, become: Become): Dialogue =>
  dialogueWith(PROGRAMS[become.method], nonce, login, become)

export const becomeArgv = (dialogue: Dialogue, { user, exe, flags = [] }: Become): Argv =>
  dialogue.program.argv(dialogue, { user, exe: exe ?? dialogue.program.name, flags })

/**
 * The login shell that will read this as a line may be dash, bash, fish or csh: plain words only, and one quoted
 * word in which none of them finds anything special.
 */
export const commandLine = (argv: Argv): string =>
  argv.map(word => (PLAIN_WORD.test(word) ? word : `'${word}'`)).join(' ')

const PLAIN_WORD = /^[A-Za-z0-9_@.=/-]+$/

/** Throws UserError for what must not travel: a user name that is no plain word, a password that is read in part. */
export function checkBecome(where: string, { user, password, exe }: Become): void {
  if (!USER_NAME.test(user)) {
    const why = `become_user: ${JSON.stringify(user)} is not a user name`
    throw new UserError({ kind: 'failed', where, why, hint: 'write it as the machine has it in /etc/passwd' })
  }
  if (exe !== undefined && !isProgram(exe)) {
    const why = `become_exe: ${JSON.stringify(exe)} is not the name or the path of a program`
    throw new UserError({ kind: 'failed', where, why, hint: 'options belong into become_flags' })
  }
  if (password !== undefined && !isReadAsOneLine(password)) {
    const why = 'the become password has a line break or NUL, or more than 255 bytes'
    const hint = 'sudo and su read one line of at most 255 bytes'
    throw new UserError({ kind: 'failed', where, why, hint })
  }
}

const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/

export const isProgram = (exe: string): boolean => /^[A-Za-z0-9_./][A-Za-z0-9_@./-]*$/.test(exe)

// sudo's getln() (src/tgetpass.c) stops at \n, at \r and when its buffer is full (SUDO_CONV_REPL_MAX: 255 in old
// releases, 1023 now; sudo-rs 511); PAM's misc_conv at \n and after 511. The rest would stay on stdin, where the
// script's shell would run it.
const isReadAsOneLine = (password: string): boolean =>
  !/[\r\n\0]/.test(password) && Buffer.byteLength(password) <= 255
