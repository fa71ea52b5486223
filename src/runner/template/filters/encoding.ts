import { createHash } from 'node:crypto'
import { asString } from '../coerce.ts'
import { Problem } from '../problem.ts'
import { toText } from '../python_text.ts'
import type { Args, Filter } from '../signature.ts'
import { type Item, isDict, isList, present } from '../values.ts'
import { splitUrl } from './url.ts'

export const ENCODING_FILTERS: Readonly<Record<string, Filter>> = {
  b64encode: text(
    (value, { encoding }) => Buffer.from(value, encodingOf(encoding)).toString('base64'),
    'encoding?',
  ),
  b64decode: text(fromBase64, 'encoding?'),
  hash: text((value, { hashtype = 'sha1' }) => digest(value, asString(hashtype)), 'hashtype?'),
  checksum: text(value => digest(value, 'sha1')),
  sha1: text(value => digest(value, 'sha1')),
  md5: text(value => digest(value, 'md5')),
  to_uuid: text(toUuid, 'namespace?'),
  urlencode: { takes: '', apply: operand => urlEncode(present(operand)) },
  urldecode: text(value => decodeUrl(value.replaceAll('+', ' '))),
  urlsplit: {
    takes: 'query?',
    apply: (operand, { query = '' }) => splitUrl(toText(operand), asString(query)),
  },
}

function text(apply: (value: string, args: Args) => string, takes = ''): Filter {
  return { takes, apply: (operand, args) => apply(toText(operand), args) }
}

const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  ascii: 'latin1',
  'latin-1': 'latin1',
  'iso-8859-1': 'latin1',
  'utf-16-le': 'utf16le',
}

function encodingOf(name: Item | undefined): BufferEncoding {
  const label = asString(name ?? 'utf-8').toLowerCase()
  const encoding = Object.hasOwn(ENCODINGS, label) ? ENCODINGS[label] : undefined
  if (!encoding)
    throw new Problem(
      `the encoding "${label}" is not available`,
      `use one of ${Object.keys(ENCODINGS).join(', ')}`,
    )
  return encoding
}

function fromBase64(value: string, { encoding }: Args): string {
  const digits = value.replace(/[^A-Za-z0-9+/=]/g, '')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(digits))
    throw new Problem('this is no base64')
  const bytes = Buffer.from(digits, 'base64')
  const decoded = bytes.toString(encodingOf(encoding))
  if (encodingOf(encoding) === 'utf8' && !Buffer.from(decoded, 'utf8').equals(bytes))
    throw new Problem('what this decodes to is no UTF-8 text', 'name its encoding')
  return decoded
}

const HASHES = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3-256', 'sha3-512']

function digest(value: string, name: string): string {
  const hash = name.toLowerCase().replace('_', '-')
  if (!HASHES.includes(hash))
    throw new Problem(`there is no hash "${name}"`, `use one of ${HASHES.join(', ')}`)
  return createHash(hash).update(value, 'utf8').digest('hex')
}

/** ansible/plugins/filter/core.py, UUID_NAMESPACE_ANSIBLE. */
const NAMESPACE = '361E6D51-FAEC-444A-9079-341386DA8E2E'

/** Version 5 of RFC 9562: the SHA-1 of namespace and name. */
function toUuid(value: string, { namespace = NAMESPACE }: Args): string {
  const space = asString(namespace).replace(/^urn:uuid:|[{}-]/g, '')
  if (!/^[\da-f]{32}$/i.test(space)) throw new Problem(`"${asString(namespace)}" is no UUID`)
  const bytes = createHash('sha1')
    .update(Buffer.from(space, 'hex'))
    .update(value, 'utf8')
    .digest()
    .subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** jinja2/filters.py, do_urlencode: a text keeps its slashes, pairs become a query. */
function urlEncode(value: Item): string {
  if (typeof value === 'string' || !(isDict(value) || isList(value))) return encodeUrl(toText(value), true)
  const pairs = isDict(value) ? Object.entries(value) : value.map(pairOf)
  return pairs
    .map(([key, each]) => `${encodeUrl(toText(key), false)}=${encodeUrl(toText(each), false)}`)
    .join('&')
}

function pairOf(item: Item): readonly [Item, Item] {
  const [key, value, ...rest] = isList(item) ? item : []
  if (key === undefined || value === undefined || rest.length > 0) throw new Problem('urlencode needs pairs')
  return [key, value]
}

const encodeUrl = (value: string, isPath: boolean): string => {
  const text = encodeURIComponent(value.toWellFormed()).replace(
    /[!'()*]/g,
    each => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return isPath ? text.replaceAll('%2F', '/') : text.replaceAll('%20', '+')
}

/** What is no UTF-8 becomes U+FFFD, as Python's unquote does. */
function decodeUrl(value: string): string {
  return value.replace(/(?:%[\da-f]{2})+/gi, bytes =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
