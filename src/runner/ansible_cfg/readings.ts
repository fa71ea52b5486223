import { dirname, join, resolve } from 'node:path'
import { formatPosition, type Position, UserError } from '../../errors.ts'

/** Where a program runs: what paths and variables are relative to. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
}

/** A setting as it is written, and where: a place in a file, or a variable's name. */
export interface Written {
  readonly text: string
  readonly what: string
  readonly at: Position | string
}

/** Throws UserError at the setting. */
export type Read<T> = (written: Written, surroundings: Surroundings) => T

export const asText: Read<string> = ({ text }) => unquoted(text)

export const asWords: Read<readonly string[]> = ({ text }) =>
  text
    .split(',')
    .map(word => unquoted(word.trim()))
    .filter(word => word !== '')

/** A path in a file is relative to that file's folder, in a variable to the working directory. */
export const asPath: Read<string> = ({ text, at }, surroundings) =>
  expandPath(unquoted(text), typeof at === 'string' ? surroundings.cwd : dirname(at.file), surroundings)

export const asPaths: Read<readonly string[]> = (written, surroundings) =>
  asWords(written, surroundings).map(text => asPath({ ...written, text }, surroundings))

export const asSwitch: Read<boolean> = written => {
  const text = unquoted(written.text).toLowerCase()
  if (TRUE.includes(text)) return true
  if (FALSE.includes(text)) return false
  throw wrong(written, 'must be true or false')
}

// ansible/ansible, lib/ansible/module_utils/parsing/convert_bool.py
const TRUE = ['y', 'yes', 'on', '1', 'true', 't']
const FALSE = ['n', 'no', 'off', '0', 'false', 'f']

export const asCount: Read<number> = written => {
  const text = unquoted(written.text)
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text)
  throw wrong(written, 'must be a whole number from 1')
}

export const oneOf =
  <T>(read: (text: string) => { value: T } | { why: string; hint: string | undefined }): Read<T> =>
  written => {
    const reading = read(unquoted(written.text))
    if ('value' in reading) return reading.value
    throw wrong(written, reading.why, reading.hint)
  }

export const placeOf = (at: Position | string): string => (typeof at === 'string' ? at : formatPosition(at))

/** ~, $NAME and Ansible's own {{CWD}} (lib/ansible/config/manager.py, resolve_path). */
export function expandPath(path: string, folder: string, { env, cwd, home }: Surroundings): string {
  const whole = path
    .replaceAll('{{CWD}}', cwd)
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced, bare) => env[braced ?? bare] ?? all)
  if (whole === '~' || whole.startsWith('~/')) return join(home, whole.slice(1))
  return resolve(folder, whole)
}

function wrong({ at, what, text }: Written, why: string, hint?: string): UserError {
  const told = why.includes(text) ? why : `${why}, not ${JSON.stringify(text)}`
  return new UserError({ where: placeOf(at), why: typeof at === 'string' ? told : `${what} ${told}`, hint })
}

function unquoted(text: string): string {
  const [, , inner] = /^(["'])(.*)\1$/s.exec(text) ?? []
  return inner ?? text
}
