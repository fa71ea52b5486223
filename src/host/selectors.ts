import { didYouMean } from '../nearest.ts'
import { CLASS_WORDS, VENDOR_WORDS } from './device_words.ts'
import { fullAddress, isAddress, isVendorDevice } from './pci.ts'

/**
 * What a playbook says to choose devices by; on each host it is resolved to addresses (devices.ts). All properties of one
 * selector must hold.
 */
export interface Selector {
  /** As the user has written it, for messages. */
  readonly text: string
  /** Full address with its function, 0000:02:00.0. */
  readonly address?: string
  /** Full address without the function, 0000:02:00: all functions of that slot. */
  readonly slot?: string
  /** vendor:device */
  readonly id?: string
  /** PCI class codes, two, four or six hex digits: any of them, from the front. */
  readonly classes?: readonly string[]
  /** Four hex digits: any of them. */
  readonly vendors?: readonly string[]
  /** The driver that has the device, or would have it if vfio-pci had not. */
  readonly driver?: string
  readonly bootVga?: boolean
  readonly sriov?: 'pf' | 'vf'
  /** Devices that any of these match are left out. */
  readonly not?: readonly Selector[]
  /** More matches than this are a mistake; counted before the other functions of a card come along. */
  readonly atMost?: number
  /** `card`: what else is on a chosen graphics card (audio, USB, UCSI) comes along; `only`: nothing does. */
  readonly functions: 'card' | 'only'
  /** `whole`: all of the IOMMU group that a guest could be given comes along. */
  readonly group: 'device' | 'whole'
}

/** What is wrong with a selector as it is written. */
export interface SelectorProblem {
  /** The way to it from the selector. */
  readonly path: readonly (string | number)[]
  readonly why: string
  readonly hint: string | undefined
  /** A key of the mapping at `path` that nothing knows. */
  readonly unknownKey?: string
}

/** Reads one selector, a string or a mapping, and notes what is wrong with it: then the answer is of no use. */
export function readSelector(written: unknown, note: (problem: SelectorProblem) => void): Selector {
  return readAt({ path: [], note, within: '' }, written)
}

interface Place {
  readonly path: readonly (string | number)[]
  readonly note: (problem: SelectorProblem) => void
  /** `not`, where the selector says what is left out. */
  readonly within: '' | 'not'
}

function readAt(place: Place, written: unknown): Selector {
  const base = { text: flowText(written), functions: 'card', group: 'device' } as const
  if (isMapping(written)) return { ...base, ...readMapping(place, written) }
  return { ...base, ...readText(place, written) }
}

function readText(place: Place, written: unknown): Partial<Selector> {
  const text = plainText(place, written)
  if (text === undefined) return {}
  const form = FORMS.find(({ is }) => is(text))
  return form?.means(text) ?? complain(place, `"${text}" is ${FORM_NAMES}`, formHint(text))
}

/** domain:bus:slot, as an address without its function; a slot has five bits. */
const isSlot = (text: string): boolean => /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]$/i.test(text)

/** No text is of two forms: in an id four digits stand on either side, in a slot two. */
const FORMS: readonly { is(text: string): boolean; means(text: string): Partial<Selector> }[] = [
  { is: isVendorDevice, means: text => ({ id: text.toLowerCase() }) },
  { is: isAddress, means: text => ({ address: fullAddress(text) }) },
  { is: isSlot, means: text => ({ slot: fullAddress(text) }) },
]

const FORM_NAMES = 'neither a vendor:device id nor a PCI address'

function formHint(text: string): string {
  const word = text.toLowerCase()
  if (word in CLASS_WORDS) return `write {class: ${word}}`
  if (word in VENDOR_WORDS) return `write {vendor: ${word}}, with a class`
  return 'write it as 10de:1aef, 02:00.0 or 02:00 (lspci -nn shows them)'
}

type Reader = (place: Place, value: unknown) => Partial<Selector>

/** Properties that choose, in the order in which they are told. */
const CHOOSING: Readonly<Record<string, Reader>> = {
  address: formReader(isAddress, text => ({ address: fullAddress(text) }), 'a PCI address', '02:00.0'),
  id: formReader(
    isVendorDevice,
    text => ({ id: text.toLowerCase() }),
    'a vendor:device id',
    '10de:13c2, quoted',
  ),
  slot: formReader(isSlot, text => ({ slot: fullAddress(text) }), 'a PCI slot', '02:00, quoted'),
  class: (place, value) => ({ classes: codes(place, value, CLASS_CODES) }),
  vendor: (place, value) => ({ vendors: codes(place, value, VENDOR_CODES) }),
  driver: formReader(
    text => /^[A-Za-z0-9_-]+$/.test(text),
    text => ({ driver: text }),
    'a driver name',
    'nvme',
  ),
  sriov: wordReader(['pf', 'vf'], sriov => ({ sriov })),
  boot_vga: (place, value) =>
    typeof value === 'boolean'
      ? { bootVga: value }
      : complain(place, `must be true or false, not ${told(value)}`, undefined),
}

