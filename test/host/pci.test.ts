import { describe, expect, it } from 'vitest'
import { unknown } from '../../src/host/known.ts'
import {
  describe as describeDevice,
  fullAddress,
  groupMates,
  isAddress,
  isBridge,
  isDisplay,
  isStorage,
  isVendorDevice,
  isVfioDriver,
  shortAddress,
  slotOf,
} from '../../src/host/pci.ts'
import { aDevice, aHost, withDevice, withDevices } from '../builders.ts'

describe('addresses and ids', () => {
  it.each([
    ['02:00.0', true],
    ['0000:02:00.0', true],
    ['10000:01:00.0', true],
    ['0000:02:00.8', false],
    ['2:0.0', false],
    ['10de:13c2', false],
  ])('%s is an address: %s', (text, expected) => {
    expect(isAddress(text)).toBe(expected)
  })

  it.each([
    ['10de:13c2', true],
    ['10DE:13C2', true],
    ['10de:13c', false],
    ['02:00.0', false],
    ['10de:13c2:1043:8508', false],
  ])('%s is a vendor:device id: %s', (text, expected) => {
    expect(isVendorDevice(text)).toBe(expected)
  })

  it.each([
    ['02:00.0', '0000:02:00.0'],
    ['0A:00.1', '0000:0a:00.1'],
    ['10000:01:00.0', '10000:01:00.0'],
  ])('%s in full is %s', (text, full) => {
    expect(fullAddress(text)).toBe(full)
  })

  it('leaves the domain out where it is 0000', () => {
    expect(shortAddress('0000:02:00.0')).toBe('02:00.0')
    expect(shortAddress('0001:02:00.0')).toBe('0001:02:00.0')
  })
})

describe('what a device is', () => {
  it.each([
    ['030000', '0a:00.0 VGA controller [10de:13c2]'],
    ['0c0330', '0a:00.0 USB controller [10de:13c2]'],
    ['ff0000', '0a:00.0 device of class ff00 [10de:13c2]'],
  ])('class %s reads %j', (code, text) => {
    expect(describeDevice(aDevice({ class: code }))).toBe(text)
  })

  it.each([
    ['030000', isDisplay],
    ['030200', isDisplay],
    ['038000', isDisplay],
    ['010601', isStorage],
    ['010802', isStorage],
    ['060000', isBridge],
    ['060400', isBridge],
  ])('class %s is told apart by %o', (code, is) => {
    expect(is(aDevice({ class: code }))).toBe(true)
    expect(is(aDevice({ class: '020000' }))).toBe(false)
  })

  it('the functions of a card share a slot', () => {
    expect(slotOf(aDevice({ address: '0000:02:00.1' }))).toBe('0000:02:00')
  })

  it.each([
    ['vfio-pci', true],
    ['vfio_pci', true],
    ['mlx5_vfio_pci', true],
    ['nvgrace_gpu_vfio_pci', true],
    ['hisi-acc-vfio-pci', true],
    ['notvfio-pci', false],
    ['nouveau', false],
    ['', false],
  ])('%j is a vfio driver: %s', (driver, expected) => {
    expect(isVfioDriver(driver)).toBe(expected)
  })
})

describe('the group of a device', () => {
  const card = aDevice({ address: '0000:0a:00.0', group: 40 })
  const audio = aDevice({ address: '0000:0a:00.1', group: 40 })
  const host = withDevices(aHost(), card, audio)

  it('has the other members, not the device', () => {
    expect(groupMates(host, card)).toEqual([audio])
  })

  it('has none where there is no group, or it is not known', () => {
    expect(groupMates(host, aDevice({ group: -1 }))).toEqual([])
    const cloudy = withDevice(host, card.address, { group: unknown('not booted yet') })
    expect(groupMates(cloudy, cloudy.devices.find(one => one.address === card.address) ?? card)).toEqual([])
  })
})
