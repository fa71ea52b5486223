import type { Bytes } from './bytes.ts'
import { type Change, write } from './change.ts'
import { sha256 } from './digest.ts'
import type { Host, PciDevice } from './host.ts'
import { idOf } from './pci.ts'

/**
 * Binding one device and not its twin: a udev rule that knows the device by its address, and acts only while vendor and
 * device are what they were, since addresses move when a card is added. It comes before 80-drivers.rules, which loads
 * what the device asks for.
 */
export const RULES_FILE = '/etc/udev/rules.d/70-vfio-run.rules'

/** What must be looked at on every host for that. */
export const UDEV_FILES: readonly string[] = [RULES_FILE]

/** A rule of ours, and where it stands in RULES_FILE. */
export interface AddressRule {
  /** Full address. */
  readonly address: string
  /** vendor:device, which must still be there. */
  readonly id: string
  /** The driver that it gives the device to, as sysfs calls it: vfio-pci, mlx5_vfio_pci. */
  readonly driver: string
  /** Offset of its line, and of the character after the newline. */
  readonly start: number
  readonly end: number
}

/** Total: what is not exactly of our form is somebody else's line. */
export function addressRules(host: Host): readonly AddressRule[] {
  const file = host.files[RULES_FILE]
  return file === undefined || file.masks ? [] : [...rulesIn(file.bytes)]
}

/** The rule that binds this device: one for another card at its address is not for it. */
export const addressRuleOf = (host: Host, device: PciDevice): AddressRule | undefined =>
  addressRules(host).findLast(rule => rule.address === device.address && rule.id === idOf(device))

/** A rule whose card is no longer where it was: another one has its address. */
export const movedRule = (host: Host): { rule: AddressRule; now: PciDevice } | undefined =>
  addressRules(host).flatMap(rule => {
    const now = host.devices.find(device => device.address === rule.address && idOf(device) !== rule.id)
    return now === undefined ? [] : [{ rule, now }]
  })[0]

/** sha256 of the rules by path, as images must carry them. */
export const ruleHashes = (host: Host): Readonly<Record<string, string>> => {
  const file = host.files[RULES_FILE]
  return file === undefined || file.masks ? {} : { [RULES_FILE]: sha256(file.bytes) }
}

/** Binds these devices by their addresses, and takes away the rules that `isGone` holds for; other lines stay. */
export function editRules(
  host: Host,
  bound: readonly { readonly device: PciDevice; readonly driver: string }[],
  isGone: (rule: AddressRule) => boolean,
): readonly Change[] {
  const before = host.files[RULES_FILE]?.bytes ?? ''
  const rules = addressRules(host)
  const missing = bound
    .map(({ device, driver }) => ({
      address: device.address,
      line: ruleLine(device.address, idOf(device), driver),
    }))
    .filter(({ address, line }) => {
      const [own, another] = rules.filter(rule => rule.address === address)
      return own === undefined || another !== undefined || before.slice(own.start, own.end) !== line
    })
  // What was written for the address by another version, or for another card, makes room.
  const isReplaced = (rule: AddressRule) => missing.some(({ address }) => address === rule.address)
  const gone = rules.filter(rule => isGone(rule) || isReplaced(rule))
  const left = without(before, gone)
  if (missing.length > 0) {
    const start = left === '' ? HEADER : left + lineBreakAfter(left)
    return write(host, RULES_FILE, start + missing.map(({ line }) => line).join(''))
  }
  if (gone.length === 0) return []
  return saysNothing(left) ? [{ kind: 'remove', path: RULES_FILE, before }] : write(host, RULES_FILE, left)
}

const HEADER =
  '# Kept by vfio-run (vfio_ids): devices that are bound by their address, while vendor and device are what they were.\n'

const saysNothing = (bytes: Bytes): boolean => /^\n*$/.test(bytes.replace(HEADER, ''))

const without = (bytes: Bytes, gone: readonly AddressRule[]): Bytes =>
  gone
    .toSorted((a, b) => b.start - a.start)
    .reduce((left, { start, end }) => left.slice(0, start) + left.slice(end), bytes)

/** A line that ends in a backslash goes on with the next one; an empty one ends it (udev-rules.c). */
function lineBreakAfter(bytes: Bytes): Bytes {
  if (bytes.endsWith('\\')) return '\n\n'
  return bytes === '' || (bytes.endsWith('\n') && !bytes.endsWith('\\\n')) ? '' : '\n'
}

/**
 * drivers/pci/pci-sysfs.c: storing the override neither unbinds nor probes, and until the driver is there nothing else
 * may take the device, so the override comes first. Another device's event can have loaded a driver for this one
 * already, and one that is compiled in was there before udev. Nothing is unbound before the wanted driver has been
 * loaded: in an image without it the rule of the real root does the rest. Run again it changes nothing.
 *
 * RUN takes no variables here: udev would read $ and % (udev(7)). It is run in the order of the rules, before the
 * modules that 80-drivers.rules asks for, and without a PATH.
 */
function ruleLine(address: string, id: string, driver: string): string {
  const [vendor, device] = id.split(':')
  const commands = [
    `cd /sys/bus/pci && echo ${driver} >devices/${address}/driver_override`,
    `/sbin/modprobe -q ${driver}`,
    `[ -e drivers/${driver} ] || exit 0`,
    `[ ! -e drivers/${driver}/${address} ] || exit 0`,
    `[ ! -e devices/${address}/driver ] || echo ${address} >devices/${address}/driver/unbind`,
    `echo ${address} >drivers_probe`,
  ]
  const matches = [
    'ACTION=="add"',
    'SUBSYSTEM=="pci"',
    `KERNEL=="${address}"`,
    `ATTR{vendor}=="0x${vendor}"`,
    `ATTR{device}=="0x${device}"`,
  ]
  return `${matches.join(', ')}, RUN+="/bin/sh -c '${commands.join('; ')}'"\n`
}

const RULE =
  /^ACTION=="add", SUBSYSTEM=="pci", KERNEL=="([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])", ATTR\{vendor\}=="0x([0-9a-f]{4})", ATTR\{device\}=="0x([0-9a-f]{4})", RUN\+="\/bin\/sh -c 'cd \/sys\/bus\/pci && echo ([A-Za-z0-9_-]+) >devices\/\1\/driver_override; [^'"\n]*'"\n?$/

function* rulesIn(bytes: Bytes): Generator<AddressRule> {
  let start = 0
  let goesOn = false
  for (const line of bytes.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const end = start + line.length
    const [, address, vendor, device, driver] = RULE.exec(line) ?? []
    if (!goesOn && address !== undefined && driver !== undefined)
      yield { address, id: `${vendor}:${device}`, driver, start, end }
    // Comments are left out before lines are joined.
    if (!/^\s*#/.test(line)) goesOn = /\\\n?$/.test(line)
    start = end
  }
}
