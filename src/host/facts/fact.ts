import type { Bytes } from '../bytes.ts'

/**
 * One thing observed on a target: shell commands and the parser of what they print. Commands are POSIX sh, read
 * below `$root`, write nothing but what they unpack into a folder of their own in /var/tmp, which goes with them, and
 * start as few processes as they can. What cannot be read prints nothing.
 * Parsers are total: any bytes give a value.
 */
export interface Fact<T, Readings extends string = string> {
  readonly commands: Readonly<Record<Readings, string>>
  /** Shell functions that the commands share; the apply script has them, too. */
  readonly functions?: string
  parse(stdout: Readonly<Record<Readings, Bytes>>): T
}

export const defineFact = <T, Readings extends string>(fact: Fact<T, Readings>): Fact<T, Readings> => fact

export const linesOf = (bytes: Bytes): string[] => bytes.split('\n').filter(line => line !== '')

/** Lines of `grep -H '' FILE…`: path and the text behind the first colon that ends a known path. */
export function fileLines(bytes: Bytes): { path: string; text: string }[] {
  return linesOf(bytes).flatMap(line => {
    // PCI addresses have colons of their own: the file's name ends at the last one before the text.
    const match = /^(.*\/[A-Za-z_]+):(.*)$/.exec(line)
    return match?.[1] === undefined ? [] : [{ path: match[1], text: match[2] ?? '' }]
  })
}

/** Lines of `ls -ld LINK…`: where each symbolic link points. */
export function linkLines(bytes: Bytes): { path: string; target: string }[] {
  return linesOf(bytes).flatMap(line => {
    const match = /^l\S*\s.*?\s(\S+) -> (\S+)$/.exec(line)
    return match?.[1] === undefined ? [] : [{ path: match[1], target: match[2] ?? '' }]
  })
}

/** Lines of `ls -ld PATH…`: what is there and no symbolic link. */
export const pathLines = (bytes: Bytes): string[] =>
  linesOf(bytes).flatMap(line => /^[d-]\S*\s.*\s(\S+)$/.exec(line)?.[1] ?? [])

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/

/** PCI addresses on a /sys/devices path, nearest the root first. */
export const addressesIn = (path: string): string[] => path.split('/').filter(part => PCI_ADDRESS.test(part))

/** The device that a node of /sys hangs on: below a bridge's path lie those of all that is behind it. */
export const lastAddressIn = (path: string): string | undefined => addressesIn(path).at(-1)

export const lastPart = (path: string): string => path.split('/').at(-1) ?? ''
