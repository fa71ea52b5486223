import { readFileSync, statSync } from 'node:fs'
import { execa } from 'execa'
import { UserError } from '../errors.ts'

/**
 * The password in a file; of an executable one, what it prints. Blanks and line ends around it are no part of it
 * (ansible/ansible, lib/ansible/cli/__init__.py, get_password_from_file). `-`: stdin. Throws UserError, without a word
 * of the content.
 */
export async function readPasswordFile(option: string, path: string): Promise<string> {
  const text =
    path === '-' ? readStdin(option) : isProgram(path) ? await run(option, path) : read(option, path)
  const password = text.trim()
  if (password === '') throw mistake(option, `${named(path)} holds no password`)
  return password
}

const named = (path: string): string => (path === '-' ? 'stdin' : path)

function isProgram(path: string): boolean {
  try {
    const stat = statSync(path)
    return stat.isFile() && (stat.mode & 0o111) !== 0
  } catch {
    return false
  }
}

function readStdin(option: string): string {
  if (process.stdin.isTTY) throw mistake(option, 'stdin is a terminal', 'to be asked for it pass -K')
  return read(option, '/dev/stdin')
}

function read(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw mistake(option, `${path}: ${READ_ERRORS[code] ?? `cannot be read (${code})`}`)
  }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'is a directory',
  EACCES: 'you may not read it',
}

/** It may ask at the terminal. */
async function run(option: string, path: string): Promise<string> {
  const { exitCode, stdout, originalMessage } = await execa(path, {
    reject: false,
    stdin: 'inherit',
    stderr: 'inherit',
  })
  if (exitCode === 0) return stdout
  throw mistake(
    option,
    `${path} ${exitCode === undefined ? `does not run: ${originalMessage}` : `ended with ${exitCode}`}`,
  )
}

const mistake = (where: string, why: string, hint?: string): UserError => new UserError({ where, why, hint })
