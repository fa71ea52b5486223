import { z } from 'zod'
import { flag, text } from '../../../modules/ansible_types.ts'

/** What `command` and `shell` share. */
export const COMMON = {
  chdir: text.optional().describe('the folder to run it in'),
  creates: text.optional().describe('not run where this path exists; it may hold *, ? and [ ]'),
  removes: text.optional().describe('not run where this path does not exist'),
  stdin: text.optional().describe('what the program reads'),
  stdin_add_newline: flag.prefault(true).describe('end `stdin` with a newline'),
  strip_empty_ends: flag.prefault(true).describe('take newlines off the ends of stdout and stderr'),
} as const

export type Common = z.output<ReturnType<typeof commonObject>>
const commonObject = () => z.strictObject(COMMON)

/** lib/ansible/parsing/splitter.py, parse_kv. */
export const FREE_FORM_OPTIONS = [
  'chdir',
  'creates',
  'removes',
  'stdin',
  'stdin_add_newline',
  'strip_empty_ends',
] as const

/** The kernel ends every argument and path at a NUL (execve(2)). */
export function refuseNul(args: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void {
  for (const [name, value] of Object.entries(args)) {
    const holdsNul = [value].flat().some(one => typeof one === 'string' && one.includes('\0'))
    if (holdsNul && name !== 'stdin')
      context.addIssue({ code: 'custom', message: 'holds a NUL character', path: [name], input: value })
  }
}
