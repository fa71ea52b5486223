import type { Bytes } from './bytes.ts'
import type { Account, Host } from './host.ts'
import { ifKnown, type Known, predicted, unknown } from './known.ts'
import { isVfioDriver } from './pci.ts'

/** A program and its arguments, never a shell text. */
export type Argv = readonly [string, ...string[]]

/** Pure data: can be saved, compared, shown, and checked on the host before it is applied. */
export type Change =
  | ({
      readonly kind: 'write'
      readonly path: string
      readonly before: Bytes | undefined
      /** The same as before where only attributes change. */
      readonly after: Bytes
      /** What the attributes that it sets have been, to be brought back. */
      readonly formerly?: Attributes
    } & Attributes)
  | { readonly kind: 'remove'; readonly path: string; readonly before: Bytes }
  /** A program that edits its own configuration: grubby, kernelstub, rpm-ostree. */
  | {
      readonly kind: 'run'
      readonly argv: Argv
      readonly reason: string
      /** The files that it writes: as they are, and as they are expected to be afterwards. */
      readonly edits: readonly FileEdit[]
      /** The packages that it installs or removes. */
      readonly packages?: Readonly<Record<string, 'installed' | 'removed'>>
      /** Brings back what no file holds, when a later step fails. */
      readonly undo?: Argv
    }
  /** Moves an idle device from one driver to another now; lasts until the next boot, and writes no file. */
  | {
      readonly kind: 'bind'
      /** Full PCI address, and vendor:device, which is compared on the host first: addresses move. */
      readonly address: string
      readonly id: string
      /** '' for none. */
      readonly from: string
      /** '' for whatever the kernel finds for it once the override is gone. */
      readonly to: string
      /** What its driver_override is left at, where that is not `to`. */
      readonly override?: string
      /** Seconds for the kernel to let go of it, and as long again to take it. */
      readonly timeout: number
    }

/** undefined: there is no such file. */
export interface FileEdit extends Attributes {
  readonly path: string
  readonly before: Bytes | undefined
  readonly after: Bytes | undefined
  readonly formerly?: Attributes
}

/** What a file has beside its bytes; what is left out stays as it is. */
export interface Attributes {
  /** Permission bits, octal: `644`. */
  readonly mode?: string
  /** Names, or numbers. */
  readonly owner?: string
  readonly group?: string
}

/** Files made by us are world-readable configuration, as their neighbours are. */
const NEW_FILE_MODE = '644'

/** The only overlay: what the host will look like once the change is applied. */
export function applyChange(host: Host, change: Change): Host {
  if (change.kind === 'bind') return applyBind(host, change)
  const next = editsOf(change).reduce(applyEdit, host)
  return change.kind === 'run' && change.packages !== undefined ? applyPackages(next, change.packages) : next
}

/** Which version comes is for the package manager to say. */
function applyPackages(
  host: Host,
  packages: NonNullable<Extract<Change, { kind: 'run' }>['packages']>,
): Host {
  const foreseen = Object.entries(packages).map(([name, becomes]) => {
    const version =
      becomes === 'installed' ? unknown('the package manager chooses the version') : predicted('')
    return [name, predicted({ installed: becomes === 'installed', version })] as const
  })
  return { ...host, packages: { ...host.packages, ...Object.fromEntries(foreseen) } }
}

function applyBind(host: Host, { address, to, override = to }: Extract<Change, { kind: 'bind' }>): Host {
  const driver = to === '' ? unknown('which driver takes it back is for the kernel to say') : predicted(to)
  const vfioDev = isVfioDriver(to)
  const devices = host.devices.map(device =>
    device.address === address ? { ...device, driver, driverOverride: override, nodes: [], vfioDev } : device,
  )
  return { ...host, devices, driverModules: modulesAfter(host, to) }
}

