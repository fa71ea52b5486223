import type { Bytes } from '../../../host/bytes.ts'
import { type Fact, linesOf } from '../../../host/facts/fact.ts'
import type { Menu, MenuEntry } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { type Known, observed, unknown } from '../../../host/known.ts'

const FOLDERS = ['/boot/grub', '/boot/grub2', '/boot/efi/EFI/*']
export const MENUS = FOLDERS.map(folder => `${folder}/grub.cfg`)

/**
 * What of GRUB's menu decides the next boot, wherever the distribution keeps it: /boot/grub (Debian, Arch, Gentoo),
 * /boot/grub2 (openSUSE, Fedora, RHEL), or beside GRUB on the ESP (RHEL 7 and 8 on UEFI).
 */
export const grubMenu: Fact<Known<Menu>> = {
  commands: {
    firmware: '[ -d "$root/sys/firmware/efi" ] && echo uefi',
    lines: inFiles(
      'grub.cfg',
      `grep -E '^### BEGIN|^[[:blank:]]*((menuentry|linux|linux16|linuxefi)[[:blank:]]|set (default|kernelopts|tuned_params)=|blscfg)'`,
    ),
    environment: inFiles('grubenv', `sed -n '/^[a-z_]*=/p'`),
  },
  parse(out) {
    const menus = sections(out.lines ?? '', 'grub.cfg').filter(({ lines }) => lines.some(isGenerated))
    const read = readByGrub(menus, out.firmware?.trim() === 'uefi')
    const [file, other] = read
    if (file === undefined) return unknown('no grub.cfg that grub-mkconfig made is readable')
    if (other !== undefined)
      return unknown(`${file.path} and ${other.path} are both there, and which one GRUB reads cannot be told`)
    const environments = sections(out.environment ?? '', 'grubenv')
    const environment = environments.find(({ path }) => folderOf(path) === folderOf(file.path))
    return observed(parseGrubMenu(file.path, file.lines, (environment ?? environments[0])?.lines ?? []))
  },
}

/** Entries are files of their own, which this command reads (grub2, grub-core/commands/blscfg.c). */
export const readsEntryFiles = (now: Menu): boolean => now.entries.some(({ source }) => source === BLSCFG)
const BLSCFG = 'blscfg'

/** What GRUB makes of a variable that entries take arguments from: tuned's, and RHEL 8's line for all kernels. */
export const variableArgs = (now: Menu, name: string): readonly string[] =>
  now.entries.find(entry => entry.source === VARIABLE && entry.title === name)?.args ?? []
const VARIABLE = 'set'
const VARIABLES = ['kernelopts', 'tuned_params'] as const

/** `set NAME="VALUE"` in grub.cfg: the last one, not counting what stands for one boot only. */
const settingIn = (lines: readonly string[], name: string): string | undefined =>
  lines
    .map(line => new RegExp(`^\\s*set ${name}="(.*)"`).exec(line)?.[1])
    .findLast(value => value !== undefined && !value.includes('next_entry'))

/** `file PATH`, and what the command finds there. */
function inFiles(name: string, command: string): string {
  const paths = FOLDERS.map(folder => `.${folder}/${name}`).join(' ')
  return `cd "\${root:-/}" && for f in ${paths}; do [ -r "$f" ] && echo "file \${f#.}" && ${command} "$f"; done`
}

function sections(bytes: Bytes, name: string): { path: string; lines: string[] }[] {
  const found: { path: string; lines: string[] }[] = []
  for (const line of linesOf(bytes)) {
    const path = /^file (\/.*)$/.exec(line)?.[1]
    if (path !== undefined) found.push({ path, lines: [] })
    else {
      if (found.length === 0) found.push({ path: `/boot/grub/${name}`, lines: [] })
      found.at(-1)?.lines.push(line)
    }
  }
  return found
}

/** Others are stubs that source the real one: Debian's and Fedora's on the ESP, of three lines. */
const isGenerated = (line: string): boolean => line.startsWith('### BEGIN /etc/grub.d/')

/** GRUB on the ESP takes the menu that lies beside it before any other; BIOS never sees one there. */
function readByGrub<T extends { readonly path: string }>(menus: readonly T[], uefi: boolean): readonly T[] {
  const onEsp = ({ path }: T) => path.startsWith('/boot/efi/')
  const beside = uefi ? menus.filter(onEsp) : []
  return beside.length > 0 ? beside : menus.filter(menu => !onEsp(menu))
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))

