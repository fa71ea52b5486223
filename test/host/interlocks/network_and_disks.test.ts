import { describe, expect, it } from 'vitest'
import type { Host } from '../../../src/host/host.ts'
import { aHost } from '../../builders.ts'
import { refusal, take } from './take.ts'

describe('the network is not taken', () => {
  it.each<[string, Partial<Host>, string, string]>([
    [
      'the card of the default route and of our own connection',
      {},
      '0000:00:03.0',
      '00:03.0 Ethernet controller [1af4:1000] carries enp0s3, the default route and our own connection: the host could not be reached',
    ],
    [
      'a member of the bridge that carries our connection',
      { network: [{ interface: 'br0', roles: ['this connection'], devices: ['0000:03:00.0'] }] },
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] carries br0, our own connection: the host could not be reached',
    ],
    [
      'one leg of the bond that carries the default route',
      {
        network: [
          { interface: 'bond0', roles: ['default route'], devices: ['0000:00:03.0', '0000:03:00.0'] },
        ],
      },
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] carries bond0, the default route: the host could not be reached',
    ],
    [
      'the card of a VLAN and of a bridge',
      {
        network: [
          { interface: 'eth0.7', roles: ['default route'], devices: ['0000:03:00.0'] },
          { interface: 'br0', roles: ['this connection'], devices: ['0000:03:00.0'] },
        ],
      },
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] carries eth0.7, the default route and br0, our own connection: the host could not be reached',
    ],
    [
      'any card where that of the default route cannot be told',
      { network: [{ interface: 'br-ex', roles: ['default route'], devices: undefined }] },
      '0000:03:00.0',
      '03:00.0 Ethernet controller [8086:10d3] may carry br-ex, the default route, whose card cannot be told',
    ],
  ])('%s', (_, differing, address, why) => {
    expect(refusal(aHost(differing), address, 'host_network')).toEqual({
      why,
      hint: 'choose another device; or say allow: [host_network], where this host can be reached in another way',
      allowed: true,
    })
  })
})

describe('the disks are not taken', () => {
  const storage = (use: string, source: string, devices: readonly string[] | undefined) => [
    { use, source, devices },
  ]
  const NVME = '0000:07:00.0'
  const SATA = '0000:00:1f.2'

  it.each<[string, Host['storage'], string, string]>([
    [
      'the controller of /',
      aHost().storage,
      '0000:00:04.0',
      '00:04.0 SCSI controller [1af4:1001] is the controller of / (/dev/vda1): the host would not boot',
    ],
    [
      'the controller of /boot',
      storage('/boot', '/dev/sda1', [SATA]),
      SATA,
      '00:1f.2 SATA controller [8086:2922] is the controller of /boot (/dev/sda1): the host would not boot',
    ],
    [
      'the controller of swap',
      storage('swap', '/dev/dm-1', [NVME]),
      NVME,
      '07:00.0 NVMe controller [1b36:0010] is the controller of swap (/dev/dm-1): the host would not boot',
    ],
    [
      'the controller of several',
      [
        ...storage('/', '/dev/nvme0n1p2', [NVME]),
        ...storage('/boot', '/dev/nvme0n1p1', [NVME]),
        ...storage('/srv', '/dev/nvme0n1p3', [NVME]),
      ],
      NVME,
      '07:00.0 NVMe controller [1b36:0010] is the controller of / (/dev/nvme0n1p2), /boot (/dev/nvme0n1p1) and /srv (/dev/nvme0n1p3): the host would not boot',
    ],
    [
      'the controller of /home, whose loss is the end of many a boot',
      storage('/home', '/dev/sda3', [SATA]),
      SATA,
      '00:1f.2 SATA controller [8086:2922] is the controller of /home (/dev/sda3): the host would come up without it, or stop on its way',
    ],
    [
      'the controller of members of a pool, a volume group and an array',
      [
        ...storage('ZFS pool tank', 'sda3', [SATA]),
        ...storage('LVM volume group vg0', 'sdb', [SATA]),
        ...storage('md array md0', '', [SATA]),
      ],
      SATA,
      '00:1f.2 SATA controller [8086:2922] is the controller of ZFS pool tank (sda3), LVM volume group vg0 (sdb) and md array md0: the host would come up without it, or stop on its way',
    ],
    [
      'any controller where the disks of / cannot be told',
      storage('/', 'rpool/ROOT/pve-1', undefined),
      NVME,
      '07:00.0 NVMe controller [1b36:0010] may hold / (rpool/ROOT/pve-1), whose disks cannot be told',
    ],
  ])('%s', (_, storage, address, why) => {
    expect(refusal(aHost({ storage }), address, 'host_disks')).toEqual({
      why,
      hint: 'choose another device; or say allow: [host_disks], where this host boots and works without these disks',
      allowed: true,
    })
  })

  it('a card is not doubtful where / and the network cannot be told: it holds no disks and no cable', () => {
    const host = aHost({
      storage: storage('/', 'rpool/ROOT', undefined),
      network: [{ interface: 'br-ex', roles: ['default route'], devices: undefined }],
    })
    expect(take(host, ['0000:02:00.0'])).toBeUndefined()
  })
})
