import type { Host, PciDevice } from '../host/host.ts'
import { describe, isDisplay, slotOf } from '../host/pci.ts'
import type { Finding } from './finding.ts'
import { isReady } from './stages/stage.ts'

/**
 * What stands in the way of resetting a device between two guests; undefined where nothing is known to. Without a reset
 * the next guest finds it as the last one has left it. Kernels from 5.15 on tell how they would do it (reset_method).
 */
export function resetTrouble(host: Host, device: PciDevice): Finding | undefined {
  const family = familyOf(device)
  if (family !== undefined)
    return device.resetMethods?.includes('device_specific') ? undefined : needsHelp(host, device, family)
  if (device.resetMethods === undefined) return undefined
  if (
    isOfAmd(device) &&
    !device.resetMethods.some(method => method === 'flr' || method === 'device_specific')
  )
    return trouble(
      device,
      `${describe(device)} may not come back once its guest has stopped (the reset bug of AMD's cards)`,
      'test it: start, stop and start a guest with it before you rely on it; without a reset, restart the host between guests',
    )
  // Functions of one card are reset together by their bus, if VFIO has all of them (vfio_pci_ioctl_pci_hot_reset()).
  if (device.resetMethods.length > 0 || hasSiblings(host, device)) return undefined
  return trouble(
    device,
    `the kernel has no way to reset ${describe(device)}: it may work for one guest only`,
    'give it to one guest only, and restart the host when that guest no longer finds it',
  )
}

/** The file that tells, and what is in it. */
export function resetEvidence({ address, resetMethods }: PciDevice): string {
  const path = `/sys/bus/pci/devices/${address}/reset_method`
  return resetMethods === undefined
    ? `${path} does not exist, as before Linux 5.15`
    : `${path}: ${resetMethods.join(' ') || 'empty'}`
}

const trouble = (device: PciDevice, what: string, next: string): Finding => ({
  stage: 'usable',
  severity: 'warning',
  what,
  evidence: resetEvidence(device),
  next,
})

function needsHelp({ firmware }: Host, device: PciDevice, family: string): Finding {
  const chosen =
    device.resetMethods === undefined
      ? 'install the module vendor-reset'
      : `install the module vendor-reset and write device_specific to ${device.address}/reset_method`
  const signed = firmware.secureBoot ? ', signed, as Secure Boot is on' : ''
  return trouble(
    device,
    `${describe(device)} is a ${family}, which does not reset properly: after one guest the next may not get it`,
    `${chosen}${signed}; without it, restart the host between guests`,
  )
}

// Cards with the bug are all of PCI Express; older ones, as QEMU's ati-vga is, come back after a reset of their bus.
const isOfAmd = (device: PciDevice): boolean =>
  isDisplay(device) && device.vendor === '1002' && device.link !== undefined

const hasSiblings = (host: Host, device: PciDevice): boolean => {
  const siblings = host.devices.filter(other => other !== device && slotOf(other) === slotOf(device))
  return device.bridges.length > 0 && siblings.length > 0 && siblings.every(isReady)
}

/** vendor-reset, src/device-db.h: the cards that it knows how to reset; ids of ATI's vendor 1002. */
const FAMILIES: Readonly<Record<string, string>> = {
  Polaris:
    '67c0 67c1 67c2 67c4 67c7 67c8 67c9 67ca 67cc 67cf 67d0 67df 6fdf 67e0 67e1 67e3 67e7 67e8 67e9 67eb 67ef 67ff 6980 6981 6985 6986 6987 6995 6997 699f',
  Vega: '6860 6861 6862 6863 6864 6867 6868 6869 686a 686b 686c 686d 686e 686f 687f 66a0 66a1 66a2 66a3 66a4 66a7 66af',
  'Navi 10': '7310 7312 7318 7319 731a 731b 731e 731f',
  'Navi 12': '7360 7362',
  'Navi 14': '7340 7341 7347 734f',
}

const familyOf = (device: PciDevice): string | undefined =>
  device.vendor === '1002'
    ? Object.entries(FAMILIES).find(([, ids]) => ids.split(' ').includes(device.device))?.[0]
    : undefined
