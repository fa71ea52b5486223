import type { PciDevice } from '../host/host.ts'
import { idOf } from '../host/pci.ts'

/** `10de` → the maker, `10de:13c2` → the product, as pci.ids has them. */
export type PciNames = Readonly<Record<string, string>>

/**
 * The names in a pci.ids file, of makers and products only: lines `10de  NVIDIA Corporation`, below each its products,
 * `<tab>13c2  GM204 [GeForce GTX 970]` (https://pci-ids.ucw.cz). The list of classes ends them.
 */
export function readPciIds(text: string): PciNames {
  const names: Record<string, string> = {}
  let maker = ''
  for (const line of text.split('\n')) {
    if (/^C [0-9a-f]{2} /.test(line)) break
    const [, tab, id = '', name = ''] = /^(\t?)([0-9a-f]{4}) {2}(.*\S)/.exec(line) ?? []
    if (tab === '') maker = id
    if (tab !== undefined) names[tab === '' ? id : `${maker}:${id}`] = name
  }
  return names
}

/** `NVIDIA GM204 [GeForce GTX 970]`; '' where no list has the product. */
export function nameOf(device: PciDevice, names: PciNames): string {
  const product = names[idOf(device)]
  if (product === undefined) return ''
  return [shortMaker(names[device.vendor] ?? ''), product].filter(word => word !== '').join(' ')
}

/** `Advanced Micro Devices, Inc. [AMD/ATI]` → `AMD/ATI`, `Intel Corporation` → `Intel`: a line has 80 columns. */
function shortMaker(maker: string): string {
  const known = /\[([^\]]+)\]\s*$/.exec(maker)?.[1]
  return known ?? maker.replace(COMPANY, '')
}

const COMPANY =
  /(,? (Corporation|Corp|Incorporated|Inc|Limited|Ltd|LLC|GmbH|AG|Co|Company|Technology|Technologies|Electronics|Semiconductor)\b\.?)+,?.*$/
