import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { verify_groups } from '../../src/modules/verify_groups.ts'
import { aHost, planned, withCmdline, withDevice, withVtdOffByDefault } from '../builders.ts'
import { dark } from '../verdict/subjects.ts'

const plan = (host: Host, ...devices: string[]) => planned(verify_groups, host, { devices })

describe('groups that hold nothing else', () => {
  it.each([
    [
      'one group of two functions',
      ['01:00.0', '01:00.1'],
      'group 11 holds only 01:00.0 VGA controller [1002:5159], 01:00.1 audio device [8086:293e]',
    ],
    [
      'two groups',
      ['02:00.0', '03:00.0'],
      'groups 12, 13 hold only 02:00.0 USB controller [1033:0194], 03:00.0 Ethernet controller [8086:10d3]',
    ],
    ['a port on pcieport may stay', ['07:00.0'], 'group 9 holds only 07:00.0 NVMe controller [1b36:0010]'],
    [
      'a bridge without a driver too',
      ['06:01.0', '06:02.0', '06:03.0'],
      'group 15 holds only 06:01.0 display controller [1234:1111], 06:02.0 audio device [8086:2668], 06:03.0 USB controller [8086:7020]',
    ],
  ])('%s', (_, devices, why) => {
    expect(plan(aHost(), ...devices)).toEqual({ kind: 'converged', why })
  })

  it.each(['', 'vfio-pci', 'mlx5_vfio_pci', 'pci-stub'])('a mate on %j does no harm', driver => {
    expect(plan(withDevice(aHost(), '0000:00:15.0', { driver: observed(driver) }), '07:00.0').kind).toBe(
      'converged',
    )
  })
})

describe('blocked', () => {
  it('a mate that the host uses', () => {
    expect(plan(aHost(), '06:01.0')).toEqual({
      kind: 'blocked',
      why: 'group 15 of 06:01.0 display controller [1234:1111] also holds 06:02.0 audio device [8086:2668], on snd_hda_intel and 06:03.0 (/sys/kernel/iommu_groups/15/devices)',
      hint: 'choose these too and give them to the same guest (group: whole takes all that is in it), use another slot, or separate the groups with acs_override',
    })
  })

  it('where the IOMMU is off the stage that is to blame is named', () => {
    expect(plan(withCmdline(withVtdOffByDefault(dark(aHost())), 'ro'), '02:00.0')).toEqual({
      kind: 'blocked',
      why: 'the running kernel was booted without intel_iommu=on (/proc/cmdline)',
      hint: 'let iommu_kernel_args set it, then reboot',
    })
  })

  it('a device that is not there', () => {
    expect(plan(aHost(), '10de:13c2')).toMatchObject({
      kind: 'blocked',
      why: 'no device 10de:13c2 on this host',
    })
  })
})

it('before the boot it cannot be told', () => {
  const host = withDevice(aHost(), '0000:02:00.0', { group: unknown('groups are made at the next boot') })
  expect(plan(host, '02:00.0')).toEqual({
    kind: 'unknown',
    why: 'the group of 02:00.0 USB controller [1033:0194]: groups are made at the next boot',
  })
})
