import { formatPosition, type Position, UserError } from '../../../errors.ts'
import { type Directive, readDirective } from './directives.ts'
import { isHeeded, useOpenssh } from './keywords.ts'

/**
 * Arguments of ssh(1), as people have them in ansible_ssh_common_args, in words of ssh_config. Throws UserError for
 * one that means something which cannot be done here, unless the system's ssh will see it.
 */
export function readArguments(
  words: readonly string[],
  { at, host, forOpenssh = false }: { at: Position; host: string; forOpenssh?: boolean },
): SshArguments {
  const directives: Directive[] = []
  const operands: string[] = []
  let [forward, configFile]: [string | undefined, string | undefined] = [undefined, undefined]
  const waiting = [...words]
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    if (!/^-./.test(word)) {
      operands.push(word)
      continue
    }
    const letter = word[1] ?? ''
    const refusal = () => refuse(`-${letter}`, at, host)
    if (FLAGS.includes(letter)) {
      if (FAMILIES[letter]) directives.push(...directive(`AddressFamily ${FAMILIES[letter]}`, at))
      // Flags may stand together: -qT.
      if (word.length > 2) waiting.unshift(`-${word.slice(2)}`)
      continue
    }
    const value = word.length > 2 ? word.slice(2) : waiting.shift()
    if (value === undefined) {
      if (forOpenssh) break
      throw refusal()
    }
    if (letter === 'W') forward = value
    else if (letter === 'F') configFile = value
    else if (letter === 'o') directives.push(...option(value, at, host, forOpenssh))
    else if (KEYWORDS[letter]) directives.push(...directive(`${KEYWORDS[letter]} ${value}`, at))
    else if (!forOpenssh && !MEANINGLESS.includes(letter)) throw refusal()
  }
  return { directives, operands, forward, configFile }
}

export interface SshArguments {
  readonly directives: readonly Directive[]
  readonly operands: readonly string[]
  /** -W */
  readonly forward: string | undefined
  /** -F */
  readonly configFile: string | undefined
}

const FAMILIES: Readonly<Record<string, string>> = { '4': 'inet', '6': 'inet6' }

/** Nothing of what they ask for is needed, or it is done anyhow. */
const FLAGS = '46AaCkMNnqTtvXxYy'

/** With a value, and the same. */
const MEANINGLESS = 'eES'

const KEYWORDS: Readonly<Record<string, string>> = {
  b: 'BindAddress',
  i: 'IdentityFile',
  J: 'ProxyJump',
  l: 'User',
  p: 'Port',
}

/** Of -o: the rest of ssh_config(5) asks for something. */
const MEANINGLESS_OPTIONS = new Set([
  'addkeystoagent',
  'batchmode',
  'checkhostip',
  'compression',
  'connectionattempts',
  'controlmaster',
  'controlpath',
  'controlpersist',
  'escapechar',
  'forwardagent',
  'forwardx11',
  'forwardx11trusted',
  'ipqos',
  'kbdinteractiveauthentication',
  'challengeresponseauthentication',
  'loglevel',
  'numberofpasswordprompts',
  'passwordauthentication',
  'preferredauthentications',
  'requesttty',
  'sendenv',
  'tcpkeepalive',
  'updatehostkeys',
  'visualhostkey',
])

function option(text: string, at: Position, host: string, forOpenssh: boolean): readonly Directive[] {
  const [one] = directive(text, at)
  if (one === undefined && forOpenssh) return []
  if (one === undefined) throw refuse(`-o ${text}`, at, host)
  if (isHeeded(one.keyword)) return [one]
  const asksForNothing = MEANINGLESS_OPTIONS.has(one.keyword) || /^(no|none)$/i.test(one.rest)
  if (asksForNothing || forOpenssh) return []
  throw refuse(`-o ${text}`, at, host)
}

const directive = (text: string, at: Position): readonly Directive[] =>
  [readDirective(text, at)].filter(one => one !== undefined)

const refuse = (argument: string, at: Position, host: string): UserError =>
  new UserError({
    where: formatPosition(at),
    why: `${host}: the ssh argument ${argument} is not understood by the connection ssh`,
    hint: useOpenssh(host),
  })
