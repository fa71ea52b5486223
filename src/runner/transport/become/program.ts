import type { Argv } from '../../../host/change.ts'
import type { Dialogue } from './dialogue.ts'

/** A program that changes users: how it is called, how it asks, and what its refusals mean. */
export interface Program {
  readonly name: string
  /** Plain words, and one that may be quoted: see commandLine. */
  argv(dialogue: Dialogue, call: Call): Argv
  /** What follows its question for a password in `heard`; undefined where it did not ask. */
  afterPrompt(dialogue: Dialogue, heard: string): string | undefined
  /** What is sent ahead of the script. */
  readonly before: string
  /** How to look into it by hand. */
  readonly trial: string
  readonly noPassword: Refusal
  wrongPassword(dialogue: Dialogue): Refusal
  /** Lines of its own, the telling ones first. */
  readonly refusals: readonly RefusalLine[]
}

export interface Call {
  readonly user: string
  /** A name or a path. */
  readonly exe: string
  readonly flags: readonly string[]
}

export interface Refusal {
  readonly why: string
  readonly hint: string | undefined
}

/** `wrong password` in place of a hint: the line says no more than that. */
export interface RefusalLine {
  readonly says: RegExp
  readonly hint: string | { readonly is: 'wrong password' }
}

export const WRONG_PASSWORD = { is: 'wrong password' } as const
export const NO_SUCH_USER = 'mend become_user'

/** Of a shell that does not find it, in the words of dash, bash, BusyBox, csh, fish, zsh and env. */
export const NOT_INSTALLED = /command not found|not found$|Unknown command|No such file or directory$/i
