import { describe, expect, test } from 'vitest'
import { observed, unknown } from '../../src/host/known.ts'
import { passthroughMap } from '../../src/inspect/map.ts'
import { aHost, withDevice } from '../builders.ts'
import { recordedHosts } from '../hosts/index.ts'

const nameAt = (map: ReturnType<typeof passthroughMap>, address: string): string | undefined =>
  map.devices.find(device => device.address === address)?.name

describe('names of devices', () => {
  const host = aHost({ pciNames: unknown('it has no pci.ids') })
  const list = { '1002': 'Advanced Micro Devices, Inc. [AMD/ATI]', '1002:5159': 'RV100 [Radeon 7000]' }

  test('are those of the list we have, where the host has none', () => {
    expect(nameAt(passthroughMap(host, list), '0000:01:00.0')).toBe('AMD/ATI RV100 [Radeon 7000]')
  })

  test('are those of the host where it has them: its list may be the newer one', () => {
    const own = { ...host, pciNames: observed({ '1002:5159': 'Radeon RV100 QY' }) }
    expect(nameAt(passthroughMap(own, list), '0000:01:00.0')).toBe('AMD/ATI Radeon RV100 QY')
  })

  test('are empty where nobody has them, and the class still says what it is', () => {
    const [device] = passthroughMap(host).devices.filter(one => one.address === '0000:01:00.0')
    expect([device?.name, device?.kind]).toEqual(['', 'VGA controller'])
  })
})

test('groups come in order of their numbers, each with all its devices', () => {
  const { groups } = passthroughMap(aHost())
  expect(groups.map(({ number }) => number)).toEqual(
    groups.map(({ number }) => number).toSorted((a, b) => a - b),
  )
  expect(groups.find(({ devices }) => devices.includes('0000:00:1f.2'))?.devices).toEqual([
    '0000:00:1f.0',
    '0000:00:1f.2',
    '0000:00:1f.3',
  ])
})

test('what is not known is null, and what is not there is empty', () => {
  const host = withDevice(aHost({ kernel: unknown('no uname') }), '0000:01:00.0', {
    driver: unknown('sysfs is not mounted'),
    group: observed(-1),
  })
  const map = passthroughMap(host)
  expect(map.machine.kernel).toBeNull()
  expect(map.devices.find(({ address }) => address === '0000:01:00.0')).toMatchObject({
    driver: null,
    group: null,
  })
  expect(map.devices.find(({ address }) => address === '0000:01:00.1')?.group).not.toBeNull()
})

describe.each(recordedHosts())('$name', ({ host }) => {
  const map = passthroughMap(host)

  test('is mapped as plain values: JSON loses nothing', () => {
    expect(JSON.parse(JSON.stringify(map))).toEqual(map)
  })

  test('every device is there once, and in the group that the host has it in', () => {
    expect(map.devices.map(({ address }) => address)).toEqual(host.devices.map(({ address }) => address))
    expect(map.groups.flatMap(({ devices }) => devices).sort()).toEqual(
      map.devices.flatMap(({ address, group }) => (group === null ? [] : address)).sort(),
    )
  })

  test('where it stands is said in one clause', () => {
    expect(map.standing.says).toMatch(/^\S.*[^.\s]$/)
    expect(map.standing.says).not.toContain('\n')
  })
})
