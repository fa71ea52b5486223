import { formatPosition, UserError } from '../../../errors.ts'
import { readArguments } from './arguments.ts'
import { type Directive, readDirective, splitWords } from './directives.ts'
import { useOpenssh } from './keywords.ts'
import { expandTokens, type Tokens } from './tokens.ts'

/** Whom ProxyJump, or a ProxyCommand that is but `ssh -W`, goes through. Throws UserError for other commands. */
export function jumpsOf(directive: Directive | undefined, host: string, tokens: Tokens): readonly Jump[] {
  if (directive === undefined || directive.words?.[0]?.toLowerCase() === 'none') return []
  if (directive.keyword === 'proxycommand') return overSsh(directive, host, tokens)
  const text = expandTokens((directive.words ?? []).join(' '), directive, tokens)
  return text.split(',').map(hop => parseHop(hop, directive))
}

/** A machine on the way, as it is named to ssh. */
export interface Jump {
  readonly host: string
  /** What is said of it beside its name, before ssh_config is asked. */
  readonly commandLine: readonly Directive[]
  /** Where it is named. */
  readonly directive: Directive
}

/** [user@]host[:port], also as a URI: ssh(1), -J. */
function parseHop(text: string, directive: Directive): Jump {
  const { groups } =
    /^(?:ssh:\/\/)?(?:(?<user>.+)@)?(?<host>\[[^\]]+\]|[^\s@/]+?)(?::(?<port>\d+))?\/?$/.exec(text) ?? {}
  const { user, host, port } = groups ?? {}
  if (host === undefined)
    throw new UserError({
      where: formatPosition(directive.at),
      why: `"${text}" is no host to jump through`,
      hint: 'write [user@]host[:port], several with commas between them',
    })
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    commandLine: [...said('User', user, directive), ...said('Port', port, directive)],
    directive,
  }
}

const said = (keyword: string, value: string | undefined, { at }: Directive): readonly Directive[] =>
  value === undefined ? [] : [readDirective(`${keyword} "${value}"`, at)].filter(one => one !== undefined)

/** `ssh -W %h:%p bastion` is a jump by its older name. */
function overSsh(directive: Directive, host: string, tokens: Tokens): readonly Jump[] {
  const refusal = new UserError({
    where: formatPosition(directive.at),
    why: `${host}: ProxyCommand ${directive.rest} cannot be run by the connection ssh`,
    hint: `${useOpenssh(host)}; or write ProxyJump`,
  })
  const words = splitWords(directive.rest)
  const [program = '', ...rest] = words?.[0] === 'exec' ? words.slice(1) : (words ?? [])
  if (!/^(?:.*\/)?ssh$/.test(program)) throw refusal
  const { directives, operands, forward, configFile } = readArguments(rest, {
    at: directive.at,
    host,
  })
  const [bastion] = operands
  if (bastion === undefined || operands.length > 1 || configFile !== undefined) throw refusal
  if (forward === undefined || !['%h:%p', '[%h]:%p'].includes(forward)) throw refusal
  const through = directives.find(({ keyword }) => keyword === 'proxyjump')
  const own = directives.filter(one => one !== through)
  const hop = parseHop(expandTokens(bastion, directive, tokens), directive)
  return [...jumpsOf(through, host, tokens), { ...hop, commandLine: [...hop.commandLine, ...own] }]
}
