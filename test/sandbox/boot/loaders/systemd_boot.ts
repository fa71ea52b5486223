import { join } from 'node:path'
import type { Disk } from '../../disk.ts'
import type { Started } from '../../distribution.ts'
import { compareVersions, type EntryFile, entryFiles } from './entry_file.ts'
import { load } from './load.ts'
import { readUki } from './uki.ts'

export interface LoaderOptions {
  /** What it says of itself in the variable LoaderInfo. */
  readonly info: string
  /** Where the partition it reads is mounted. */
  readonly boot: string
  /** Ids of entries are file names: with .conf in systemd-boot, without it in gummiboot and goofiboot. */
  readonly idsHaveSuffix: boolean
}

/**
 * systemd-boot, and goofiboot, which is a fork of what it came from: entries from newest to oldest, and of those the
 * one that LoaderEntryOneShot, LoaderEntryDefault or `default` in loader.conf names, the last of them a glob.
 * Initial RAM disks become initrd= arguments before the options (src/boot/efi/boot.c, config_entry_add_type1()).
 */
export function startSystemdBoot(disk: Disk, options: LoaderOptions): Started {
  const entries = [...typeOne(disk, options), ...typeTwo(disk, options)]
  const variable = (name: string) => readVariable(disk, name)
  const pattern = /^default\s+(\S+)/m.exec(disk.readIfThere(join(options.boot, 'loader/loader.conf')))?.[1]
  const oneShot = variable('LoaderEntryOneShot')
  const preferred = variable('LoaderEntryDefault')
  const entry =
    entries.find(({ id }) => id === oneShot) ??
    entries.find(({ id }) => id === preferred) ??
    entries.find(({ id }) => pattern !== undefined && matches(id, pattern)) ??
    entries[0]
  if (entry === undefined)
    throw new Error(`${options.info} has no entry to boot: this machine would stop there`)
  const started = entry.start()
  return {
    ...started,
    efiVariables: {
      LoaderInfo: options.info,
      LoaderEntrySelected: entry.id,
      ...(preferred === undefined ? {} : { LoaderEntryDefault: preferred }),
      ...started.efiVariables,
    },
  }
}

interface Choice {
  readonly id: string
  start(): Started
}

function typeOne(disk: Disk, options: LoaderOptions): Choice[] {
  return entryFiles(disk, join(options.boot, 'loader/entries'))
    .filter(entry => entry.first('linux') !== undefined)
    .toSorted((a, b) => compareVersions(b.id, a.id))
    .map(entry => ({
      id: options.idsHaveSuffix ? `${entry.id}.conf` : entry.id.toLowerCase(),
      start: () => startEntry(disk, options, entry),
    }))
}

function startEntry(disk: Disk, { info, boot }: LoaderOptions, entry: EntryFile): Started {
  const initrds = entry.all('initrd')
  const words = [...initrds.map(path => `initrd=${path.replaceAll('/', '\\')}`), ...entry.all('options')]
  // Those before the last one are microcode.
  const files = { kernel: join(boot, entry.first('linux') ?? ''), initrd: join(boot, initrds.at(-1) ?? '') }
  return {
    title: entry.first('title') ?? entry.id,
    cmdline: words.join(' '),
    efiVariables: {},
    ...load(disk, info, files),
  }
}

/** Unified kernel images are found where they are, without an entry (UAPI.1, type #2). */
function typeTwo(disk: Disk, { boot }: LoaderOptions): Choice[] {
  return disk
    .files(join(boot, 'EFI/Linux'), '.efi')
    .toReversed()
    .map(path => ({ id: path.replace(/^.*\//, ''), start: () => startUki(disk, path) }))
}

function startUki(disk: Disk, path: string): Started {
  const sections = readUki(disk.bytes(path))
  const [kernel, initrd, cmdline] = ['.linux', '.initrd', '.cmdline'].map(name => sections.get(name))
  if (kernel === undefined || initrd === undefined) throw new Error(`${path} holds no kernel and initrd`)
  return {
    title: path,
    kernel,
    initrd,
    // systemd-stub turns what is no printable character into blanks (src/boot/efi/stub.c).
    cmdline: (cmdline?.toString('latin1') ?? '').replaceAll(/[\0-\x20]+/g, ' ').trim(),
    efiVariables: { StubInfo: 'systemd-stub 256.7-1-arch' },
  }
}

/** Of the variables that efivarfs shows; one for a single boot goes with the old /sys. */
function readVariable(disk: Disk, name: string): string | undefined {
  const path = `/sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`
  if (!disk.has(path)) return undefined
  return disk.bytes(path).subarray(4).toString('utf16le').replace(/\0$/, '')
}

const matches = (id: string, glob: string): boolean =>
  new RegExp(
    `^${glob
      .replaceAll(/[.+^$(){}|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    'i',
  ).test(id)
