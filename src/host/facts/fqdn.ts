import { type Known, observed, unknown } from '../known.ts'
import { defineFact, linesOf } from './fact.ts'

/**
 * The host's name with its domain, as Python's socket.getfqdn() finds it: the first name with a dot of the address that
 * the host's own name leads to. It may have to ask the network, so it is bounded.
 */
export const fqdn = defineFact({
  commands: {
    name: `read -r n <"$root/proc/sys/kernel/hostname"; echo "name $n"
a=$(timeout 3 getent ahosts "$n"); echo "status $?"
[ -n "$a" ] && { timeout 3 getent hosts "\${a%% *}"; echo "status $?"; }`,
  },
  parse({ name }): Known<string> {
    const lines = linesOf(name)
    const own =
      lines
        .find(line => line.startsWith('name '))
        ?.slice('name '.length)
        .trim() ?? ''
    const statuses = lines
      .filter(line => line.startsWith('status '))
      .map(line => line.slice('status '.length))
    if (statuses.length === 0) return unknown('the look did not ask for it')
    // getent(1): 2 is a name that nothing knows.
    if (statuses.some(status => status !== '0' && status !== '2'))
      return unknown('its name could not be looked up: getent(1) is missing, or nothing has answered')
    const [, canonical, ...aliases] =
      lines
        .find(line => !/^(?:name|status) /.test(line))
        ?.trim()
        .split(/\s+/) ?? []
    if (canonical === undefined) return observed(own)
    return observed([canonical, ...aliases].find(each => each.includes('.')) ?? canonical)
  },
})
