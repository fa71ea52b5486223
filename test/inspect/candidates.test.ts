import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { resolveDevices } from '../../src/host/devices.ts'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { readSelector } from '../../src/host/selectors.ts'
import { type Candidate, candidatesOf } from '../../src/inspect/candidates.ts'
import { vfio_ids } from '../../src/modules/vfio_ids.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aDevice, aHost, anIommu, aReadyHost, planned, withDevice, withDevices } from '../builders.ts'
import { recordedHosts } from '../hosts/index.ts'

const at = (host: Host, address: string): Candidate | undefined =>
  candidatesOf(host).find(({ devices }) => devices.includes(address))

const told = (host: Host, address: string) => {
  const { state, obstacles = [] } = at(host, address) ?? {}
  return [state, ...obstacles.map(({ device, what }) => `${device} ${what}`)]
}

describe('of a machine whose IOMMU is on', () => {
  const card = [
    aDevice({ address: '0000:0a:00.0', driver: 'nouveau' }),
    aDevice({ address: '0000:0a:00.1', id: '10de:0fbb', class: '040300', driver: 'snd_hda_intel' }),
  ]

  test('a graphics card with its audio is one candidate, chosen by its id', () => {
    expect(at(withDevices(aHost(), ...card), '0000:0a:00.1')).toEqual({
      kind: 'graphics card',
      devices: ['0000:0a:00.0', '0000:0a:00.1'],
      state: 'free',
      obstacles: [],
      company: [],
      selector: "'10de:13c2'",
    })
  })

  test('a card is ready once vfio-pci has all of it', () => {
    const half = withDevice(withDevices(aHost(), ...card), '0000:0a:00.0', { driver: observed('vfio-pci') })
    const whole = withDevice(half, '0000:0a:00.1', { driver: observed('vfio-pci') })
    expect([at(half, '0000:0a:00.0')?.state, at(whole, '0000:0a:00.0')?.state]).toEqual(['free', 'ready'])
  })

  test('of two cards with one id each is chosen by its address', () => {
    const twins = withDevices(
      aHost(),
      aDevice({ address: '0000:0a:00.0', group: 40 }),
      aDevice({ address: '0000:0b:00.0', group: 41 }),
    )
    const addresses = ['0000:0a:00.0', '0000:0b:00.0']
    expect(addresses.map(address => at(twins, address)?.selector)).toEqual(["'0a:00.0'", "'0b:00.0'"])
  })

  test('the boot display, the card of the connection and the disk of / are not, each with its reason', () => {
    expect(told(aHost(), '0000:00:02.0')).toEqual([
      'not',
      '0000:00:02.0 is the boot display: the console would go dark',
    ])
    expect(told(aHost(), '0000:00:03.0')).toEqual([
      'not',
      '0000:00:03.0 carries enp0s3, the default route and our own connection: the host could not be reached',
    ])
    expect(told(aHost(), '0000:00:04.0')).toEqual([
      'not',
      '0000:00:04.0 is the controller of / (/dev/vda1): the host would not boot',
    ])
  })

  test('what accepts a reason by name is told, for those that have one', () => {
    expect(at(aHost(), '0000:00:02.0')?.obstacles.map(({ allow }) => allow)).toEqual(['boot_display'])
    expect(at(aHost(), '0000:00:1f.2')?.obstacles.map(({ allow }) => allow)).toEqual([null])
  })

  test('a group that can only go whole is one candidate, which its graphics stand for', () => {
    expect(at(aHost(), '0000:06:01.0')).toMatchObject({
      kind: 'graphics card',
      devices: ['0000:06:01.0'],
      state: 'free',
      company: ['0000:06:02.0', '0000:06:03.0'],
      selector: "{address: '06:01.0', group: whole}",
    })
    expect([at(aHost(), '0000:06:02.0'), at(aHost(), '0000:06:03.0')]).toEqual([undefined, undefined])
  })

  test('a group with the ISA bridge on a driver cannot go', () => {
    expect(told(aHost(), '0000:00:1f.2')).toEqual([
      'not',
      '0000:00:1f.0 is the ISA bridge in the same IOMMU group, on lpc_ich: it stays with the host',
    ])
  })

  test('what a member of the group would cost stands in the way of all of it', () => {
    const disk = aDevice({ address: '0000:0b:00.0', id: '144d:a808', class: '010802', driver: 'nvme' })
    const [gpu = disk] = card
    const host = withDevices(
      {
        ...aHost(),
        storage: [{ use: '/home', source: '/dev/nvme0n1', devices: ['0000:0b:00.0'] }],
      },
      gpu,
      disk,
    )
    expect(told(host, '0000:0a:00.0')).toEqual([
      'not',
      '0000:0b:00.0 is the controller of /home (/dev/nvme0n1): the host would come up without it, or stop on its way',
    ])
  })

  test('a device in no group, where others are in one, cannot go', () => {
    const host = withDevices(aHost(), aDevice({ group: -1 }))
    expect(told(host, '0000:0a:00.0')).toEqual([
      'not',
      '0000:0a:00.0 is in no IOMMU group, though others are',
    ])
  })

  test('what is bound to vfio-pci after a run is ready', () => {
    const ready = candidatesOf(aReadyHost()).filter(({ state }) => state === 'ready')
    expect(ready.map(({ devices, company }) => [...devices, ...company])).toEqual([
      ['0000:01:00.0', '0000:01:00.1'],
      ['0000:02:00.0'],
    ])
  })
})

