import { didYouMean } from '../../../nearest.ts'
import { Problem } from '../problem.ts'
import { type Dict, dictOf, type Item } from '../values.ts'

/** As Python's urllib.parse.urlsplit: all parts, or the one that is asked for. */
export function splitUrl(url: string, part: string): Item {
  const parts = partsOf(url)
  if (part === '') return parts
  const found = Object.hasOwn(parts, part) ? parts[part] : undefined
  if (found === undefined)
    throw new Problem(`a URL has no part "${part}"`, didYouMean(part, Object.keys(parts)))
  return found
}

function partsOf(url: string): Dict {
  const {
    scheme = '',
    netloc = '',
    path = '',
    query = '',
    fragment = '',
  } = /^(?:(?<scheme>[A-Za-z][\w+.-]*):)?(?:\/\/(?<netloc>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<fragment>[\s\S]*))?$/.exec(
    url,
  )?.groups ?? {}
  const at = netloc.lastIndexOf('@')
  const [user, password] = at < 0 ? [] : splitOnce(netloc.slice(0, at))
  const { host = '', port } =
    /^(?:\[(?<host>[^\]]*)\]|(?<host>[^:]*))(?::(?<port>.*))?$/.exec(netloc.slice(at + 1))?.groups ?? {}
  return dictOf([
    ['fragment', fragment],
    ['hostname', host === '' ? null : host.toLowerCase()],
    ['netloc', netloc],
    ['password', password ?? null],
    ['path', path],
    ['port', portOf(port)],
    ['query', query],
    ['scheme', scheme.toLowerCase()],
    ['username', user ?? null],
  ])
}

function splitOnce(login: string): readonly (string | undefined)[] {
  const colon = login.indexOf(':')
  return colon < 0 ? [login] : [login.slice(0, colon), login.slice(colon + 1)]
}

function portOf(port: string | undefined): number | null {
  if (port === undefined || port === '') return null
  if (!/^\d+$/.test(port) || Number(port) > 65535) throw new Problem(`"${port}" is no port`)
  return Number(port)
}
