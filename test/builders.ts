import { applyChanges, type Change, editsOf } from '../src/host/change.ts'
import type { Firmware, Host, Image, InstalledKernel, KernelLog, Menu, PciDevice } from '../src/host/host.ts'
import { splitArgs } from '../src/host/kernel_args.ts'
import { ifKnown, type Known, observed } from '../src/host/known.ts'
import type { Selector } from '../src/host/selectors.ts'
import { devices } from '../src/modules/arguments.ts'
import type { Module, Outcome } from '../src/modules/define.ts'
import { recordedHost } from './hosts/index.ts'

/** Hosts for tests: the lab's Debian 12 machine as it was recorded, with what the test is about put in its place. */
export const aHost = (differing: Partial<Host> = {}): Host => ({
  ...recordedHost('debian12-intel'),
  ...differing,
})

/** The same machine after a run and its reboot. */
export const aReadyHost = (differing: Partial<Host> = {}): Host => ({
  ...recordedHost('debian12-intel-ready'),
  ...differing,
})

/** An AMD machine with everything else as on the lab's. */
export const anAmdHost = (differing: Partial<Host> = {}): Host => {
  const host = aHost()
  return {
    ...host,
    cpu: { vendor: 'amd', model: 'AMD Ryzen 7 5700X', flags: ['svm'] },
    firmware: { ...host.firmware, tables: ['IVRS'] },
    iommu: { ...host.iommu, units: observed(['ivhd0']) },
    ...differing,
  }
}

/** The lab's firmware with other facts. */
export const aFirmware = (differing: Partial<Firmware> = {}): Firmware => ({
  ...aHost().firmware,
  ...differing,
})

/** The lab's IOMMU with other facts. */
export const anIommu = (differing: Partial<Host['iommu']> = {}): Host['iommu'] => ({
  ...aHost().iommu,
  ...differing,
})

interface DeviceOptions extends Partial<Omit<PciDevice, 'driver' | 'group' | 'vendor' | 'device'>> {
  /** vendor:device */
  readonly id?: string
  readonly driver?: string
  /** -1: in none. */
  readonly group?: number
}

/** A GeForce without a driver, at an address that the lab's machine has free. */
export function aDevice({
  id = '10de:13c2',
  driver = '',
  group = 40,
  ...rest
}: DeviceOptions = {}): PciDevice {
  const [vendor = '', device = ''] = id.split(':')
  return {
    address: '0000:0a:00.0',
    class: '030000',
    bootVga: false,
    bridges: [],
    driverOverride: '',
    subsystem: '',
    nodes: [],
    link: undefined,
    bars: [],
    resetMethods: undefined,
    sriov: undefined,
    physicalFunction: undefined,
    vfioDev: false,
    mediated: false,
    ...rest,
    vendor,
    device,
    driver: observed(driver),
    group: observed(group),
  }
}

export const withDevices = (host: Host, ...more: readonly PciDevice[]): Host => ({
  ...host,
  devices: [...host.devices, ...more],
})

/** The device at an address with other facts; one that gets another driver is no longer in VFIO's hands. */
export const withDevice = (host: Host, address: string, differing: Partial<PciDevice>): Host => ({
  ...host,
  devices: host.devices.map(device => {
    if (device.address !== address) return device
    const vfioDev = differing.driver === undefined ? device.vfioDev : false
    return { ...device, vfioDev, ...differing }
  }),
})

/** Files by path; undefined takes one away. */
export function withFiles(host: Host, files: Readonly<Record<string, string | undefined>>): Host {
  const kept = Object.entries(host.files).filter(([path]) => !(path in files))
  const put = Object.entries(files).flatMap(([path, bytes]) =>
    bytes === undefined ? [] : [[path, { bytes, mode: '644' }] as const],
  )
  return { ...host, files: Object.fromEntries([...kept, ...put]) }
}

export const withGrub = (host: Host, text: string): Host => withFiles(host, { '/etc/default/grub': text })

/** Booted with this command line. */
export const withCmdline = (host: Host, line: string): Host => ({
  ...host,
  cmdline: observed(splitArgs(line)),
})

export const withKernel = (host: Host, differing: Partial<InstalledKernel>): Host => ({
  ...host,
  kernels: host.kernels.map(kernel => ({ ...kernel, ...differing })),
})

/** With kernels that leave VT-d off until intel_iommu=on asks for it; those of Debian 12 switch it on by themselves. */
export const withVtdOffByDefault = (host: Host): Host =>
  withKernel(host, { config: observed({ CONFIG_INTEL_IOMMU: 'y', CONFIG_IRQ_REMAP: 'y' }) })

export const withLog = (host: Host, lines: readonly string[], differing: Partial<KernelLog> = {}): Host => ({
  ...host,
  log: observed({ source: 'journal', truncated: false, lines, ...differing }),
})

/** GRUB's menu with other facts. */
export function withMenu(host: Host, differing: Partial<Menu>): Host {
  const menu = host.menus.GRUB && ifKnown(host.menus.GRUB)
  if (menu === undefined) throw new Error('this host has no menu to vary')
  return withMenus(host, { GRUB: observed({ ...menu, ...differing }) })
}

export const withMenus = (host: Host, menus: Readonly<Record<string, Known<Menu>>>): Host => ({
  ...host,
  menus: { ...host.menus, ...menus },
})

/** The image at a path with other facts. */
export function withImage(host: Host, path: string, differing: Partial<Image>): Host {
  const image = host.images[path] && ifKnown(host.images[path])
  if (image === undefined) throw new Error(`this host has no image ${path} to vary`)
  return { ...host, images: { ...host.images, [path]: observed({ ...image, ...differing }) } }
}

/** Selectors as a playbook writes them, strings and mappings. */
export const selectors = (...written: readonly unknown[]): readonly Selector[] => devices.parse(written)

/** Plans one task as a playbook would write it: arguments checked and defaults filled in. */
export const planned = (module: Module, host: Host, args: Readonly<Record<string, unknown>> = {}): Outcome =>
  module.plan(host, module.args.parse(args))

/** The host that a module's changes predict; the same host where it has none. */
export const afterChanges = (host: Host, outcome: Outcome): Host =>
  outcome.kind === 'change' ? applyChanges(host, outcome.changes) : host

/** What an outcome writes, by path; undefined for a file that goes. */
export const written = (outcome: Outcome): Record<string, string | undefined> =>
  outcome.kind === 'change' ? writtenBy(outcome.changes) : {}

const writtenBy = (changes: readonly Change[]): Record<string, string | undefined> =>
  Object.fromEntries(changes.flatMap(editsOf).map(({ path, after }) => [path, after]))
