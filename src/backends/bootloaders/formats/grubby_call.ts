import type { Argv } from '../../../host/change.ts'
import { splitArgs } from '../../../host/kernel_args.ts'

/** What changes on a line of options, as grubby takes it. */
export interface GrubbyCall {
  readonly remove: readonly string[]
  readonly add: readonly string[]
}

/**
 * The call that makes `after` of `before`, where there is one. grubby takes a line apart at blanks, puts it together
 * again with one each, lets the shell and sed read it on the way (so quotes, `*`, `&` and backslashes do not survive),
 * and an argument that it adds takes the place of all of that name (grubby-bls, update_args() and set_bls_value()).
 */
export function grubbyCall(before: string, after: string): GrubbyCall | undefined {
  const [old, wanted] = [splitArgs(before), splitArgs(after)]
  if (![...old, ...wanted].every(isPlain)) return undefined
  const call = { remove: without(old, wanted), add: without(wanted, old) }
  if (![...call.remove, ...call.add].every(isPattern)) return undefined
  return updated(before, call) === after ? call : undefined
}

/** `--update-kernel=ALL` would also flatten /etc/default/grub, write /etc/kernel/cmdline, and change the rescue entry. */
export const grubbyArgv = (kernel: string, { remove, add }: GrubbyCall): Argv => [
  'grubby',
  `--update-kernel=${kernel}`,
  ...(remove.length > 0 ? [`--remove-args=${remove.join(' ')}`] : []),
  ...(add.length > 0 ? [`--args=${add.join(' ')}`] : []),
]

/** `$` only begins a variable that GRUB knows. */
const isPlain = (token: string): boolean => /^[\w.,:=@%+~/-]+$|^\$\w+$/.test(token) && !token.startsWith('-')

/** It becomes part of a pattern as it is; there only a dot means something else than itself. */
const isPattern = (token: string): boolean => !/[$+]/.test(token)

/** Tokens of `from` that `of` lacks, each as often as it lacks it. */
export function without(from: readonly string[], of: readonly string[]): string[] {
  const left = [...of]
  return from.filter(token => {
    const at = left.indexOf(token)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** What the program makes of a line; in its patterns a dot stands for any character. */
function updated(line: string, { remove, add }: GrubbyCall): string {
  const removed = remove.reduce((text, token) => {
    return token.includes('=')
      ? text.replace(new RegExp(`(^|\\s)${token}(\\s|$)`), ' ')
      : withoutKey(text, token)
  }, joined(line))
  const replaced = add.reduce((text, token) => withoutKey(text, token.split('=', 1)[0] ?? ''), removed)
  return joined([replaced, ...add].join(' '))
}

const withoutKey = (line: string, key: string): string =>
  joined(joined(line).replaceAll(new RegExp(`(^|\\s)${key}((\\s|$)|(=[^ ]*(\\$*)))`, 'g'), ' '))

const joined = (line: string): string => line.split(/\s+/).filter(Boolean).join(' ')