function modulesAfter(host: Host, driver: string): Known<Readonly<Record<string, string>>> {
  if (driver === '') return unknown('the driver that takes a device back may have to be loaded')
  const module = driver.replaceAll('-', '_')
  const kernel = host.kernels.find(({ release }) => release === ifKnown(host.kernel))
  if (kernel?.vfio[module]?.is !== 'module' || host.driverModules.is === 'unknown') return host.driverModules
  return predicted({ ...host.driverModules.value, [driver]: module })
}

function applyEdit(host: Host, edit: FileEdit): Host {
  const { path, after } = edit
  const places = placesAfter(host, edit)
  if (after === undefined) {
    const { [path]: _, ...files } = host.files
    return { ...host, files, places }
  }
  const mode = edit.mode ?? host.files[path]?.mode ?? NEW_FILE_MODE
  return { ...host, files: { ...host.files, [path]: { bytes: after, mode } }, places }
}

/** A path that no task names stays one that was not looked at. */
function placesAfter({ places }: Host, { path, after, owner, group }: FileEdit): Host['places'] {
  const place = places[path]
  if (place === undefined) return places
  if (after === undefined) return { ...places, [path]: { kind: 'absent' } }
  const before = place.kind === 'file' ? place : NEW_FILE
  return {
    ...places,
    [path]: {
      kind: 'file',
      owner: accountAfter(before.owner, owner),
      group: accountAfter(before.group, group),
    },
  }
}

/** The folder may decide it (chmod(1), setgid). */
const NOBODY_SAID = unknown('the file is a new one, and no task says whose')
const NEW_FILE = {
  owner: { name: NOBODY_SAID, id: NOBODY_SAID },
  group: { name: NOBODY_SAID, id: NOBODY_SAID },
}

function accountAfter(before: Account, given: string | undefined): Account {
  if (given === undefined) return before
  return /^\d+$/.test(given)
    ? { id: predicted(Number(given)), name: unknown('only its number was given') }
    : { name: predicted(given), id: unknown('only its name was given') }
}

/** What several edits of one file come to: of an attribute the last word counts, and what it was before the first. */
export const attributesOf = (edits: readonly FileEdit[]): Attributes & Pick<FileEdit, 'formerly'> => ({
  ...joined(edits),
  ...formerlyOf(edits),
})

export function formerlyOf(edits: readonly FileEdit[]): Pick<FileEdit, 'formerly'> {
  const formerly = joined(edits.toReversed().flatMap(edit => edit.formerly ?? []))
  return Object.keys(formerly).length === 0 ? {} : { formerly }
}

const joined = (all: readonly Attributes[]): Attributes =>
  Object.fromEntries(
    (['mode', 'owner', 'group'] as const).flatMap(name => {
      const last = all.findLast(one => one[name] !== undefined)?.[name]
      return last === undefined ? [] : [[name, last]]
    }),
  )

/** What a change does to files, whoever writes them. */
export function editsOf(change: Change): readonly FileEdit[] {
  switch (change.kind) {
    case 'write':
      return [change]
    case 'remove':
      return [{ ...change, after: undefined }]
    case 'run':
      return change.edits
    case 'bind':
      return []
  }
}

/** The paths that changes write to, each one once. */
export const pathsOf = (changes: readonly Change[]): string[] => [
  ...new Set(changes.flatMap(change => editsOf(change).map(({ path }) => path))),
]

/** The same in words; a menu may have many entries. */
export function placesOf(changes: readonly Change[]): string {
  const paths = pathsOf(changes)
  const [named, others] = paths.length > 3 ? [paths.slice(0, 2), paths.length - 2] : [paths, 0]
  const last = others > 0 ? `${others} more files` : named.at(-1)
  const first = others > 0 ? named : named.slice(0, -1)
  return first.length > 0 ? `${first.join(', ')} and ${last}` : (last ?? '')
}

export const applyChanges = (host: Host, changes: readonly Change[]): Host =>
  changes.reduce(applyChange, host)

/** The change that makes `path` hold `after`; none where it does already. */
export function write(host: Host, path: string, after: Bytes): readonly Change[] {
  const before = host.files[path]?.bytes
  return before === after ? [] : [{ kind: 'write', path, before, after }]
}
