import type { RunningSystem } from '../boot/boot.ts'
import { bridgesAbove } from '../boot/groups.ts'
import type { AcpiTable, DeviceDescription, MachineDescription } from '../description.ts'
import { moduleOfDriver } from '../modules.ts'
import { type Entry, file, filesIn, folder, link, type Tree } from '../tree.ts'
import { blockDevices } from './block.ts'

/** /sys of a running machine: Documentation/ABI/testing/sysfs-bus-pci, sysfs-kernel-iommu_groups, sysfs-class-iommu. */
export function sysfs(machine: MachineDescription, system: RunningSystem): Tree {
  return new Map([
    ...machine.devices.flatMap(device => deviceEntries(machine, system, device)),
    ...driverEntries(machine, system),
    ...moduleEntries(system),
    ...iommuEntries(machine, system),
    ...groupEntries(machine, system),
    ...networkEntries(machine),
    ...displayEntries(machine, system),
    ...blockEntries(machine),
    ...firmwareEntries(machine, system),
  ])
}

type Entries = [string, Entry][]

/** /sys/devices/pci0000:00/0000:00:1b.0/0000:02:00.0 */
export function devicePath(machine: MachineDescription, device: DeviceDescription): string {
  const bridges = bridgesAbove(machine, device).toReversed()
  return ['/sys/devices/pci0000:00', ...[...bridges, device].map(({ at }) => `0000:${at}`)].join('/')
}

const pathAt = (machine: MachineDescription, at: string): string => {
  const device = machine.devices.find(one => one.at === at)
  if (device === undefined)
    throw new Error(`${machine.hostname} is described with a device at ${at}, which it does not have`)
  return devicePath(machine, device)
}

function deviceEntries(
  machine: MachineDescription,
  system: RunningSystem,
  device: DeviceDescription,
): Entries {
  const path = devicePath(machine, device)
  const driver = system.binding.drivers.get(device.at)
  const group = system.groups.get(device.at)
  return [
    link(`/sys/bus/pci/devices/0000:${device.at}`, path),
    ...filesIn(path, attributes(machine, device, driver)),
    [`${path}/driver_override`, file(`${system.binding.overrides.get(device.at) ?? '(null)'}\n`)],
    [`${path}/enable`, file(driver === undefined ? '0\n' : '1\n')],
    link(`${path}/subsystem`, '/sys/bus/pci'),
    ...(driver === undefined ? [] : [link(`${path}/driver`, `/sys/bus/pci/drivers/${driver}`)]),
    ...(driver === 'vfio-pci' ? vfioDevice(system, path, device) : []),
    ...(group === undefined
      ? []
      : [
          link(`${path}/iommu_group`, `/sys/kernel/iommu_groups/${group}`),
          ...unitLink(machine, system, path),
        ]),
  ]
}

function attributes(
  machine: MachineDescription,
  device: DeviceDescription,
  driver: string | undefined,
): Record<string, string> {
  const [vendor = '', id = ''] = device.id.split(':')
  const [subvendor = '', subdevice = ''] = device.subsystem.split(':')
  const alias = modalias(device)
  return {
    vendor: `0x${vendor}\n`,
    device: `0x${id}\n`,
    subsystem_vendor: `0x${subvendor}\n`,
    subsystem_device: `0x${subdevice}\n`,
    class: `0x${device.class}\n`,
    revision: `0x${device.revision ?? '00'}\n`,
    modalias: `${alias}\n`,
    numa_node: '-1\n',
    power_state: 'D0\n',
    uevent: [
      ...(driver === undefined ? [] : [`DRIVER=${driver}`]),
      `PCI_CLASS=${device.class.replace(/^0+/, '').toUpperCase()}`,
      `PCI_ID=${device.id.toUpperCase()}`,
      `PCI_SUBSYS_ID=${device.subsystem.toUpperCase()}`,
      `PCI_SLOT_NAME=0000:${device.at}`,
      `MODALIAS=${alias}\n`,
    ].join('\n'),
    // drivers/pci/pci-sysfs.c shows boot_vga for VGA controllers, reset_method for what can be reset.
    ...(device.class.startsWith('0300') ? { boot_vga: device.bootVga ? '1\n' : '0\n' } : {}),
    ...(device.behind === undefined ? {} : { reset_method: 'bus\n', ...LINK }),
    ...(device.class.startsWith('03') ? { resource: WINDOWS } : {}),
    ...(device.class.startsWith('0604') ? busNumbers(machine, device) : {}),
  }
}

