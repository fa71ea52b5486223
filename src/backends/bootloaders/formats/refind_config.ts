import type { Bytes } from '../../../host/bytes.ts'
import type { Host } from '../../../host/host.ts'
import { bytesOf } from '../lines/written_line.ts'

/** A token of a rEFInd file: where it stands within its quotes, and what it means, `""` being one quote. */
export interface RefindToken {
  readonly path: string
  readonly start: number
  readonly end: number
  readonly text: string
  readonly quoted: boolean
  /** The closing quote is missing: it goes on to the end of the line. */
  readonly open: boolean
}

/** One menuentry of refind.conf, or one submenuentry with the options of its own. */
export interface Stanza {
  readonly title: string
  readonly volume: string
  readonly loader: string
  readonly initrd: string
  readonly ostype: string
  readonly enabled: boolean
  /** `options`, of which rEFInd only reads the first word or quoted text. */
  readonly options: RefindToken | undefined
  readonly submenus: readonly Stanza[]
}

export interface RefindConfig {
  readonly stanzas: readonly Stanza[]
  /** Words behind the keyword, of the last line that has it. */
  setting(keyword: string): readonly string[] | undefined
  /** The main file and those it includes, as far as they are there. */
  readonly paths: readonly string[]
}

/** rEFInd, refind/config.c ReadConfig() and ScanUserConfigured(): only the main file may include others. */
export function readRefindConfig(host: Host, main: string): RefindConfig {
  const folder = main.slice(0, main.lastIndexOf('/') + 1)
  const stanzas: Stanza[] = []
  const settings = new Map<string, readonly string[]>()
  const paths = [main]
  const read = (path: string) => {
    const lines = tokenLines(path, bytesOf(host, path))
    for (let line = lines.next(); !line.done; line = lines.next()) {
      const [keyword, ...words] = line.value
      const name = keyword?.text.toLowerCase() ?? ''
      const [first] = words
      if (name === 'menuentry' && first !== undefined) stanzas.push(stanzaIn(lines, first.text))
      else if (name === 'include' && first !== undefined && path === main) {
        const included = folder + first.text.replaceAll('\\', '/').replace(/^\/+/, '')
        if (included !== main && included in host.files) {
          paths.push(included)
          read(included)
        }
      } else
        settings.set(
          name,
          words.map(({ text }) => text),
        )
    }
  }
  read(main)
  return { stanzas, setting: keyword => settings.get(keyword), paths }
}

/** Lines of "title" "options" in refind_linux.conf: the first is booted by default. */
export const refindLinuxLines = (
  host: Host,
  path: string,
): { title: string; options: RefindToken | undefined }[] =>
  [...tokenLines(path, bytesOf(host, path))].map(([title, options]) => ({
    title: title?.text ?? '',
    options,
  }))

function stanzaIn(lines: Iterator<readonly RefindToken[]>, title: string): Stanza {
  const submenus: Stanza[] = []
  const words = new Map<string, RefindToken | undefined>()
  let enabled = true
  for (let line = lines.next(); !line.done; line = lines.next()) {
    const [keyword, first] = line.value
    const name = keyword?.text.toLowerCase() ?? ''
    if (name === '}') break
    if (name === 'submenuentry' && first !== undefined) submenus.push(stanzaIn(lines, first.text))
    else if (name === 'disabled') enabled = false
    else words.set(name, first)
  }
  const word = (name: string) => words.get(name)?.text ?? ''
  return {
    title: title.replace(/^'|'$/g, ''),
    volume: word('volume'),
    loader: asRead(words.get('loader')),
    initrd: asRead(words.get('initrd')),
    ostype: word('ostype'),
    enabled,
    options: words.get('options'),
    submenus,
  }
}

/** Outside of quotes ReadTokenLine() turns slashes round. */
const asRead = (token: RefindToken | undefined): string =>
  token === undefined || token.quoted ? (token?.text ?? '') : token.text.replaceAll('/', '\\')

/** The tokens of each line that has any. */
function* tokenLines(path: string, bytes: Bytes): Generator<readonly RefindToken[]> {
  for (const line of bytes.matchAll(/[^\r\n]+/g)) {
    const tokens = tokensIn(path, line[0], line.index)
    if (tokens.length > 0) yield tokens
  }
}

/**
 * refind/config.c ReadTokenLine() and KeepReading(): blanks, = and commas separate, # starts a comment, double quotes
 * keep all that together, and a doubled one is a quote itself.
 */
function tokensIn(path: string, line: string, offset: number): RefindToken[] {
  const tokens: RefindToken[] = []
  let at = 0
  while (at < line.length) {
    if (/[ \t=,]/.test(line.charAt(at))) {
      at++
      continue
    }
    if (line[at] === '#') break
    const quoted = line[at] === '"'
    const start = quoted ? at + 1 : at
    const end = endOfToken(line, start, quoted)
    const text = line.slice(start, end).replaceAll('""', '"')
    tokens.push({
      path,
      start: offset + start,
      end: offset + end,
      text,
      quoted,
      open: quoted && line[end] !== '"',
    })
    if (line[end] === '#') break
    at = Math.max(end + 1, start)
  }
  return tokens
}

function endOfToken(line: string, start: number, quoted: boolean): number {
  let at = start
  while (at < line.length) {
    if (line[at] === '"') {
      if (line[at + 1] !== '"') return at
      at += 2
    } else if (!quoted && /[ \t=#,]/.test(line.charAt(at))) return at
    else at++
  }
  return line.length
}

export const quotedText = (text: string): Bytes => text.replaceAll('"', '""')
