import { describe, expect, it } from 'vitest'
import { resolveDevices } from '../../src/host/devices.ts'
import { aDevice, aHost } from '../builders.ts'

const card = aDevice({ id: '10de:13c2', address: '0000:02:00.0' })
const twin = aDevice({ id: '10de:13c2', address: '0000:03:00.0' })
const usb = aDevice({ id: '1b21:1242', address: '0000:06:00.0', class: '0c0330' })
const host = aHost({ devices: [card, twin, usb] })

describe('the devices that selectors name', () => {
  it.each([
    ['an address', ['06:00.0'], [usb]],
    ['an address in full', ['0000:06:00.0'], [usb]],
    ['an id in capitals', ['10DE:13C2'], [card, twin]],
    ['both, once each, in the order of the bus', ['06:00.0', '1b21:1242', '02:00.0'], [card, usb]],
  ])('%s', (_, selectors, devices) => {
    expect(resolveDevices(host, selectors)).toEqual(devices)
  })

  it('a selector that names nothing is refused, with what there is', () => {
    expect(resolveDevices(host, ['02:00.0', '10de:ffff'])).toEqual({
      refused: true,
      why: 'no device 10de:ffff on this host',
      hint: 'it has 02:00.0 VGA controller [10de:13c2], 03:00.0 VGA controller [10de:13c2], 06:00.0 USB controller [1b21:1242]',
    })
  })

  it('a host without PCI devices says so', () => {
    expect(resolveDevices(aHost({ devices: [] }), ['02:00.0'])).toMatchObject({
      hint: 'it has no PCI devices',
    })
  })
})
