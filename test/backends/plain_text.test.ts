import { describe, expect, it } from 'vitest'
import { refuseText } from '../../src/backends/plain_text.ts'
import { aHost, withFiles } from '../builders.ts'

const PATH = '/boot/loader/entries/debian.conf'
const refused = (text: string | undefined, part?: { start: number; end: number }) =>
  refuseText(withFiles(aHost(), { [PATH]: text }), PATH, part)
const utf16 = (text: string) => `\xff\xfe${[...text].map(char => `${char}\0`).join('')}`

describe('a file that is edited line by line', () => {
  it.each<[string, string, string]>([
    [
      'a byte order mark',
      '\xef\xbb\xbftitle Debian\noptions ro\n',
      `${PATH}:1 starts with a byte order mark (BOM): \xef\xbb\xbftitle Debian`,
    ],
    [
      'Windows line ends, by the first such line',
      'title Debian\noptions ro\r\nlinux /x\r\n',
      `${PATH}:2 has Windows line ends (CRLF): options ro`,
    ],
    ['one at its very end', 'options ro\r', `${PATH}:1 has Windows line ends (CRLF): options ro`],
    ['a NUL byte', 'a\nb\0c\nd\n', `${PATH}:2 has a NUL byte: bc`],
    [
      'a template of Jinja',
      'options {{ kernel_options }} ro\n',
      `${PATH}:1 is a template that was never filled in: options {{ kernel_options }} ro`,
    ],
    [
      'a template of the %NAME% kind',
      'title x\noptions %KERNEL_OPTS%',
      `${PATH}:2 is a template that was never filled in: options %KERNEL_OPTS%`,
    ],
    [
      'a template of ERB',
      "options ro\noptions <%= @args.join(' ') %>\n",
      `${PATH}:2 is a template that was never filled in: options <%= @args.join(' ') %>`,
    ],
    [
      'a template of autoconf',
      'linux /vmlinuz-@VERSION@\n',
      `${PATH}:1 is a template that was never filled in: linux /vmlinuz-@VERSION@`,
    ],
    ['UTF-16', utf16('title Debian\n'), `${PATH}:1 is UTF-16: \xff\xfetitle Debian`],
    ['UTF-16 of the other order, CRLF or not', '\xfe\xff\0a\0\r\0\n', `${PATH}:1 is UTF-16: \xfe\xffa`],
    ['UTF-16 without its mark', utf16('a\n').slice(2), `${PATH}:1 has a NUL byte: a`],
  ])('is refused for %s', (_, text, why) => {
    expect(refused(text)).toMatchObject({ refused: true, why, hint: expect.stringMatching(/./) })
  })

  it.each<[string, string | undefined]>([
    ['is not there', undefined],
    ['is empty', ''],
    ['has a carriage return within a line', 'options a\rb\n'],
    ['has UTF-8 and other bytes', 'title caf\xc3\xa9 \xff\n'],
    ['has a single percent sign or brace', 'options 50% {x} %h %a%\n'],
    ["names btrfs' subvolumes", 'options rootflags=subvol=@ resume=@home/@,x@Y@z\n'],
    ['has signs of less and more', 'options a<b %x% c>d\n'],
    ['has a byte order mark elsewhere', 'title \xef\xbb\xbf\n'],
  ])('is taken where it %s', (_, text) => {
    expect(refused(text)).toBeUndefined()
  })

  it.each<[string, string, string, string | undefined]>([
    ['a line of it is at fault', 'a\nb\r\nc\n', 'b\r\n', `${PATH}:2 has Windows line ends (CRLF): b`],
    ['a later one is, too', 'a\r\nb\r\nc\n', 'b\r\n', `${PATH}:2 has Windows line ends (CRLF): b`],
    ['other lines are', 'a\r\nb\nc\r\n', 'b\n', undefined],
    ['the first line has the mark', '\xef\xbb\xbfa\nb\n', 'b\n', undefined],
    ['another line is a template', 'a {{ x }}\nb\n', 'b\n', undefined],
    ['all of it is UTF-16', utf16('a\nb\n'), 'b\0\n', `${PATH}:2 is UTF-16: b`],
  ])('of which only a part matters: %s', (_, text, part, why) => {
    const start = text.indexOf(part)
    expect(refused(text, { start, end: start + part.length })?.why).toBe(why)
  })
})
