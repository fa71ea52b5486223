import { execaSync } from 'execa'
import { formatPosition, type Position, UserError } from '../../../errors.ts'
import { matchesAny } from '../pattern.ts'
import type { Directive } from './directives.ts'
import { expand, type Tokens, tokensOf } from './tokens.ts'

/** `Host`: its patterns are held against the name as it was typed, and tell cases apart (ssh_config(5)). */
export const hostMatches = (patterns: readonly string[], host: string): boolean => matchesAny(patterns, host)

/** `Match`: all of its criteria hold. Throws UserError for one that is not known. */
export function matchMatches(
  directive: Directive,
  words: readonly string[],
  circumstances: Circumstances,
  isOuterActive: boolean,
): { readonly matches: boolean; readonly asksForFinal: boolean } {
  let [matches, asksForFinal] = [isOuterActive, false]
  for (const { name, negated, value } of criteriaOf(words, directive.at)) {
    asksForFinal ||= name === 'final'
    // A command is run only where all before it holds.
    matches = matches && criterionHolds(name, value, directive, circumstances) !== negated
  }
  return { matches, asksForFinal }
}

/** With HostName, as far as that is known. */
export const resolvedHost = (circumstances: Circumstances): string =>
  (tokensOf(circumstances).h ?? circumstances.alias).toLowerCase()

/** What is known of a host while the files are read. */
export interface Circumstances {
  /** As it was typed. */
  readonly alias: string
  /** What `Host` is held against. */
  readonly host: string
  readonly localUser: string
  /** The files are read a second time, for `Match final`. */
  readonly isFinal: boolean
  /** What was chosen so far. */
  said(keyword: string): string | undefined
  /** The commands of `Match exec` that were run, and whether they succeeded. */
  readonly ran: Map<string, boolean>
}

interface Criterion {
  readonly name: string
  readonly negated: boolean
  readonly value: string
}

const FLAGS = ['all', 'final', 'canonical']
const VALUED = ['host', 'originalhost', 'user', 'localuser', 'exec']

function criteriaOf(words: readonly string[], at: Position): readonly Criterion[] {
  const criteria: Criterion[] = []
  for (let index = 0; index < words.length; index++) {
    const [, bang, attribute = '', inline] = /^(!?)([^=]*)(?:=(.*))?$/s.exec(words[index] ?? '') ?? []
    const name = attribute.toLowerCase()
    const value = inline ?? (VALUED.includes(name) ? words[++index] : '')
    if (!VALUED.includes(name) && !FLAGS.includes(name)) throw unknown(attribute, at)
    if (value === undefined || (value === '' && VALUED.includes(name))) throw valueless(name, at)
    criteria.push({ name, negated: bang === '!', value })
  }
  return criteria
}

const unknown = (name: string, at: Position): UserError =>
  new UserError({
    where: formatPosition(at),
    why: `Match ${name} is not understood here`,
    hint: `known are ${[...FLAGS, ...VALUED].join(', ')}`,
  })

const valueless = (name: string, at: Position): UserError =>
  new UserError({ where: formatPosition(at), why: `there is no value behind Match ${name}` })

function criterionHolds(
  name: string,
  value: string,
  directive: Directive,
  circumstances: Circumstances,
): boolean {
  const { alias, localUser, isFinal, said } = circumstances
  const tokens = tokensOf({ alias, localUser, said })
  if (name === 'all') return true
  // Both hold in the second reading, whatever asked for it (readconf.c, match_cfg_line).
  if (name === 'final' || name === 'canonical') return isFinal
  if (name === 'exec') {
    refuseShellWords(tokens, directive.at)
    return succeeds(expand(value, directive, tokens), circumstances)
  }
  const subject = subjects[name]?.(tokens) ?? ''
  const patterns = value.split(',')
  // Host names have no cases, users have.
  return name.endsWith('host')
    ? matchesAny(
        patterns.map(pattern => pattern.toLowerCase()),
        subject.toLowerCase(),
      )
    : matchesAny(patterns, subject)
}

const subjects: Readonly<Record<string, (tokens: Tokens) => string | undefined>> = {
  host: tokens => tokens.h,
  originalhost: tokens => tokens.n,
  user: tokens => tokens.r,
  localuser: tokens => tokens.u,
}

/** Names are spliced into a shell's line: ssh.c of OpenSSH 9.6, valid_hostname() and valid_ruser(). Throws UserError. */
function refuseShellWords({ n: alias = '', h: host = '', r: user = '' }: Tokens, at: Position): void {
  const odd = [alias, host].find(name => /^-|['`"$\\;&<>|(){}\s\p{Cc}]/u.test(name))
  const oddUser = /^-|\s-|\\$|['`";&<>|(){}\p{Cc}]/u.test(user) ? user : undefined
  const name = odd ?? oddUser
  if (name === undefined) return
  throw new UserError({
    where: formatPosition(at),
    why: `Match exec is not run for ${JSON.stringify(name)}: a shell would find more in it than a name`,
    hint: 'mend ansible_host, ansible_user, or the name in the inventory',
  })
}

/** Milliseconds; ssh itself would wait for ever. */
const COMMAND_LIMIT = 10_000

/** Run by the user's shell, as ssh does; once for all hosts that it is the same for. */
function succeeds(command: string, { ran }: Circumstances): boolean {
  const known = ran.get(command)
  if (known !== undefined) return known
  const { exitCode } = execaSync(process.env.SHELL || '/bin/sh', ['-c', command], {
    stdio: 'ignore',
    reject: false,
    timeout: COMMAND_LIMIT,
    // One that does not heed SIGTERM would be waited for all the same.
    killSignal: 'SIGKILL',
  })
  ran.set(command, exitCode === 0)
  return exitCode === 0
}