/** Properties that leave out, limit and extend what was chosen. */
const REFINING: Readonly<Record<string, Reader>> = {
  not: (place, value) => ({
    not: inList(place, value).map(([at, one]) => readAt({ ...at, within: 'not' }, one)),
  }),
  at_most: (place, value) =>
    typeof value === 'number' && Number.isInteger(value) && value > 0
      ? { atMost: value }
      : complain(place, `must be a whole number from 1, not ${told(value)}`, undefined),
  functions: wordReader(['card', 'only'], functions => ({ functions })),
  group: wordReader(['device', 'whole'], group => ({ group })),
}

function readMapping(place: Place, written: Readonly<Record<string, unknown>>): Partial<Selector> {
  const known = place.within === 'not' ? CHOOSING : { ...CHOOSING, ...REFINING }
  const read = Object.entries(written).map(([key, value]) => {
    const reader = Object.hasOwn(known, key) ? known[key] : undefined
    if (reader !== undefined) return reader({ ...place, path: [...place.path, key] }, value)
    place.note({ path: place.path, ...unknownProperty(key, Object.keys(known)), unknownKey: key })
    return {}
  })
  if (Object.entries(written).every(isNoChoice))
    complain(place, 'would choose every device', `name one of ${Object.keys(CHOOSING).join(', ')}`)
  return Object.assign({}, ...read)
}

/** Nearly every device is not the boot display. */
const isNoChoice = ([key, value]: readonly [string, unknown]): boolean =>
  Object.hasOwn(REFINING, key) || (key === 'boot_vga' && value === false)

function unknownProperty(key: string, known: readonly string[]): { why: string; hint: string } {
  if (Object.hasOwn(REFINING, key))
    return { why: `"${key}" has no meaning in not`, hint: `there it takes ${known.join(', ')}` }
  return {
    why: `there is no property "${key}"`,
    hint: didYouMean(key, known) ?? `properties are ${known.join(', ')}`,
  }
}

function formReader(
  is: (text: string) => boolean,
  means: (text: string) => Partial<Selector>,
  name: string,
  example: string,
): Reader {
  return (place, value) => {
    const text = plainText(place, value)
    if (text === undefined) return {}
    return is(text) ? means(text) : complain(place, `"${text}" is not ${name}`, `write it as ${example}`)
  }
}

function wordReader<Word extends string>(
  words: readonly Word[],
  means: (word: Word) => Partial<Selector>,
): Reader {
  return (place, value) => {
    const word = words.find(one => one === value)
    if (word !== undefined) return means(word)
    const near = typeof value === 'string' ? didYouMean(value, words) : undefined
    return complain(place, `must be ${words.join(' or ')}, not ${told(value)}`, near)
  }
}

/** A vocabulary of codes: the words for them, and how one is written as a number. */
interface Codes {
  readonly words: Readonly<Record<string, readonly string[]>>
  readonly code: RegExp
  readonly name: string
  readonly digits: string
}

const CLASS_CODES: Codes = {
  words: CLASS_WORDS,
  code: /^(?:0x)?((?:[0-9a-f]{2}){1,3})$/i,
  name: 'a class of PCI devices',
  digits: 'its two, four or six hex digits, quoted',
}

const VENDOR_CODES: Codes = {
  words: VENDOR_WORDS,
  code: /^(?:0x)?([0-9a-f]{4})$/i,
  name: 'a vendor of PCI devices',
  digits: 'its four hex digits, quoted',
}

const codes = (place: Place, value: unknown, vocabulary: Codes): readonly string[] => [
  ...new Set(inList(place, value).flatMap(([at, one]) => codesOf(at, one, vocabulary))),
]

function codesOf(place: Place, value: unknown, { words, code, name, digits }: Codes): readonly string[] {
  const text = plainText(place, value)
  if (text === undefined) return []
  const word = text.toLowerCase()
  const known = Object.hasOwn(words, word) ? words[word] : undefined
  const hex = code.exec(word)?.[1]
  if (known !== undefined) return known
  if (hex !== undefined) return [hex]
  const names = Object.keys(words)
  const hint = didYouMean(word, names) ?? `write ${digits}, or one of ${names.join(', ')}`
  complain(place, `"${text}" is not ${name}`, hint)
  return []
}

/** The members of a list, or the one value that stands for a list of one. */
function inList(place: Place, value: unknown): readonly (readonly [Place, unknown])[] {
  if (!Array.isArray(value)) return [[place, value]]
  const members: readonly unknown[] = value
  if (members.length === 0) complain(place, 'must name at least one', undefined)
  return members.map((one, index) => [{ ...place, path: [...place.path, index] }, one] as const)
}

/** Ids such as 8086 or 10e1 are numbers to YAML, and other digits than were written. */
function plainText(place: Place, value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim()
  const isRead = typeof value === 'number' || typeof value === 'boolean'
  const hint = isRead ? `quote it: without quotes YAML reads a ${typeof value}` : undefined
  complain(place, `must be a string, not ${told(value)}`, hint)
  return undefined
}

function complain(place: Place, why: string, hint: string | undefined): Partial<Selector> {
  place.note({ path: place.path, why, hint })
  return {}
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function told(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  return typeof value === 'string' ? `the string "${value}"` : `the ${typeof value} ${String(value)}`
}

/** As YAML has it on one line. */
function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`
  if (!isMapping(value)) return String(value)
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${flowText(inner)}`)
    .join(', ')}}`
}