const LINK = {
  current_link_speed: '8.0 GT/s PCIe\n',
  current_link_width: '4\n',
  max_link_speed: '8.0 GT/s PCIe\n',
  max_link_width: '4\n',
}

/** Registers, and a quarter of a gigabyte of the card's memory: six BARs and the expansion ROM. */
const WINDOWS = [
  '0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200',
  '0x00000000e0000000 0x00000000efffffff 0x000000000014220c',
  ...Array<string>(4).fill('0x0000000000000000 0x0000000000000000 0x0000000000000000'),
  '0x00000000f7000000 0x00000000f707ffff 0x0000000000046200\n',
].join('\n')

/** file2alias.c: pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00 */
function modalias(device: DeviceDescription): string {
  const ids = [...device.id.split(':'), ...device.subsystem.split(':')].map(hex =>
    hex.toUpperCase().padStart(8, '0'),
  )
  const [base, sub, programming] = device.class.toUpperCase().match(/../g) ?? []
  return `pci:v${ids[0]}d${ids[1]}sv${ids[2]}sd${ids[3]}bc${base}sc${sub}i${programming}`
}

/** The buses behind a bridge; one with nothing behind it still got a number from the firmware. */
function busNumbers(machine: MachineDescription, bridge: DeviceDescription): Record<string, string> {
  const behind = machine.devices.filter(device => bridgesAbove(machine, device).includes(bridge))
  const buses = behind.map(({ at }) => Number.parseInt(at.slice(0, 2), 16))
  if (buses.length === 0) return {}
  return {
    secondary_bus_number: `${Math.min(...buses)}\n`,
    subordinate_bus_number: `${Math.max(...buses)}\n`,
  }
}

function vfioDevice(system: RunningSystem, path: string, device: DeviceDescription): Entries {
  const number = [...system.binding.drivers]
    .filter(([, driver]) => driver === 'vfio-pci')
    .findIndex(([at]) => at === device.at)
  const at = `${path}/vfio-dev/vfio${number}`
  return [
    [`${at}/dev`, file(`511:${number}\n`, 0o444)],
    link(`${at}/device`, path),
    link(`/sys/class/vfio-dev/vfio${number}`, at),
  ]
}

/** Built-in drivers have no module link; a bound driver lists its devices. */
function driverEntries(machine: MachineDescription, system: RunningSystem): Entries {
  const { drivers, loaded } = system.binding
  const registered = [
    ...new Set([...drivers.values(), ...machine.devices.flatMap(({ driver }) => driver ?? []), 'vfio-pci']),
  ]
  return registered.flatMap(driver => {
    const module = moduleOfDriver(driver)
    const isBuiltin = module === undefined || (driver === 'vfio-pci' && system.kernel.vfio === 'builtin')
    if (!isBuiltin && !loaded.includes(module)) return []
    const path = `/sys/bus/pci/drivers/${driver}`
    const bound = [...drivers].filter(([, name]) => name === driver).map(([at]) => at)
    return [
      ...filesIn(path, { bind: '', unbind: '', new_id: '', remove_id: '', uevent: '' }, 0o200),
      ...(isBuiltin
        ? []
        : [
            link(`${path}/module`, `/sys/module/${module}`),
            link(`/sys/module/${module}/drivers/pci:${driver}`, path),
          ]),
      ...bound.map(at => link(`${path}/0000:${at}`, pathAt(machine, at))),
    ]
  })
}

