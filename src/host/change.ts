import type { Bytes } from './bytes.ts'
import type { Host } from './host.ts'
import { ifKnown, type Known, predicted, unknown } from './known.ts'
import { isVfioDriver } from './pci.ts'

/** A program and its arguments, never a shell text. */
export type Argv = readonly [string, ...string[]]

/** Pure data: can be saved, compared, shown, and checked on the host before it is applied. */
export type Change =
  | {
      readonly kind: 'write'
      readonly path: string
      readonly before: Bytes | undefined
      readonly after: Bytes
    }
  | { readonly kind: 'remove'; readonly path: string; readonly before: Bytes }
  /** A program that edits its own configuration: grubby, kernelstub, rpm-ostree. */
  | {
      readonly kind: 'run'
      readonly argv: Argv
      readonly reason: string
      /** The files that it writes: as they are, and as they are expected to be afterwards. */
      readonly edits: readonly FileEdit[]
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
export interface FileEdit {
  readonly path: string
  readonly before: Bytes | undefined
  readonly after: Bytes | undefined
}

/** Files made by us are world-readable configuration, as their neighbours are. */
const NEW_FILE_MODE = '644'

/** The only overlay: what the host will look like once the change is applied. */
export const applyChange = (host: Host, change: Change): Host =>
  change.kind === 'bind' ? applyBind(host, change) : editsOf(change).reduce(applyEdit, host)

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

function applyEdit(host: Host, { path, after }: FileEdit): Host {
  if (after === undefined) {
    const { [path]: _, ...files } = host.files
    return { ...host, files }
  }
  const mode = host.files[path]?.mode ?? NEW_FILE_MODE
  return { ...host, files: { ...host.files, [path]: { bytes: after, mode } } }
}

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
