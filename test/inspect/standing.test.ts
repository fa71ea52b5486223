import { expect, test } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed } from '../../src/host/known.ts'
import { candidatesOf } from '../../src/inspect/candidates.ts'
import { meantForVfio } from '../../src/inspect/meant.ts'
import { standingOf } from '../../src/inspect/standing.ts'
import { aDevice, aHost, aReadyHost, withCmdline, withDevice, withDevices, withFiles } from '../builders.ts'
import { recordedHost } from '../hosts/index.ts'

const standing = (host: Host) => standingOf(host, candidatesOf(host))

test('a host with bound devices is ready, and says how many', () => {
  expect(standing(aReadyHost())).toMatchObject({ state: 'ready', stage: null, says: 'VFIO has 3 devices' })
})

test('a host with its IOMMU on and nothing bound is on its way', () => {
  expect(standing(aHost())).toMatchObject({ state: 'on', stage: null })
})

test('a host without an IOMMU fails at the first stage that it misses, with evidence and a next step', () => {
  const { state, stage, evidence, next } = standing(recordedHost('debian12-no-iommu'))
  expect([state, stage]).toEqual(['failed', 'firmware'])
  expect(evidence).not.toBe('')
  expect(next).not.toBe('')
})

test('a device that is claimed for vfio-pci and has another driver is what the verdict is about', () => {
  const host = withDevice(aReadyHost(), '0000:01:00.0', { driver: observed('radeon') })
  expect(standing(host)).toMatchObject({
    state: 'failed',
    says: expect.stringContaining('01:00.0'),
  })
})

test.each<[string, Host]>([
  ['its driver link', withDevices(aHost(), aDevice({ driver: 'vfio-pci' }))],
  ['a variant driver', withDevices(aHost(), aDevice({ driver: 'mlx5_vfio_pci' }))],
  ['driver_override', withDevices(aHost(), aDevice({ driver: 'nouveau', driverOverride: 'vfio-pci' }))],
  [
    'an id on the command line, whatever its case and subvendor',
    withCmdline(withDevices(aHost(), aDevice()), 'root=/dev/vda1 vfio-pci.ids=10DE:13C2:1043:8508'),
  ],
  [
    'an id in modprobe.d',
    withFiles(withDevices(aHost(), aDevice()), {
      '/etc/modprobe.d/gpu.conf': 'options vfio-pci ids=10de:13c2 disable_vga=1\n',
    }),
  ],
])('a device is meant for VFIO by %s', (_, host) => {
  expect(meantForVfio(host).map(({ address }) => address)).toEqual(['0000:0a:00.0'])
})

test('nothing is meant for VFIO on a host that nobody has prepared', () => {
  expect(meantForVfio(aHost())).toEqual([])
})
