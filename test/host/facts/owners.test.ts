import { describe, expect, it } from 'vitest'
import { owners } from '../../../src/host/facts/owners.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const NOTHING = { driverctl: '', libvirt: '', proxmox: '', mapping: '', operators: '' }

const GUEST = `<domain type='kvm'>
  <name>win11</name>
  <devices>
    <graphics type='vnc' passwd='secret'/>
    <hostdev mode='subsystem' type='pci' managed='yes'>
      <driver name='vfio'/>
      <source>
        <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
      </source>
      <rom file='/x'/>
      <address type='pci' domain='0x0000' bus='0x06' slot='0x00' function='0x0'/>
    </hostdev>
    <hostdev mode='subsystem' type='pci' managed='no'>
      <source>
        <address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
      </source>
    </hostdev>
    <hostdev mode='subsystem' type='usb' managed='yes'>
      <source>
        <address bus='3' device='4'/>
      </source>
    </hostdev>
    <interface type='hostdev' managed='yes'>
      <mac address='52:54:00:6d:90:02'/>
      <source>
        <address type='pci' domain='0x0000' bus='0x3b' slot='0x10' function='0x2'/>
      </source>
      <address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>
    </interface>
  </devices>
</domain>
`

const MAPPING = `gpu
	comment the fast one
	map id=10de:2684,iommugroup=14,node=pve1,path=0000:81:00,subsystem-id=10de:167c
	map id=10de:2684,iommugroup=2,node=pve2,path=0000:01:00
net
	map id=8086:1572,node=pve1,path=0000:05:00.0;0000:05:00.1
`

const files: Contents = {
  '/etc/driverctl.d/pci-0000:05:00.0': 'vfio-pci\n',
  '/etc/driverctl.d/0000:06:00.0': 'uio_pci_generic',
  '/etc/driverctl.d/vmbus-1a2b': 'uio_hv_generic\n',
  '/etc/libvirt/qemu/win11 games.xml': GUEST,
  '/etc/pve/qemu-server/101.conf':
    'args: -secret\nhostpci0: 0000:01:00,pcie=1,x-vga=1\nhostpci1: host=02:00.0;02:00.1,rombar=0\n\n[before]\nhostpci0: 03:00\n',
  '/etc/pve/qemu-server/102.conf': 'hostpci0: mapping=net,pcie=1\nhostpci1: mapping=gone\n',
  '/etc/pve/mapping/pci.cfg': MAPPING,
  '/proc/sys/kernel/hostname': 'pve1.example.org\n',
  '/run/nvidia/validations/driver-ready': '',
}

describe('others that decide which driver a device gets', () => {
  const of = (out: Partial<typeof NOTHING>) => owners.parse({ ...NOTHING, ...out })

  it('are none in a look that did not ask', () => {
    expect(of({})).toEqual([])
  })

  it('driverctl, by file', () => {
    expect(of({ driverctl: 'pci-0000:05:00.0 vfio-pci\n' })).toEqual([
      {
        owner: 'driverctl',
        device: '0000:05:00.0',
        driver: 'vfio-pci',
        evidence: '/etc/driverctl.d/pci-0000:05:00.0: vfio-pci',
      },
    ])
  })

  it.each([
    ['hexadecimal', '0x0000 0x0a 0x1f 0x3', '0000:0a:1f.3'],
    ['decimal, as users may write it', '0 10 31 3', '0000:0a:1f.3'],
    ['behind VMD', '0x10000 0x01 0x00 0x0', '10000:01:00.0'],
  ])("libvirt's addresses are %s", (_, numbers, device) => {
    expect(of({ libvirt: `${numbers} vm.xml\n` })).toEqual([
      { owner: 'libvirt', device, driver: 'vfio-pci', evidence: "/etc/libvirt/qemu/vm.xml: managed='yes'" },
    ])
  })

  it("a mapping is this node's only", () => {
    const mapping = `node pve2\n${MAPPING}`
    expect(of({ proxmox: '7.conf hostpci0: mapping=gpu\n', mapping }).map(({ device }) => device)).toEqual([
      '0000:01:00',
    ])
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing)('are read from what they leave, and nothing else of it', () => {
      const found = factOf(owners, argv, files)
      expect(found.map(({ owner, device, driver, evidence }) => [owner, device, driver, evidence])).toEqual([
        ['driverctl', '0000:06:00.0', 'uio_pci_generic', '/etc/driverctl.d/0000:06:00.0: uio_pci_generic'],
        ['driverctl', '0000:05:00.0', 'vfio-pci', '/etc/driverctl.d/pci-0000:05:00.0: vfio-pci'],
        ['libvirt', '0000:01:00.0', 'vfio-pci', "/etc/libvirt/qemu/win11 games.xml: managed='yes'"],
        ['libvirt', '0000:3b:10.2', 'vfio-pci', "/etc/libvirt/qemu/win11 games.xml: managed='yes'"],
        ['Proxmox VE', '0000:01:00', 'vfio-pci', '/etc/pve/qemu-server/101.conf: hostpci0: 0000:01:00'],
        ['Proxmox VE', '0000:02:00.0', 'vfio-pci', '/etc/pve/qemu-server/101.conf: hostpci1: 0000:02:00.0'],
        ['Proxmox VE', '0000:02:00.1', 'vfio-pci', '/etc/pve/qemu-server/101.conf: hostpci1: 0000:02:00.1'],
        ['Proxmox VE', '0000:05:00.0', 'vfio-pci', '/etc/pve/qemu-server/102.conf: hostpci0: mapping=net'],
        ['Proxmox VE', '0000:05:00.1', 'vfio-pci', '/etc/pve/qemu-server/102.conf: hostpci0: mapping=net'],
        ['GPU operator', '', '', '/run/nvidia/validations'],
      ])
    })

    it.skipIf(isMissing)("AMD's operator is seen by the logs of its pods", () => {
      const logs = '/var/log/pods/kube-amd-gpu_default-device-plugin-x7_5f0a5f0e'
      expect(factOf(owners, argv, { [`${logs}/device-plugin/0.log`]: '' })).toEqual([
        { owner: 'GPU operator', device: '', driver: '', evidence: logs },
      ])
    })

    it.skipIf(isMissing)('are none on a host without them', () => {
      expect(factOf(owners, argv, { '/etc/libvirt/qemu/networks/default.xml': '<network/>' })).toEqual([])
    })

    it.skipIf(isMissing)('no secret of a guest leaves the host', () => {
      const { evidence } = { evidence: JSON.stringify(factOf(owners, argv, files)) }
      expect(evidence).not.toContain('secret')
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(owners)
})