function moduleEntries(system: RunningSystem): Entries {
  const { loaded } = system.binding
  const hasVfio = loaded.includes('vfio_pci') || system.kernel.vfio === 'builtin'
  return [
    ...loaded.flatMap(module => filesIn(`/sys/module/${module}`, { initstate: 'live\n' })),
    // `ids` has no permissions and so no file (drivers/vfio/pci/vfio_pci.c).
    ...(hasVfio
      ? filesIn('/sys/module/vfio_pci/parameters', { disable_idle_d3: 'N\n', disable_vga: 'N\n' })
      : []),
  ]
}

/** dmarN is a virtual device, ivhdN hangs below the IOMMU's own PCI function (drivers/iommu/iommu-sysfs.c). */
function iommuEntries(machine: MachineDescription, system: RunningSystem): Entries {
  const units = system.iommu.units.flatMap(unit => {
    const path = unitPath(machine, unit)
    const members = [...system.groups.keys()].map(at =>
      link(`${path}/devices/0000:${at}`, pathAt(machine, at)),
    )
    return [
      link(`/sys/class/iommu/${unit}`, path),
      ...filesIn(`${path}/${UNIT_FOLDER[unit]}`, UNIT_FILES[unit] ?? {}),
      ...members,
    ]
  })
  return [['/sys/class/iommu', folder], ...units]
}

const UNIT_FOLDER: Readonly<Record<string, string>> = { dmar0: 'intel-iommu', ivhd0: 'amd-iommu' }
const UNIT_FILES: Readonly<Record<string, Record<string, string>>> = {
  dmar0: { address: 'fed90000\n', cap: 'd2008c40660462\n', ecap: 'f050da\n', version: '1:0\n' },
  ivhd0: { cap: '190b640f\n', features: '58f77ef22294a5a:0\n' },
}

function unitPath(machine: MachineDescription, unit: string): string {
  const function_ = machine.devices.find(device => device.class === '080600')
  return function_ === undefined
    ? `/sys/devices/virtual/iommu/${unit}`
    : `${devicePath(machine, function_)}/iommu/${unit}`
}

const unitLink = (machine: MachineDescription, system: RunningSystem, path: string): Entries =>
  system.iommu.units.map(unit => link(`${path}/iommu`, unitPath(machine, unit)))

function groupEntries(machine: MachineDescription, system: RunningSystem): Entries {
  const groups = Map.groupBy(system.groups, ([, group]) => group)
  const entries = [...groups].flatMap(([group, members]) => {
    const path = `/sys/kernel/iommu_groups/${group}`
    const devices = members.flatMap(([at]) => machine.devices.filter(device => device.at === at))
    const regions = [...devices.flatMap(({ reserved }) => reserved ?? []), ...RESERVED[machine.cpu.vendor]]
    return [
      ...filesIn(path, { reserved_regions: `${regions.toSorted().join('\n')}\n` }),
      [`${path}/type`, file(system.iommu.passthrough ? 'identity\n' : 'DMA-FQ\n')] satisfies [string, Entry],
      ...devices.map(device => link(`${path}/devices/0000:${device.at}`, devicePath(machine, device))),
    ]
  })
  return [['/sys/kernel/iommu_groups', folder], ...entries]
}

/** The MSI window; AMD's HyperTransport range. */
const RESERVED = {
  GenuineIntel: ['0x00000000fee00000 0x00000000feefffff msi'],
  AuthenticAMD: [
    '0x00000000fee00000 0x00000000feefffff msi',
    '0x000000fd00000000 0x000000ffffffffff reserved',
  ],
}

