import type { Bytes } from '../../../host/bytes.ts'

/**
 * GRUB's environment block (grubenv): a file of a size that never changes, 1024 bytes as a rule, which GRUB overwrites
 * in place; lines of NAME=VALUE and # for what is free (grub-core/lib/envblk.c).
 */
export function environmentValue(block: Bytes, name: string): string | undefined {
  const found = lineOf(block, name)
  return found && block.slice(found.start, found.end).replaceAll(/\\([\s\S])/g, '$1')
}

/**
 * The block after `grub-editenv FILE set NAME=VALUE`: in the value's old place, or at the end of what is used;
 * undefined where that program fails, because it is no such block or the value does not fit.
 */
export function withEnvironmentValue(block: Bytes, name: string, value: string): Bytes | undefined {
  const used = usedOf(block)
  if (!block.startsWith(SIGNATURE) || block[used - 1] !== '\n') return undefined
  const escaped = value.replaceAll(/[\\\n]/g, '\\$&')
  const found = lineOf(block, name)
  const edited =
    found === undefined
      ? `${block.slice(0, used)}${name}=${escaped}\n`
      : block.slice(0, found.start) + escaped + block.slice(found.end, used)
  return edited.length > block.length ? undefined : edited.padEnd(block.length, '#')
}

const SIGNATURE = '# GRUB Environment Block\n'

function usedOf(block: Bytes): number {
  let end = block.length
  while (block[end - 1] === '#') end--
  return end
}

/** Where a value stands: a backslash takes the character behind it, a line's end too, into the value. */
function lineOf(block: Bytes, name: string): { start: number; end: number } | undefined {
  const line = /([^=\n#]*)=|/y
  for (let at = 0; at < block.length; ) {
    line.lastIndex = at
    const [whole = '', key] = line.exec(block) ?? []
    const start = at + whole.length
    const end = key === undefined ? block.indexOf('\n', at) : valueEnd(block, start)
    if (end < 0) return undefined
    if (key === name) return { start, end }
    at = end + 1
  }
  return undefined
}

/** GRUB reads no further where a value has no end. */
function valueEnd(block: Bytes, start: number): number {
  for (let at = start; at < block.length; at++) {
    if (block[at] === '\n') return at
    if (block[at] === '\\') at++
  }
  return -1
}
