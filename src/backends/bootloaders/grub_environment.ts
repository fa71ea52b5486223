import type { Bytes } from '../../host/bytes.ts'

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
  const used = block.replace(/#*$/, '').length
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

/** Where a value stands: a backslash takes the character behind it, a line's end too, into the value. */
function lineOf(block: Bytes, name: string): { start: number; end: number } | undefined {
  const lines = block.matchAll(/(?:^|\n)([^=\n#]*)=((?:\\[\s\S]|[^\\\n])*)(?=\n)/g)
  const found = [...lines].find(([, key]) => key === name)
  if (found === undefined) return undefined
  const end = found.index + found[0].length
  return { start: end - (found[2]?.length ?? 0), end }
}
