/** What the firmware and GRUB hand to the kernel. */
export interface BootedEntry {
  readonly title: string
  /** As the menu names it: /boot/vmlinuz-RELEASE. */
  readonly kernel: string
  readonly initrd: string
  /** The text of /proc/cmdline. */
  readonly cmdline: string
}

/**
 * The entry that GRUB boots when nobody touches a key: next_entry of the environment block, else `set default`.
 * Reads grub.cfg as far as grub-mkconfig writes it; a default that names nothing is the first entry, as in GRUB.
 */
export function bootedEntry(grubCfg: string, grubenv: string): BootedEntry {
  const menu = parseMenu(grubCfg)
  const environment = parseEnvironment(grubenv)
  const entry = findEntry(menu, environment.get('next_entry') || defaultOf(grubCfg, environment))
  if (entry === undefined)
    throw new Error('grub.cfg has no entry that can be booted: this machine would stop at grub>')
  const [kernel = '', ...args] = entry.linux
  return {
    title: entry.title,
    kernel,
    initrd: entry.initrd,
    cmdline: [`BOOT_IMAGE=${kernel}`, ...args].map(quoted).join(' '),
  }
}

interface Item {
  readonly title: string
  readonly id: string
  /** Entries of a submenu; undefined for an entry. */
  readonly items: Item[] | undefined
  linux: string[]
  initrd: string
}

function parseMenu(grubCfg: string): Item[] {
  const top: Item[] = []
  const open: Item[] = []
  for (const line of grubCfg.split('\n')) {
    const words = grubWords(line)
    const entry = open.at(-1)
    if (words[0] === 'menuentry' || words[0] === 'submenu') {
      const item = menuItem(words)
      const siblings = entry?.items ?? top
      siblings.push(item)
      open.push(item)
    } else if (words[0] === '}') open.pop()
    else if (entry !== undefined && words[0] === 'linux') entry.linux = words.slice(1)
    else if (entry !== undefined && words[0] === 'initrd') entry.initrd = words[1] ?? ''
  }
  return top
}

function menuItem(words: readonly string[]): Item {
  const id = words[words.indexOf('$menuentry_id_option') + 1] ?? ''
  return { title: words[1] ?? '', id, items: words[0] === 'submenu' ? [] : undefined, linux: [], initrd: '' }
}

/** GRUB's shell: blanks separate, '…' is literal, "…" and \ as in sh. */
function grubWords(line: string): string[] {
  const words: string[] = []
  for (const [, word = ''] of line.matchAll(/((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+)/g))
    words.push(unquoted(word))
  return words
}

const unquoted = (word: string): string =>
  word.replaceAll(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g,
    (_, single?: string, double?: string, escaped?: string) =>
      single ?? double?.replaceAll(/\\(["\\$])/g, '$1') ?? escaped ?? '',
  )

/** grub_create_loader_cmdline(): an argument with a blank is given to the kernel in double quotes. */
const quoted = (word: string): string =>
  word.includes(' ') ? `"${word.replaceAll(/(["'\\])/g, '\\$1')}"` : word

function parseEnvironment(grubenv: string): Map<string, string> {
  const lines = grubenv.split('\n').filter(line => !line.startsWith('#') && line.includes('='))
  return new Map(lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

function defaultOf(grubCfg: string, environment: Map<string, string>): string {
  const assigned = [...grubCfg.matchAll(/^\s*set default="(.*)"$/gm)].map(([, value = '']) => value)
  const value = assigned.findLast(one => one !== `\${next_entry}`) ?? '0'
  return value === `\${saved_entry}` ? (environment.get('saved_entry') ?? '') : value
}

function findEntry(menu: readonly Item[], wanted: string): Item | undefined {
  const [first = '', ...rest] = wanted.split(/(?<!>)>(?!>)/)
  const number = /^\d+$/.test(first) ? Number(first) : -1
  const item =
    menu[number] ?? menu.find(({ title, id }) => title === first || (id === first && id !== '')) ?? menu[0]
  return item?.items === undefined ? item : findEntry(item.items, rest.join('>'))
}
