import { describe, expect, it } from 'vitest'
import { network } from '../../../src/host/facts/network.ts'
import { parsesAnything } from './any_output.ts'

const link = (path: string, target: string) => `lrwxrwxrwx 1 root root 0 Nov 22 14:03 ${path} -> ${target}`
const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const route = (name: string, destination: string, mask: string) =>
  `${name}\t${destination}\t0202000A\t0003\t0\t0\t0\t${mask}\t0\t0\t0`
const empty = { route: HEAD, route6: '', address6: '', links: '', connection: '' }

/** Two cards; a bridge over a VLAN over a bond of both. */
const links = [
  link('eth0', '../../devices/pci0000:00/0000:00:1c.0/0000:03:00.0/net/eth0'),
  link('eth1', '../../devices/pci0000:00/0000:00:1f.6/net/eth1'),
  link('bond0', '../../devices/virtual/net/bond0'),
  link('bond0/lower_eth0', '../../../pci0000:00/0000:00:1c.0/0000:03:00.0/net/eth0'),
  link('bond0/lower_eth1', '../../../pci0000:00/0000:00:1f.6/net/eth1'),
  link('bond0.5', '../../devices/virtual/net/bond0.5'),
  link('bond0.5/lower_bond0', '../bond0'),
  link('vmbr0', '../../devices/virtual/net/vmbr0'),
  link('vmbr0/lower_bond0.5', '../bond0.5'),
  link('eth2', '../../devices/pci0000:00/0000:04:00.0/net/eth2'),
  link('eth2/master', '../../../../virtual/net/ovs-system'),
  link('tap0', '../../devices/virtual/net/tap0'),
  link('tap0/master', '../ovs-system'),
  link('ovs-system', '../../devices/virtual/net/ovs-system'),
  link('br-ex', '../../devices/virtual/net/br-ex'),
  link('lo', '../../devices/virtual/net/lo'),
  link('macvlan0', '../../devices/virtual/net/macvlan0'),
  link('macvlan0/lower_eth0', '../../../pci0000:00/0000:00:1c.0/0000:03:00.0/net/eth0'),
  link('team0', '../../devices/virtual/net/team0'),
  link('team0/lower_eth1', '../../../pci0000:00/0000:00:1f.6/net/eth1'),
  link('eth1.7', '../../devices/virtual/net/eth1.7'),
  link('eth1.7/lower_eth1', '../../../pci0000:00/0000:00:1f.6/net/eth1'),
  link('br0', '../../devices/virtual/net/br0'),
  link('br0/lower_eth1', '../../../pci0000:00/0000:00:1f.6/net/eth1'),
  link('br0/lower_vnet3', '../vnet3'),
  link('vnet3', '../../devices/virtual/net/vnet3'),
  link('vnet3/master', '../br0'),
  // Old kernels tell what is enslaved only: no lower_ before 3.9.
  link('bond9', '../../devices/virtual/net/bond9'),
  link('eth4', '../../devices/pci0000:00/0000:05:00.0/net/eth4'),
  link('eth4/master', '../../../../virtual/net/bond9'),
  link('usb0', '../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/usb0'),
].join('\n')
const ETH0 = ['0000:00:1c.0', '0000:03:00.0']
const ETH1 = ['0000:00:1f.6']
const ETH2 = ['0000:04:00.0']

