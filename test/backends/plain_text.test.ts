import { describe, expect, it } from 'vitest'
import { refuseText } from '../../src/backends/plain_text.ts'
import { aHost, withFiles } from '../builders.ts'

const PATH = '/boot/loader/entries/debian.conf'
const refused = (text: string | undefined) => refuseText(withFiles(aHost(), { [PATH]: text }), PATH)

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
  ])('is refused for %s', (_, text, why) => {
    expect(refused(text)).toMatchObject({ refused: true, why, hint: expect.stringMatching(/./) })
  })

  it.each<[string, string | undefined]>([
    ['is not there', undefined],
    ['is empty', ''],
    ['has a carriage return within a line', 'options a\rb\n'],
    ['has UTF-8 and other bytes', 'title caf\xc3\xa9 \xff\n'],
    ['has a single percent sign or brace', 'options 50% {x} %h %a%\n'],
    ['has a byte order mark elsewhere', 'title \xef\xbb\xbf\n'],
  ])('is taken where it %s', (_, text) => {
    expect(refused(text)).toBeUndefined()
  })
})