describe('of a machine whose IOMMU is off', () => {
  const off = (host: Host): Host => ({
    ...host,
    devices: host.devices.map(device => ({ ...device, group: observed(-1) })),
  })

  test('a device is possible, and its company not known', () => {
    expect(at(off(aHost()), '0000:06:01.0')).toMatchObject({ state: 'possible', company: [] })
  })

  test('the boot display is not, whatever its group will be', () => {
    expect(at(off(aHost()), '0000:00:02.0')?.state).toBe('not')
  })

  test('groups that isolate nothing are none', () => {
    const groups = [...new Set(aHost().devices.map(({ group }) => ('value' in group ? group.value : -1)))]
    const host = aHost({ iommu: anIommu({ noIommuGroups: groups }) })
    expect(at(host, '0000:02:00.0')?.state).toBe('possible')
  })
})

describe.each(recordedHosts())('$name', ({ host }) => {
  const candidates = candidatesOf(host)

  test('no device is part of two candidates, and none that is part of the bus is one', () => {
    const all = candidates.flatMap(({ devices, company }) => [...devices, ...company])
    expect(all).toEqual([...new Set(all)])
    const kinds = host.devices.filter(({ address }) => all.includes(address)).map(one => one.class)
    expect(kinds.filter(code => /^060[014]/.test(code))).toEqual([])
  })

  test('what is not possible has a reason, and nothing else has', () => {
    expect(candidates.filter(one => (one.state === 'not') !== one.obstacles.length > 0)).toEqual([])
  })

  test('what the map calls ready or free, the plan takes', () => {
    const takeable = candidates.filter(({ state }) => state === 'ready' || state === 'free')
    const outcomes = takeable.map(({ selector }) => planned(vfio_ids, host, { devices: [parse(selector)] }))
    expect(outcomes.filter(({ kind }) => kind === 'blocked')).toEqual([])
  })

  test('its selector chooses on this host what the map says goes along', () => {
    for (const { devices, company, selector } of candidates) {
      const complaints: unknown[] = []
      const read = readSelector(parse(selector), complaint => complaints.push(complaint))
      expect(complaints).toEqual([])
      const chosen = resolveDevices(host, [read])
      if (isRefusal(chosen)) throw new Error(chosen.why)
      expect(chosen.map(({ address }) => address).sort()).toEqual([...devices, ...company].sort())
    }
  })
})