/** Reads the lines of a grub.cfg that say what would be booted, in their order. */
export function parseGrubMenu(path: string, lines: readonly string[], environment: readonly string[]): Menu {
  const entries: MenuEntry[] = []
  let source = ''
  let title = ''
  let id = ''
  for (const line of lines) {
    const begin = /^### BEGIN \/etc\/grub\.d\/(\S+) ###/.exec(line)?.[1]
    const entry = /^\s*menuentry\s+(?:'([^']*)'|"([^"]*)"|([^\s'"]+))/.exec(line)
    const linux = /^\s*linux(?:16|efi)?\s+(\S+)\s*(.*)$/.exec(line)
    if (begin !== undefined) source = begin
    else if (entry !== null) {
      title = entry[1] ?? entry[2] ?? entry[3] ?? ''
      id = /\$menuentry_id_option\s+'([^']*)'/.exec(line)?.[1] ?? ''
      entries.push({ ...bare, title, id, source, args: [] })
    } else if (linux !== null) {
      const args = splitArgs(linux[2] ?? '')
      if (entries.at(-1)?.kernel === '') entries.pop()
      entries.push({
        title,
        id,
        source,
        kernel: linux[1] ?? '',
        args,
        recovery: /-recovery-/.test(id) || /\(recovery mode\)/.test(title),
      })
    }
  }
  const once = variableIn(environment, 'next_entry')
  const others = [...blscfgIn(lines), ...VARIABLES.flatMap(name => variable(name, lines, environment))]
  return {
    path,
    default: settingIn(lines, 'default') ?? '',
    saved: savedIn(environment),
    ...(once === '' ? {} : { once }),
    entries: [...entries, ...others],
  }
}

/** Of those that boot no Linux: other systems' loaders, the firmware's setup; and of what is read beside them. */
const bare = { id: '', kernel: '', recovery: false } as const

const blscfgIn = (lines: readonly string[]): MenuEntry[] =>
  lines.some(line => /^\s*blscfg\b/.test(line)) ? [{ ...bare, title: BLSCFG, source: BLSCFG, args: [] }] : []

/** 00_tuned sets its own anew; kernelopts counts only where the environment block, a plain file, has none (10_linux of RHEL 8). */
function variable(
  name: (typeof VARIABLES)[number],
  lines: readonly string[],
  environment: readonly string[],
) {
  const [set, saved] = [settingIn(lines, name), variableIn(environment, name)]
  const value = name === 'kernelopts' ? set : (set ?? saved)
  return value ? [{ ...bare, title: name, source: VARIABLE, args: splitArgs(value) }] : []
}

/** openSUSE on btrfs keeps the variables in blocks before the file system, where no file shows them. */
const savedIn = (environment: readonly string[]): string =>
  variableIn(environment, 'env_block') === '' ? variableIn(environment, 'saved_entry') : OUT_OF_SIGHT
const OUT_OF_SIGHT = 'what is saved outside of grubenv (env_block)'

const variableIn = (environment: readonly string[], name: string): string =>
  environment.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''

/**
 * The entry a reboot takes: the one for this boot only (grub-reboot(8)), the saved one, the one named, or number N of
 * the top level; its kernel is '' where it boots no Linux. undefined: cannot be told.
 */
export function bootEntry(now: Menu): MenuEntry | undefined {
  const standing = now.default === '${saved_entry}' ? now.saved : now.default
  const wanted = now.once || standing || '0'
  const leaf = wanted.split('>').at(-1) ?? wanted
  const isLeaf = (entry: MenuEntry) => entry.id === leaf || entry.title === leaf
  // The top level of Debian's menu is its newest kernel; what number N > 0 is depends on the submenus.
  const entries = now.entries.filter(({ source }) => source !== BLSCFG && source !== VARIABLE)
  const first = entries.find(isLeaf) ?? (wanted === '0' ? entries[0] : undefined)
  return first && entries.findLast(entry => entry.id === first.id && entry.title === first.title)
}

/** Who has decided on the entry that boots next, in words. */
export function chooserOf(now: Menu): string {
  if (now.once) return 'the entry set for one boot (grub-reboot)'
  const isSaved = now.default === '${saved_entry}' && now.saved !== ''
  return isSaved ? 'the saved default of the menu (grubenv)' : 'the default of the menu'
}

/**
 * What the kernel is handed of an argument in a menu. GRUB's script takes quotes and backslashes off, and its loader
 * puts quotes round the whole of what has blanks (grub-core/lib/cmdline.c). undefined: it would be no argument.
 */
export function handedOver(token: string): string | undefined {
  let text = ''
  let quote = ''
  for (let i = 0; i < token.length; i++) {
    const char = token[i] ?? ''
    if (quote !== "'" && char === '\\') text += token[++i] ?? ''
    else if (quote !== '' ? char === quote : char === '"' || char === "'") quote = quote === '' ? char : ''
    else if (quote !== "'" && char === '$') return undefined
    else if (quote === '' && /[;&|<>]/.test(char)) return undefined
    else text += char
  }
  if (quote !== '' || (text === '' && token !== '')) return undefined
  const escaped = text.replaceAll(/[\\'"]/g, '\\$&')
  return /\s/.test(text) ? `"${escaped}"` : escaped
}
