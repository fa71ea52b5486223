import { type Argv, applyChanges, type Change } from '../../host/change.ts'
import type { Host, Menu, MenuEntry } from '../../host/host.ts'
import { type ArgEdit, isSatisfied, sameTokens } from '../../host/kernel_args.ts'
import { ifKnown, predicted } from '../../host/known.ts'
import { menuOf, withMenu } from '../../host/menus.ts'
import { releaseAt } from '../../host/releases.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Artifact } from '../artifact.ts'
import { all, any, type Evidence, loaderInfo, stubInfo, where } from '../evidence.ts'
import type { Bootloader, NextBoot } from './bootloader.ts'
import { choose } from './entries/loader_choice.ts'
import { compareEntries, entryFiles, loaderConfig, loaderEntries } from './entries/loader_entries.ts'
import { unifiedImages } from './formats/uki_images.ts'
import { type ImageSource, KERNEL_IN_MODULES, SOURCE_FILES, sourceOf } from './formats/uki_sources.ts'
import { BOOT_ROOTS, findsRoot, SYSTEMD_BOOT } from './systemd_boot.ts'

const NAME = 'UKI'

/** No evidence for it, but whether they are there has to be known. */
const asked: Evidence = {
  tools: ['ukify'],
  paths: [KERNEL_IN_MODULES],
  find: () => ({ says: '', ofBoot: false }),
}

/**
 * Unified kernel images (UAPI.5, systemd-stub(7)), started by the firmware itself or by systemd-boot. The command line
 * is within the image: its source is edited, and the image built anew by whoever built it.
 */
export const uki: Bootloader = {
  name: NAME,
  manages: ['systemd-boot'],
  evidence: all(
    any(
      stubInfo(/./),
      all(
        loaderInfo(/^systemd-boot /),
        where(hasImagesOnly, 'its menu has unified kernel images and no other entries'),
      ),
    ),
    asked,
  ),
  reads: [...new Set([...entryFiles(BOOT_ROOTS), ...SOURCE_FILES])],
  observes: unifiedImages,
  configured(host) {
    const image = nextImage(host)
    if (isRefusal(image)) return image
    const source = sourceOf(host, image.image)
    if (source === undefined) return notBuiltHere(image.image)
    return isRefusal(source) ? source : (source.tokens ?? image.image.args)
  },
  edit(host, edits) {
    const own = ownImages(host)
    if (isRefusal(own)) return own
    const next = nextImage(host)
    if (isRefusal(next)) return next
    if (!own.some(({ image }) => image.kernel === next.image.kernel)) return notBuiltHere(next.image)
    return editSources(host, own, edits)
  },
  next(host) {
    const next = nextImage(host)
    if (isRefusal(next)) return next
    const { image, chosenBy } = next
    return {
      title: image.title,
      chosenBy,
      release: image.unified?.release || releaseAt(host, image.kernel),
      cmdline: image.args,
    } satisfies NextBoot
  },
  get menu() {
    return menu
  },
}

/** A signed image that a rebuild makes anew, and who signs it then; first one that nobody does. */
export function signedImages(
  host: Host,
): { readonly path: string; readonly signer: string | undefined } | undefined {
  const own = ownImages(host)
  const images = isRefusal(own) ? imagesOf(host).map(image => ({ image, source: undefined })) : own
  const signed = images
    .filter(({ image }) => image.unified?.signed)
    .map(({ image, source }) => ({ path: image.kernel, signer: source?.signer }))
  return signed.find(({ signer }) => signer === undefined) ?? signed[0]
}

const imagesOf = (host: Host): readonly MenuEntry[] => ifKnown(menuOf(host, NAME))?.entries ?? []

interface OwnImage {
  readonly image: MenuEntry
  readonly source: ImageSource
}

/** Those that are built on this machine. */
function ownImages(host: Host): OwnImage[] | Refusal {
  const own: OwnImage[] = []
  for (const image of imagesOf(host)) {
    const source = sourceOf(host, image)
    if (source === undefined) continue
    if (isRefusal(source)) return source
    own.push({ image, source })
  }
  return own
}

/** Sources are edited one after the other, as images may share one; none where every image carries the edits already. */
function editSources(
  host: Host,
  own: readonly OwnImage[],
  edits: readonly ArgEdit[],
): readonly Change[] | Refusal {
  const changes: Change[] = []
  for (const { image, source } of own) {
    if (source.tokens === undefined && edits.every(edit => isSatisfied(image.args, edit))) continue
    const now = sourceOf(applyChanges(host, changes), image) ?? source
    if (isRefusal(now)) return now
    const made = now.edit(edits)
    if (isRefusal(made)) return made
    if (now.tokens !== undefined && findsRoot(image.args) && !findsRoot(now.tokens)) return losesRoot(image)
    changes.push(...made)
  }
  return changes
}

