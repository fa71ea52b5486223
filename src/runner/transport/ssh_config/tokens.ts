import { createHash } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { formatPosition, UserError } from '../../../errors.ts'
import type { Directive } from './directives.ts'

/** `~`, `${NAME}` and `%x` of a value (ssh_config(5), TOKENS). Throws UserError for a token that is not known. */
export function expand(value: string, directive: Directive, tokens: Tokens): string {
  const withHome = value.replace(/^~(?=\/|$)/, homedir())
  return expandTokens(
    withHome.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => variable(name, directive)),
    directive,
    tokens,
  )
}

export type Tokens = Readonly<Partial<Record<string, string>>>

export function expandTokens(value: string, { keyword, at }: Directive, tokens: Tokens): string {
  return value.replaceAll(/%(.?)/gs, (_, letter: string) => {
    const known = letter === '%' ? '%' : tokens[letter]
    if (known !== undefined) return known
    throw new UserError({
      where: formatPosition(at),
      why: `${keyword} cannot have %${letter}`,
      hint: 'a percent sign is written %%',
    })
  })
}

/** What the tokens stand for, out of what is chosen so far. */
export function tokensOf({
  alias,
  localUser,
  said,
}: {
  readonly alias: string
  readonly localUser: string
  said(keyword: string): string | undefined
}): Tokens {
  const host = (said('hostname') ?? alias).replaceAll(/%[%h]/g, token => (token === '%%' ? '%' : alias))
  const [port, user] = [said('port') ?? '22', said('user') ?? localUser]
  const jump = said('proxyjump') ?? ''
  const own = hostname()
  return {
    C: createHash('sha1').update(`${own}${host}${port}${user}${jump}`).digest('hex'),
    d: homedir(),
    h: host,
    i: String(process.getuid?.() ?? ''),
    k: said('hostkeyalias') ?? alias,
    L: own.split('.')[0] ?? own,
    l: own,
    n: alias,
    p: port,
    r: user,
    u: localUser,
  }
}

function variable(name: string, { keyword, at }: Directive): string {
  const value = process.env[name]
  if (value !== undefined) return value
  throw new UserError({ where: formatPosition(at), why: `${keyword}: the environment has no ${name}` })
}
