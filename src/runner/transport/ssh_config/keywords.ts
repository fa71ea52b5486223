import { formatPosition, UserError } from '../../../errors.ts'
import type { Chosen } from './chosen.ts'

/** The others do not matter here, or are new to us: ssh_config is shared with other programs. */
export const isHeeded = (keyword: string): boolean => HEEDED.has(keyword) || keyword in MATTERS

/** The way out of all that ssh2 cannot do. */
export const useOpenssh = (host: string): string =>
  `set ansible_connection: openssh for ${host}: the system's ssh does it`

const HEEDED = new Set([
  'addressfamily',
  'bindaddress',
  'connecttimeout',
  'globalknownhostsfile',
  'hashknownhosts',
  'hostkeyalias',
  'hostname',
  'identitiesonly',
  'identityagent',
  'identityfile',
  'port',
  'proxycommand',
  'proxyjump',
  'serveralivecountmax',
  'serveraliveinterval',
  'stricthostkeychecking',
  'user',
  'userknownhostsfile',
])

/** What would be another login or another host if it were passed over; `unless` are the values that ask for nothing. */
const MATTERS: Readonly<Record<string, { readonly unless: readonly string[] }>> = {
  bindinterface: { unless: [] },
  canonicalizehostname: { unless: ['no'] },
  certificatefile: { unless: ['none'] },
  knownhostscommand: { unless: ['none'] },
  pkcs11provider: { unless: ['none'] },
  pubkeyauthentication: { unless: ['yes', 'true', 'unbound', 'host-bound'] },
  revokedhostkeys: { unless: ['none'] },
}

export function refuseWhatMatters(chosen: Chosen, host: string): void {
  for (const [keyword, { unless }] of Object.entries(MATTERS)) {
    const directive = chosen.get(keyword)
    const value = directive?.words?.[0]
    if (directive === undefined || value === undefined || unless.includes(value.toLowerCase())) continue
    throw new UserError({
      where: formatPosition(directive.at),
      why: `${host}: ${keyword} ${value} cannot be done by the connection ssh`,
      hint: useOpenssh(host),
    })
  }
}
