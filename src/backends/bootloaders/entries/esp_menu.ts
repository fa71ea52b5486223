import type { Bytes } from '../../../host/bytes.ts'
import type { Fact } from '../../../host/facts/fact.ts'
import type { Host, Menu, MenuEntry } from '../../../host/host.ts'
import { splitArgs } from '../../../host/kernel_args.ts'
import { type Known, observed, unknown } from '../../../host/known.ts'
import { isRefusal, type Refusal, refuse } from '../../../refusal.ts'
import type { NextBoot } from '../bootloader.ts'
import { parseBlsEntry } from './bls.ts'
import { choose } from './loader_choice.ts'
import {
  asLinuxEntry,
  asShown,
  compareEntries,
  defaultIn,
  type EntryLoader,
  initrdTokens,
  isShown,
  kernelOf,
  kernelUnknown,
  notLinux,
} from './loader_entries.ts'
import { isRescue } from './own_entries.ts'

/**
 * The menu of type #1 entries on ESPs that are mounted only while they are written. `devices` is shell that prints
 * paths of block devices, one a line; none where it is not that tool's machine. Each is mounted read-only, in a mount
 * namespace that ends with the look: nothing is written, and nothing stays mounted. Where a device is mounted already
 * it cannot be mounted otherwise, and is read there.
 */
export const espMenu = (devices: string, loader: EntryLoader): Fact<Known<Menu>> => ({
  commands: {
    esps: `[ "$(id -u)" = 0 ] || return 0
set -- $(${devices})
[ $# -gt 0 ] && unshare -m sh -c '${READ_ESPS}' sh "$root" "$@"`,
  },
  parse: (out: Readonly<Record<string, Bytes>>) => parseEsps(out.esps ?? '', loader),
})

/** Without single quotes, as it stands between them. */
const READ_ESPS = `root=$1; shift
at=$root/mnt; [ -d "$at" ] || at=$root/run
for d do
  echo "device $d"
  if mount -t vfat -o ro,nosuid,nodev,noexec "$root$d" "$at"; then in=$at
  else
    in=; r=$(readlink -f "$root$d")
    while read -r s m rest; do [ "$s" = "$r" ] && in=$m; done <"$root/proc/self/mounts"
    [ -n "$in" ] || continue
  fi
  ( cd "$in" || exit
    for f in loader/loader.conf loader/entries/*.conf; do [ -f "$f" ] && echo "file $f" && sed "s/^/line /" "$f" && echo; done
    for f in EFI/Linux/*.efi; do [ -f "$f" ] && echo "image $f"; done
    echo end )
  [ "$in" = "$at" ] && umount "$at"
done`

/** Entries of every device, device by device, as their menus show them; unified kernel images behind them. */
function parseEsps(bytes: Bytes, loader: EntryLoader): Known<Menu> {
  const [, ...blocks] = `\n${bytes}`.split('\ndevice ')
  if (blocks.length === 0) return unknown('its ESPs are only shown to root')
  const esps = blocks.map(block => parseEsp(block.split('\n'), loader))
  const unread = esps.find(({ isWhole }) => !isWhole)
  if (unread !== undefined) return unknown(`${unread.device} cannot be mounted read-only`)
  const [first] = esps
  const other = esps.find(esp => esp.default !== first?.default)
  if (other !== undefined) return unknown(`${first?.device} and ${other.device} name different defaults`)
  return observed({
    path: esps.map(({ device }) => device).join(', '),
    default: first?.default ?? '',
    saved: '',
    entries: esps.flatMap(({ entries }) => entries),
  })
}

function parseEsp([device = '', ...lines]: readonly string[], loader: EntryLoader) {
  const files = new Map<string, string>()
  const images: string[] = []
  let path = ''
  for (const line of lines) {
    const [, word, rest = ''] = /^(file|line|image) (.*)$/s.exec(line) ?? []
    if (word === 'file') path = rest
    if (word === 'file') files.set(path, '')
    if (word === 'line') files.set(path, `${files.get(path) ?? ''}${rest}\n`)
    if (word === 'image') images.push(rest)
  }
  const entries = [...files]
    .filter(([name]) => name.startsWith('loader/entries/'))
    .map(([name, text]) => ({ ...asShown(parseBlsEntry(name, text), loader), text }))
    .filter(isShown)
    .toSorted(compareEntries)
    .map((entry): MenuEntry => {
      const options = splitArgs(entry.options.map(({ start, end }) => entry.text.slice(start, end)).join(' '))
      return {
        title: entry.title === '' ? entry.id : entry.title,
        id: entry.id,
        source: device,
        kernel: entry.isLinux ? entry.linux : '',
        args: [...initrdTokens(entry), ...options],
        recovery: isRescue(asLinuxEntry(entry, options)),
      }
    })
  return {
    device,
    isWhole: lines.includes('end'),
    default: defaultIn(files.get('loader/loader.conf') ?? ''),
    entries: [...entries, ...images.map(image => imageEntry(device, image))],
  }
}

const imageEntry = (device: string, path: string): MenuEntry => ({
  title: path,
  id: (path.split('/').at(-1) ?? path).toLowerCase(),
  source: device,
  kernel: path,
  args: [],
  recovery: false,
})

const isImage = ({ kernel }: MenuEntry): boolean => kernel.startsWith('EFI/Linux/')

/** Entries that take our arguments. */
export const isLinuxEntry = (entry: MenuEntry): boolean =>
  entry.kernel !== '' && !isImage(entry) && !entry.recovery

/** What such a menu boots next. Several ESPs hold the same entries, and any of them may be the one that is booted. */
export function nextOfMenu(host: Host, loader: string, menu: Menu): NextBoot | Refusal {
  const differing = differingEsps(menu)
  if (differing !== undefined) return differing
  const [entries, images] = [menu.entries.filter(entry => !isImage(entry)), menu.entries.filter(isImage)]
  const config = { path: `loader.conf of ${menu.path}`, default: menu.default }
  const choice = choose(host, { loader, entries, images: images.map(({ id }) => id), config })
  if (isRefusal(choice)) return choice
  const { entry, chosenBy } = choice
  const path = `${entry.id} of ${entry.source}`
  if (entry.kernel === '') return notLinux({ path }, chosenBy)
  const kernel = kernelOf(host, { linux: entry.kernel, version: '' })
  if (kernel === undefined) return kernelUnknown({ path, linux: entry.kernel })
  return { title: entry.title, chosenBy, release: kernel.release, cmdline: entry.args }
}

function differingEsps({ entries }: Menu): Refusal | undefined {
  const [first, ...others] = [...Map.groupBy(entries, ({ source }) => source)].map(([source, own]) => ({
    source,
    menu: own.map(({ id, args }) => [id, ...args].join(' ')).join('\n'),
  }))
  const other = others.find(({ menu }) => menu !== first?.menu)
  return (
    other &&
    refuse(
      `the entries on ${first?.source} and ${other.source} differ, and which of the two is booted cannot be told`,
      'bring them up to date with the tool that writes them',
    )
  )
}
