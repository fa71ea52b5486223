import type { Host } from '../../../host/host.ts'
import { type Refusal, refuse } from '../../../refusal.ts'

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
export function globOf(pattern: string): { test(id: string): boolean } {
  const [first = [], ...others] = piecesOfGlob(pattern)
  const last = others.pop()
  return {
    test(id) {
      if (!isAt(first, id, 0)) return false
      if (last === undefined) return first.length === id.length
      let at: number | undefined = first.length
      for (const piece of others) {
        at = behind(piece, id, at)
        if (at === undefined) return false
      }
      return id.length - last.length >= at && isAt(last, id, id.length - last.length)
    },
  }
}

/** What stands between two stars: for each character what it may be. */
type Piece = readonly ((char: string) => boolean)[]

const isAt = (piece: Piece, id: string, at: number): boolean =>
  piece.length <= id.length - at && piece.every((takes, i) => takes(id[at + i] ?? ''))

/** The end of its first place from there on. */
function behind(piece: Piece, id: string, from: number): number | undefined {
  for (let at = from; at + piece.length <= id.length; at++) if (isAt(piece, id, at)) return at + piece.length
  return undefined
}

/** A bracket that nothing closes stands for itself. */
function piecesOfGlob(pattern: string): Piece[] {
  const pieces: ((char: string) => boolean)[][] = [[]]
  const closed = pattern.lastIndexOf(']') + 1
  const parts = [
    ...pattern.slice(0, closed).matchAll(/\\(.)|\*+|\[[^\]]+\]|[^*]/gs),
    ...pattern.slice(closed).matchAll(/\\(.)|\*+|[^*]/gs),
  ]
  for (const [part, quoted] of parts) {
    if (part.startsWith('*')) pieces.push([])
    else pieces.at(-1)?.push(quoted === undefined ? takenBy(part) : sameAs(quoted))
  }
  return pieces
}

function takenBy(part: string): (char: string) => boolean {
  if (part === '?') return () => true
  return part.length > 2 ? within(part.slice(1, -1)) : sameAs(part)
}

const sameAs = (wanted: string) => (char: string) => char.toLowerCase() === wanted.toLowerCase()

/** Characters and ranges; a range that runs backwards holds nothing. */
function within(characters: string): (char: string) => boolean {
  const ranges = [...characters.matchAll(/(.)-(.)|(.)/gs)].map(([, from = '', to = '', one]) => ({
    from: one ?? from,
    to: one ?? to,
  }))
  const isIn = (char: string) => ranges.some(({ from, to }) => from <= char && char <= to)
  return char => isIn(char.toLowerCase()) || isIn(char.toUpperCase())
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
