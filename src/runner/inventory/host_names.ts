import { isIPv4, isIPv6 } from 'node:net'
import { expandHostRange } from './host_ranges.ts'

/** The hosts an inventory's name stands for, and the port behind it: `lab[01:16]`, `lab:2222`, `[fe80::1]:22`. */
export function hostNamesOf(pattern: string): {
  readonly hosts: readonly string[]
  readonly port: number | undefined
  readonly why?: string
} {
  const { address, port } = splitPort(pattern)
  if (pattern.endsWith(':') && !isIPv6(pattern))
    return { hosts: [], port: undefined, why: `"${pattern}" ends where its port should follow` }
  const names = expandHostRange(address)
  return names.why === undefined ? { hosts: names.hosts, port } : { hosts: [], port, why: names.why }
}

/** Whether this is one address and not a list at colons (ansible/ansible, lib/ansible/parsing/utils/addresses.py). */
export const isAddress = (text: string): boolean => isPlainAddress(splitHostPort(text).address)

/** What is no address keeps its colon: it may be part of the name. */
function splitPort(text: string): { address: string; port: number | undefined } {
  const split = splitHostPort(text)
  return isPlainAddress(split.address) ? split : { address: text, port: undefined }
}

function splitHostPort(text: string): { address: string; port: number | undefined } {
  const [, bracketed, after] = text.match(/^\[(.+)\]:(\d+)$/) ?? []
  if (bracketed !== undefined) return { address: bracketed, port: Number(after) }
  const [, plain, port] = text.match(/^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/) ?? []
  return plain === undefined ? { address: text, port: undefined } : { address: plain, port: Number(port) }
}

const isPlainAddress = (text: string): boolean => isIPv4(text) || isIPv6(text) || HOST_NAME.test(text)

/** Labels at dots; each begins and ends with a letter, a digit, an underscore at its beginning, or a range. */
const RANGE = String.raw`\[(?:[a-z]:[a-z]|\d+:\d+)(?::\d+)?\]`
const LABEL = String.raw`(?:[\p{L}\p{N}_]|${RANGE})(?:[\p{L}\p{N}_-]|${RANGE})*(?<![_-])`
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'iu')
