import fc from 'fast-check'
import type { Fact } from '../../../src/host/facts/fact.ts'

/** Bytes that a command may print: noise, and pieces of what parsers look for, in any order. */
const bytes = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      '\n',
      ' ',
      '\t',
      ':',
      '/',
      '=',
      '"',
      "'",
      '\\',
      '->',
      '0000:02:00.0',
      '/vendor:',
      'lrwxrwxrwx 1 root root 0 Jan 1 00:00 ',
      'menuentry ',
      'linux ',
      'set default="',
      '### BEGIN /etc/grub.d/10_linux ###',
      'image 6.1',
      'end',
      'module ',
      'file ',
      'load ',
      'root=',
      'ID=',
      ' - ',
      'partition',
      'eth0',
      '00000000',
      '[    0.1] ',
      'vfio',
      '{"bootId":1}',
      '12 644 ./etc/x',
    ),
  ),
  maxLength: 40,
})

/** Runs a parser over any output of its commands; `allow` says which errors it may throw. */
export function parsesAnything<T, R extends string>(
  fact: Fact<T, R>,
  check: (parsed: T) => void = () => {},
  allow: (error: unknown) => boolean = () => false,
): void {
  const readings = Object.fromEntries(Object.keys(fact.commands).map(name => [name, bytes]))
  fc.assert(
    fc.property(fc.record(readings), out => {
      try {
        check(fact.parse(out as Readonly<Record<R, string>>))
      } catch (error) {
        if (!allow(error)) throw error
      }
    }),
  )
}