function networkEntries(machine: MachineDescription): Entries {
  const { device, interface: name, mac } = machine.network
  const path = `${pathAt(machine, device)}/net/${name}`
  const loopback = '/sys/devices/virtual/net/lo'
  return [
    ...filesIn(path, { address: `${mac}\n`, ifindex: '2\n', operstate: 'up\n', type: '1\n' }),
    link(`${path}/device`, pathAt(machine, device)),
    link(`${path}/subsystem`, '/sys/class/net'),
    link(`/sys/class/net/${name}`, path),
    ...filesIn(loopback, {
      address: '00:00:00:00:00:00\n',
      ifindex: '1\n',
      operstate: 'unknown\n',
      type: '772\n',
    }),
    link('/sys/class/net/lo', loopback),
  ]
}

/** A display whose own driver has it is a card for programs that draw; one that vfio-pci has is none. */
function displayEntries(machine: MachineDescription, system: RunningSystem): Entries {
  const cards = machine.devices.filter(device => {
    const driver = system.binding.drivers.get(device.at)
    return device.class.startsWith('03') && driver !== undefined && driver !== 'vfio-pci'
  })
  return cards.flatMap((device, number) => {
    const path = `${devicePath(machine, device)}/drm/card${number}`
    return [
      ...filesIn(path, { dev: `226:${number}\n` }),
      link(`${path}/device`, devicePath(machine, device)),
      link(`/sys/class/drm/card${number}`, path),
    ]
  })
}

function blockEntries(machine: MachineDescription): Entries {
  return blockDevices(machine.disk, pathAt(machine, machine.disk.controller)).flatMap(
    ({ name, path, number, partition, sectors }) => [
      ...filesIn(path, {
        dev: `${number}\n`,
        size: `${sectors}\n`,
        ...(partition === undefined ? { removable: '0\n' } : { partition: `${partition}\n` }),
      }),
      [`${path}/holders`, folder] satisfies [string, Entry],
      [`${path}/slaves`, folder] satisfies [string, Entry],
      link(`${path}/subsystem`, '/sys/class/block'),
      link(`/sys/class/block/${name}`, path),
      link(`/sys/dev/block/${number}`, path),
    ],
  )
}

function firmwareEntries(machine: MachineDescription, system: RunningSystem): Entries {
  const { tables, uefi } = machine.firmware
  return [
    ['/sys/firmware/acpi/tables', folder],
    ...tables.map((table): [string, Entry] => [
      `/sys/firmware/acpi/tables/${table.signature}`,
      file(acpiTable(table), 0o400),
    ]),
    ...(uefi ? filesIn('/sys/firmware/efi', { fw_platform_size: '64\n' }) : []),
    ...(uefi ? [['/sys/firmware/efi/efivars', folder] satisfies [string, Entry]] : []),
    ...(uefi ? efiVariables(system) : []),
  ]
}

/** efivarfs: four bytes of attributes (boot service and runtime access), then the value, UTF-16 with a zero at its end. */
const efiVariables = (system: RunningSystem): Entries =>
  Object.entries(system.efiVariables).map(([name, text]) => [
    `/sys/firmware/efi/efivars/${name}-${LOADER_GUID}`,
    file(Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from(`${text}\0`, 'utf16le')])),
  ])

/** Of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE). */
const LOADER_GUID = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f'

/** The 36-byte header of the ACPI specification, 5.2.6; the rest is zeros here. */
function acpiTable({ signature, length, revision, oem, oemTable }: AcpiTable): Buffer {
  const table = Buffer.alloc(length)
  table.write(signature, 0, 'ascii')
  table.writeUInt32LE(length, 4)
  table.writeUInt8(revision, 8)
  table.write(oem.padEnd(6), 10, 'ascii')
  table.write(oemTable.padEnd(8), 16, 'ascii')
  table.writeUInt32LE(1, 24)
  table.write('INTL', 28, 'ascii')
  table.writeUInt32LE(1, 32)
  // All bytes together must sum up to zero.
  table.writeUInt8(-table.reduce((sum, byte) => sum + byte, 0) & 0xff, 9)
  return table
}