const menu: Artifact = {
  kind: 'menu',
  title: 'the unified kernel images',
  rebuild(host) {
    const own = ownImages(host)
    const commands = isRefusal(own) ? [] : own.map(({ source }) => source.rebuild)
    return commands.filter((argv, i) => commands.findIndex(other => same(other, argv)) === i)
  },
  writes: host => {
    const own = ownImages(host)
    return isRefusal(own) ? [] : own.map(({ image }) => image.kernel)
  },
  isStale(host) {
    const own = ownImages(host)
    if (isRefusal(own)) return undefined
    const stale = own.find(({ image, source }) => source.tokens && !sameTokens(image.args, source.tokens))
    return stale && `${stale.image.kernel} does not carry the configured arguments`
  },
  derive(host) {
    const now = ifKnown(menuOf(host, NAME))
    const own = ownImages(host)
    if (now === undefined || isRefusal(own)) return host
    const entries = now.entries.map(entry =>
      rebuilt(
        entry,
        own.find(({ image }) => image.kernel === entry.kernel),
      ),
    )
    return withMenu(host, NAME, predicted({ ...now, entries }))
  },
}

const same = (a: Argv, b: Argv): boolean => a.join('\0') === b.join('\0')

function rebuilt(entry: MenuEntry, own: OwnImage | undefined): MenuEntry {
  if (own === undefined) return entry
  const { tokens = entry.args, signer } = own.source
  const unified = entry.unified && { ...entry.unified, signed: entry.unified.signed && signer !== undefined }
  return { ...entry, args: tokens, ...(unified && { unified }) }
}

function hasImagesOnly(host: Host): boolean {
  return imagesOf(host).length > 0 && !loaderEntries(host, SYSTEMD_BOOT).some(({ isLinux }) => isLinux)
}

interface Chosen {
  readonly image: MenuEntry
  readonly chosenBy: string
}

function nextImage(host: Host): Chosen | Refusal {
  const now = menuOf(host, NAME)
  if (now.is === 'unknown') return refuse(`the unified kernel images cannot be read: ${now.why}`, MOUNT)
  if (now.value.entries.length === 0)
    return refuse(
      `no unified kernel image can be seen in ${BOOT_ROOTS.map(root => `${root}/EFI`).join(', ')}`,
      MOUNT,
    )
  return /^systemd-boot /.test(host.firmware.loaderInfo ?? '')
    ? nextOfLoader(host, now.value)
    : nextOfFirmware(now.value)
}

const MOUNT = 'mount the EFI system partition (bootctl --print-esp-path names it), then run again'

/** Started by the firmware: its boot entry stays the same, and names the image that has booted now. */
function nextOfFirmware({ entries, saved }: Menu): Chosen | Refusal {
  const booted = saved.replaceAll('\\', '/').toLowerCase()
  const named = booted === '' ? [] : entries.filter(({ kernel }) => kernel.toLowerCase().endsWith(booted))
  const [image, other] = named.length > 0 ? named : entries
  if (image !== undefined && other === undefined) return { image, chosenBy: 'the firmware' }
  return refuse(
    `which of the unified kernel images the firmware starts cannot be told: ${entries.map(({ kernel }) => kernel).join(', ')}`,
    'say it in the firmware (efibootmgr -v shows its entries), or leave this host out with --limit',
  )
}

/** systemd-boot shows the images of EFI/Linux among its entries (systemd-boot(7)). */
function nextOfLoader(host: Host, { entries }: Menu): Chosen | Refusal {
  const images = entries.filter(({ kernel }) => /\/EFI\/Linux\/[^/]+$/i.test(kernel))
  const items = [...images.map(itemOf), ...loaderEntries(host, SYSTEMD_BOOT)].toSorted(compareEntries)
  const config = loaderConfig(host, SYSTEMD_BOOT)
  if (isRefusal(config)) return config
  const chosen = choose(host, { loader: SYSTEMD_BOOT.name, entries: items, images: [], config })
  if (isRefusal(chosen)) return chosen
  const { entry, chosenBy } = chosen
  return 'image' in entry ? { image: entry.image, chosenBy } : notAnImage(entry.path, chosenBy)
}

const itemOf = (image: MenuEntry) => ({
  image,
  id: image.id.toLowerCase(),
  sortKey: image.unified?.sortKey ?? '',
  machineId: '',
  version: image.unified?.version ?? '',
  triesLeft: triesIn(image.id, 1),
  triesDone: triesIn(image.id, 2) ?? 0,
})

/** Boot counting: NAME+LEFT-DONE.efi. */
function triesIn(id: string, group: 1 | 2): number | undefined {
  const count = /\+(\d+)(?:-(\d+))?\.efi$/i.exec(id)?.[group]
  return count === undefined ? undefined : Number(count)
}

const notAnImage = (entry: string, chosenBy: string): Refusal =>
  refuse(
    `${chosenBy} is ${entry}, which is no unified kernel image`,
    'boot what shall be prepared, or set its default (bootctl set-default), then run again',
  )

const losesRoot = ({ kernel }: MenuEntry): Refusal =>
  refuse(
    `${kernel} names the root file system on its command line, and what it is built from does not: the next build would not boot`,
    'write the whole command line there, root= included, then run again',
  )

const notBuiltHere = ({ kernel }: MenuEntry): Refusal =>
  refuse(
    `nothing here says how ${kernel} is built: no preset of mkinitcpio, no kernel-install with layout=uki, no dracut with uefi="yes"`,
    'set the arguments where the image is built, by hand, or leave this host out with --limit',
  )
