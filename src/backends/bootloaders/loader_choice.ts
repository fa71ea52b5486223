import type { Host } from '../../host/host.ts'
import { type Refusal, refuse } from '../../refusal.ts'

export interface Choice<T> {
  readonly entry: T
  readonly chosenBy: string
}

/** What a loader has to choose from, in the order of its menu. */
export interface Choices<T> {
  readonly loader: string
  readonly entries: readonly T[]
  /** Ids of unified kernel images, which stand somewhere among them. */
  readonly images: readonly string[]
  /** Its configuration file, and the `default` in it; '' where there is none. */
  readonly config: { readonly path: string; readonly default: string }
}

/** src/boot/efi/boot.c, config_select_default_entry(). */
export function choose<T extends { readonly id: string }>(
  { firmware }: Host,
  { loader, entries, images, config }: Choices<T>,
): Choice<T> | Refusal {
  const { oneShot, default: preferred } = firmware.loaderEntries
  const orders = [
    { pattern: oneShot, chosenBy: 'the firmware’s order for one boot (LoaderEntryOneShot)' },
    { pattern: preferred, chosenBy: 'the default in the firmware (LoaderEntryDefault)' },
    { pattern: config.default, chosenBy: `the default in ${config.path}` },
  ]
  for (const { pattern, chosenBy } of orders.filter(order => order.pattern !== '')) {
    if (pattern === '@saved') return savedDefault(chosenBy)
    const glob = globOf(pattern)
    const entry = entries.find(({ id }) => glob.test(id))
    const image = images.find(id => glob.test(id))
    if (image !== undefined) return notAnEntry(chosenBy, image)
    if (entry !== undefined) return { entry, chosenBy }
    if (pattern.startsWith('auto-')) return notAnEntry(chosenBy, pattern)
  }
  const [first] = entries
  if (first === undefined) return nothingToBoot(loader)
  if (images[0] !== undefined) return imageBeforeEntries(images[0])
  return { entry: first, chosenBy: `the order of ${loader}’s menu` }
}

/**
 * As the firmware's file names are compared: without regard to case; *, ? and [ ] as in the shell (efi_fnmatch()).
 * What stands between two stars is taken where it comes first, for good: a pattern of many stars is matched at once.
 */
export function globOf(pattern: string): RegExp {
  const [first = '', ...others] = piecesOfGlob(pattern)
  const last = others.pop()
  const between = others.map((piece, i) => `(?=(.*?${piece}))\\${i + 1}`)
  return new RegExp(`^${first}${between.join('')}${last === undefined ? '' : `.*${last}`}$`, 'is')
}

/** Expressions for what stands between the stars. */
function piecesOfGlob(pattern: string): string[] {
  const pieces = ['']
  for (const [part, quoted] of pattern.matchAll(/\\(.)|\*+|\?|\[[^\]]+\]|[^*?[\\]+|[[\\]/gs)) {
    if (part.startsWith('*')) pieces.push('')
    else pieces[pieces.length - 1] += expressionOf(part, quoted)
  }
  return pieces
}

function expressionOf(part: string, quoted: string | undefined): string {
  if (quoted !== undefined) return literal(quoted)
  if (part === '?') return '.'
  return /^\[.+\]$/s.test(part) ? classOf(part.slice(1, -1)) : literal(part)
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** Characters and ranges; a range that runs backwards holds nothing. */
function classOf(characters: string): string {
  const parts = [...characters.matchAll(/([\s\S])-([\s\S])|([\s\S])/g)].flatMap(([, from, to, one]) => {
    if (one !== undefined) return [literal(one)]
    return from !== undefined && to !== undefined && from <= to ? [`${literal(from)}-${literal(to)}`] : []
  })
  return parts.length === 0 ? '(?!)' : `[${parts.join('')}]`
}

export const CHOOSE_LINUX =
  'choose an entry that boots Linux (bootctl set-default ID), or leave this host out with --limit'

const notAnEntry = (chosenBy: string, id: string): Refusal =>
  refuse(`${chosenBy} names ${id}, which is no entry of a kernel and its options`, CHOOSE_LINUX)

const nothingToBoot = (loader: string): Refusal =>
  refuse(
    `the menu of ${loader} has no entry that can be seen`,
    'mount the partition that it reads, then run again',
  )

const savedDefault = (chosenBy: string): Refusal =>
  refuse(
    `${chosenBy} is @saved, the entry that was chosen last, and which that is cannot be told from here`,
    'name the entry: bootctl set-default ID, or `default ID` in loader.conf',
  )

const imageBeforeEntries = (id: string): Refusal =>
  refuse(
    `no default is set, and the unified kernel image ${id} may come before the entries of the menu`,
    'name the entry: bootctl set-default ID, or `default ID` in loader.conf',
  )