describe('the interfaces this host cannot do without', () => {
  it.each([
    [
      'a card with the default route',
      { route: `${HEAD}\n${route('eth0', '00000000', '00000000')}` },
      [{ interface: 'eth0', roles: ['default route'], devices: ETH0 }],
    ],
    [
      'a bridge, down to the members of the bond below it',
      { route: `${HEAD}\n${route('vmbr0', '00000000', '00000000')}` },
      [{ interface: 'vmbr0', roles: ['default route'], devices: [...ETH0, ...ETH1] }],
    ],
    [
      'the default route of IPv6, but not that of lo',
      {
        route6:
          '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80 00000400 00000001 00000000 00000003     eth1\n00000000000000000000000000000000 00 00000000000000000000000000000000 00 00 ffffffff 00000001 00000000 00200200       lo',
      },
      [{ interface: 'eth1', roles: ['default route'], devices: ETH1 }],
    ],
    [
      'the interface of the net that our connection comes from',
      {
        route: `${HEAD}\n${route('eth0', '00000000', '00000000')}\n${route('eth1', '0000A8C0', '0000FFFF')}`,
        connection: '192.168.7.9 50000 192.168.1.2 22',
      },
      [
        { interface: 'eth0', roles: ['default route'], devices: ETH0 },
        { interface: 'eth1', roles: ['this connection'], devices: ETH1 },
      ],
    ],
    [
      'the narrowest route wins',
      {
        route: `${HEAD}\n${route('eth1', '0000000A', '000000FF')}\n${route('eth0', '0002000A', '00FFFFFF')}`,
        connection: '10.0.2.2 60228 10.0.2.15 22',
      },
      [{ interface: 'eth0', roles: ['this connection'], devices: ETH0 }],
    ],
    [
      'an IPv4 client in an IPv6 address',
      {
        route: `${HEAD}\n${route('eth0', '0002000A', '00FFFFFF')}`,
        connection: '::ffff:10.0.2.2 60228 ::ffff:10.0.2.15 22',
      },
      [{ interface: 'eth0', roles: ['this connection'], devices: ETH0 }],
    ],
    [
      'the interface that holds our IPv6 address',
      {
        address6: 'fe800000000000005054aafffe000001 02 40 20 80     eth1',
        connection: 'fe80::1%eth1 50000 fe80::5054:aaff:fe00:1%eth1 22',
      },
      [{ interface: 'eth1', roles: ['this connection'], devices: ETH1 }],
    ],
    [
      'a connection from this machine itself needs none',
      { connection: '127.0.0.1 50000 127.0.0.1 22', route: `${HEAD}\n` },
      [],
    ],
    [
      'none is ours without a connection, whatever IPv6 addresses there are',
      { address6: 'fe800000000000005054aafffe000001 02 40 20 80     eth1', connection: '\n' },
      [],
    ],
    [
      'one whose card cannot be told (an internal port of Open vSwitch)',
      { route: `${HEAD}\n${route('br-ex', '00000000', '00000000')}` },
      [{ interface: 'br-ex', roles: ['default route'], devices: undefined }],
    ],
    [
      'a bridge of Open vSwitch, by the ports that have it as their master',
      { route: `${HEAD}\n${route('ovs-system', '00000000', '00000000')}` },
      [{ interface: 'ovs-system', roles: ['default route'], devices: ETH2 }],
    ],
    [
      'a port without a card, by the others of its master',
      { route: `${HEAD}\n${route('tap0', '00000000', '00000000')}` },
      [{ interface: 'tap0', roles: ['default route'], devices: ETH2 }],
    ],
    [
      'a route that leads nowhere is no interface',
      { route: `${HEAD}\n${route('*', '00000000', '00000000')}` },
      [],
    ],
    ['nothing where nothing is known', {}, []],
  ])('%s', (_, out, uses) => {
    expect(network.parse({ ...empty, links, ...out })).toEqual(uses)
  })

  it.each([
    ['a MACVLAN', 'macvlan0', ETH0],
    ['a team', 'team0', ETH1],
    ['a VLAN', 'eth1.7', ETH1],
    ['a bridge, whatever guests are on it', 'br0', ETH1],
    ["a bridge's port without a card", 'vnet3', ETH1],
    ['a bond of an old kernel', 'bond9', ['0000:05:00.0']],
    ['a network adapter on USB, by its controller', 'usb0', ['0000:00:14.0']],
  ])('%s with the default route reaches its card', (_, name, devices) => {
    const out = { ...empty, links, route: `${HEAD}\n${route(name, '00000000', '00000000')}` }
    expect(network.parse(out)).toEqual([{ interface: name, roles: ['default route'], devices }])
  })

  it('one interface can be both', () => {
    const out = {
      ...empty,
      links,
      route: `${HEAD}\n${route('eth0', '00000000', '00000000')}`,
      connection: '10.0.2.2 1 10.0.2.15 22',
    }
    expect(network.parse(out)).toEqual([
      { interface: 'eth0', roles: ['default route', 'this connection'], devices: ETH0 },
    ])
  })
})

it('any output gives a value', () => {
  parsesAnything(network)
})
