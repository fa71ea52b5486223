import { describe, expect, it } from 'vitest'
import { readProcessors } from '../../../src/host/facts/ansible/processors.ts'
import { readRoute } from '../../../src/host/facts/ansible/route.ts'
import { ansible } from '../../../src/host/facts/ansible.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const CPUINFO = [0, 1]
  .map(
    n =>
      `processor\t: ${n}\nvendor_id\t: GenuineIntel\nmodel name\t: Core i7\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 1\nflags\t\t: fpu\n\n`,
  )
  .join('')

const MACHINE: Contents = {
  '/etc/debian_version': '12.11\n',
  '/etc/arch-release': '',
  '/proc/meminfo': 'MemTotal:       24683656 kB\nMemFree: 1 kB\n',
  '/proc/cpuinfo': CPUINFO,
  '/proc/1/comm': 'systemd\n',
  '/proc/1/cgroup': '1:cpu:/\n0::/docker/abc\n',
  '/proc/1/environ': 'PATH=/bin\0container=lxc\0SECRET=x\0',
  '/sys/devices/system/cpu/online': '0-1\n',
  '/sys/devices/system/cpu/cpu0/topology/physical_package_id': '0\n',
  '/sys/devices/system/cpu/cpu1/topology/physical_package_id': '0\n',
  '/sys/devices/virtual/dmi/id/sys_vendor': 'QEMU\n',
  '/sys/class/net/eth0/address': '02:fc:00:00:00:01\n',
  '/sys/class/net/eth0/mtu': '1400\n',
  '/sys/class/net/eth0/type': '1\n',
  '/dev/kvm': '',
  '/usr/bin/apt-get': '',
}

const IP = `#!/bin/sh
case "$*" in
*route*) echo '8.8.8.8 via 192.0.2.1 dev eth0 src 192.0.2.2 uid 0'; echo '    cache' ;;
*) echo '2: eth0: <UP> mtu 1400'; echo '    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0' ;;
esac
`

const ROUTE = '8.8.8.8 via 10.1.0.1 dev br0 src 10.1.3.4 uid 0\n    cache\n'

describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
  it.skipIf(isMissing)('tells all that Ansible’s facts are made of', () => {
    expect(
      factOf(ansible, argv, MACHINE, { programs: { ip: IP, id: '#!/bin/sh\necho root\n' } }),
    ).toMatchObject({
      is: 'observed',
      value: {
        user: 'root',
        releases: { debian_version: '12.11', 'arch-release': '' },
        processors: { online: [0, 1], says: ['GenuineIntel', 'Core i7'], packages: 1, cores: 1, siblings: 2 },
        memory: { value: 24683656 },
        ipv4: {
          value: { interface: 'eth0', address: '192.0.2.2', macaddress: '02:fc:00:00:00:01', mtu: 1400 },
        },
        there: expect.arrayContaining(['/dev/kvm', '/usr/bin/apt-get']),
        init: 'systemd',
        cgroups: ['0::/docker/abc'],
        environment: 'lxc',
        dmi: { vendor: 'QEMU', product: '' },
      },
    })
  })

  it.skipIf(isMissing)('tells of a machine without ip(8), /proc and /sys what there is', () => {
    const programs = { ip: '#!/bin/sh\nexit 1\n', id: '#!/bin/sh\necho me\n' }
    expect(
      factOf(ansible, argv, { '/sbin/init': { to: '/lib/systemd/systemd' } }, { programs }),
    ).toMatchObject({
      value: {
        ...{ user: 'me', releases: {}, processors: undefined, init: undefined, initIsSystemd: true },
        ...{ memory: { value: undefined }, ipv4: { value: undefined }, cgroups: [], environment: '' },
      },
    })
  })
})

it('nothing is claimed of a look that did not ask', () => {
  expect(ansible.parse({ releases: '', processors: '', route: '', signs: '' })).toEqual({
    is: 'unknown',
    why: 'it was looked at by a version that did not ask for it',
  })
})

describe('the processors', () => {
  it.each([
    [
      'on arm64, which tells numbers only',
      'processor\t: 0\nonline:0-3\npackages: 0 \n',
      [0, 1, 2, 3],
      [],
      undefined,
    ],
    [
      'with gaps',
      'processor\t: 0\nvendor_id\t: AuthenticAMD\nonline:0,2-3\npackages: \n',
      [0, 2, 3],
      ['AuthenticAMD'],
      undefined,
    ],
    ['in two packages', 'processor\t: 0\nphysical id\t: 0\nonline:0-1\npackages: 0 1 \n', [0, 1], [], 2],
  ])('%s', (_, text, online, says, packages) => {
    expect(readProcessors(text)).toMatchObject({ online, says, packages })
  })

  it.each(['', 'online:0-1\n', 'processor\t: 0\n', 'processor\t: 0\nonline:all\n'])('%j tells none', text => {
    expect(readProcessors(text)).toBeUndefined()
  })
})

describe('the way out', () => {
  it.each([
    [
      'a bridge',
      `${ROUTE}    inet 10.1.3.4/16 brd 10.1.255.255 scope global dynamic br0\naddress 02:00:00:00:00:01\nmtu 1500\ntype 1\nbridge\n`,
      {
        ...{ interface: 'br0', address: '10.1.3.4', gateway: '10.1.0.1', netmask: '255.255.0.0' },
        ...{ network: '10.1.0.0', prefix: '16', broadcast: '10.1.255.255', alias: 'br0' },
        ...{ macaddress: '02:00:00:00:00:01', mtu: 1500, type: 'bridge' },
      },
    ],
    [
      'point to point',
      '8.8.8.8 dev tun0 src 10.8.0.2\n    inet 10.8.0.2 peer 10.8.0.1/32 scope global tun0\nmtu 1400\ntype 65534\n',
      {
        ...{ interface: 'tun0', address: '10.8.0.2', netmask: '255.255.255.255', network: '10.8.0.2' },
        ...{ prefix: '32', broadcast: '', alias: 'tun0', mtu: 1400, type: 'tunnel' },
      },
    ],
    [
      'without an address of that name',
      ROUTE,
      { interface: 'br0', address: '10.1.3.4', gateway: '10.1.0.1' },
    ],
    ['none', '', undefined],
    ['an answer about something else', 'RTNETLINK answers: Network is unreachable\n', undefined],
  ])('%s', (_, text, expected) => {
    expect(readRoute(text)).toEqual(expected)
  })
})

it('any output gives a value', () => {
  parsesAnything(ansible)
})
