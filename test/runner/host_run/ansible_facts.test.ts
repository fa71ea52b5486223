import { describe, expect, test } from 'vitest'
import type { AnsibleEvidence } from '../../../src/host/ansible_evidence.ts'
import { osRelease } from '../../../src/host/facts/system.ts'
import type { Host } from '../../../src/host/host.ts'
import { observed, unknown } from '../../../src/host/known.ts'
import { FactsNeeded } from '../../../src/runner/facts_on_demand.ts'
import { packageManagerOf } from '../../../src/runner/host_run/ansible_facts/package_manager.ts'
import { ansibleFacts } from '../../../src/runner/host_run/ansible_facts.ts'
import { UnknownYet } from '../../../src/runner/live_variables.ts'
import { FACT_NAMES } from '../../../src/runner/playbook/variables.ts'
import { aHost } from '../../builders.ts'

const EVIDENCE: AnsibleEvidence = {
  user: 'root',
  releases: { debian_version: '12.11' },
  processors: { online: [0, 1, 2, 3], says: ['GenuineIntel', 'Core i7'], packages: 1, cores: 2, siblings: 4 },
  memory: observed(16_384_123),
  ipv4: observed({ interface: 'eth0', address: '192.0.2.2' }),
  there: ['/usr/bin/apt-get', '/usr/bin/dpkg'],
  init: 'systemd',
  initIsSystemd: false,
  cgroups: [],
  environment: '',
  container: '',
  dmi: { product: '', family: '', vendor: '', firmware: '' },
}

const seen = (evidence: Partial<AnsibleEvidence> = {}, host: Partial<Host> = {}): Host =>
  aHost({ ansible: observed({ ...EVIDENCE, ...evidence }), fqdn: observed('lab.example.org'), ...host })

test('every fact that is promised is there', () => {
  const facts = ansibleFacts(seen())
  expect(Object.keys(facts).toSorted()).toEqual([...FACT_NAMES].toSorted())
  expect(facts).toMatchObject({
    ...{ memtotal_mb: 16_000, user_id: 'root', user_uid: 0, system: 'Linux', service_mgr: 'systemd' },
    ...{ fqdn: 'lab.example.org', domain: 'example.org', pkg_mgr: 'apt' },
    default_ipv4: { interface: 'eth0', address: '192.0.2.2' },
  })
})

/** os-release, other files below /etc, and distribution, version, major version, release, family as Ansible has them. */
test.each<[string, string, AnsibleEvidence['releases'], readonly string[]]>([
  [
    'Debian',
    'ID=debian\nNAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm',
    { debian_version: '12.11' },
    ['Debian', '12.11', '12', 'bookworm', 'Debian'],
  ],
  [
    'Ubuntu',
    'ID=ubuntu\nID_LIKE=debian\nNAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.1 LTS (Noble Numbat)"\nVERSION_CODENAME=noble',
    { debian_version: 'trixie/sid' },
    ['Ubuntu', '24.04', '24', 'noble', 'Debian'],
  ],
  [
    'Pop!_OS',
    'ID=pop\nNAME="Pop!_OS"\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy',
    {},
    ['Pop!_OS', '22.04', '22', 'jammy', 'Debian'],
  ],
  [
    'Linux Mint',
    'ID=linuxmint\nNAME="Linux Mint"\nVERSION_ID="21.3"\nVERSION_CODENAME=virginia',
    {},
    ['Linux Mint', '21.3', '21', 'virginia', 'Debian'],
  ],
  [
    'Fedora',
    'ID=fedora\nNAME="Fedora Linux"\nVERSION_ID=40\nVERSION="40 (Server Edition)"\nVERSION_CODENAME=""',
    { 'redhat-release': 'Fedora release 40 (Forty)' },
    ['Fedora', '40', '40', '', 'RedHat'],
  ],
  [
    'RHEL',
    'ID="rhel"\nNAME="Red Hat Enterprise Linux"\nVERSION_ID="9.3"\nVERSION="9.3 (Plow)"',
    { 'redhat-release': 'Red Hat Enterprise Linux release 9.3 (Plow)' },
    ['RedHat', '9.3', '9', 'Plow', 'RedHat'],
  ],
  [
    'CentOS 7',
    'ID="centos"\nNAME="CentOS Linux"\nVERSION_ID="7"\nVERSION="7 (Core)"\nPRETTY_NAME="CentOS Linux 7 (Core)"',
    {
      'centos-release': 'CentOS Linux release 7.9.2009 (Core)',
      'redhat-release': 'CentOS Linux release 7.9.2009 (Core)',
    },
    ['CentOS', '7.9', '7', 'Core', 'RedHat'],
  ],
  [
    'CentOS Stream',
    'ID="centos"\nNAME="CentOS Stream"\nVERSION_ID="9"\nVERSION="9"',
    { 'centos-release': 'CentOS Stream release 9', 'redhat-release': 'CentOS Stream release 9' },
    ['CentOS', '9', '9', 'Stream', 'RedHat'],
  ],
  [
    'Rocky',
    'ID="rocky"\nNAME="Rocky Linux"\nVERSION_ID="8.10"\nVERSION="8.10 (Green Obsidian)"',
    { 'redhat-release': 'Rocky Linux release 8.10 (Green Obsidian)' },
    ['Rocky', '8.10', '8', 'Green Obsidian', 'RedHat'],
  ],
  [
    'Oracle Linux',
    'ID="ol"\nNAME="Oracle Linux Server"\nVERSION_ID="8.9"\nVERSION="8.9"',
    {
      'oracle-release': 'Oracle Linux Server release 8.9',
      'redhat-release': 'Red Hat Enterprise Linux release 8.9 (Ootpa)',
    },
    ['OracleLinux', '8.9', '8', 'Ootpa', 'RedHat'],
  ],
  [
    'Arch',
    'ID=arch\nNAME="Arch Linux"\nPRETTY_NAME="Arch Linux"',
    { 'arch-release': '' },
    ['Archlinux', 'NA', 'NA', 'NA', 'Archlinux'],
  ],
  [
    'openSUSE Leap',
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nNAME="openSUSE Leap"\nVERSION_ID="15.6"\nVERSION="15.6"',
    {},
    ['openSUSE Leap', '15.6', '15', '6', 'Suse'],
  ],
  [
    'SLES',
    'ID="sles"\nID_LIKE="suse"\nNAME="SLES"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP5"\nVERSION_ID="15.5"',
    {},
    ['SLES', '15.5', '15', '5', 'Suse'],
  ],
  [
    'Alpine',
    'ID=alpine\nNAME="Alpine Linux"\nVERSION_ID=3.19.1',
    { 'alpine-release': '3.19.1' },
    ['Alpine', '3.19.1', '3', 'NA', 'Alpine'],
  ],
  ['Gentoo', 'ID=gentoo\nNAME=Gentoo\nVERSION_ID="2.15"', {}, ['Gentoo', '2.15', '2', 'NA', 'Gentoo']],
  ['Void', 'ID="void"\nNAME="Void"', {}, ['Void', 'NA', 'NA', 'NA', 'Void']],
])('%s is told as Ansible tells it', (_, text, releases, expected) => {
  const facts = ansibleFacts(seen({ releases }, { os: osRelease.parse({ text }) }))
  const names = [
    'distribution',
    'distribution_version',
    'distribution_major_version',
    'distribution_release',
    'os_family',
  ]
  expect(names.map(name => facts[name])).toEqual(expected)
})

describe('the processors', () => {
  test.each<[string, AnsibleEvidence['processors'], object]>([
    [
      'two threads a core',
      EVIDENCE.processors,
      {
        processor: ['0', '1', '2', '3'].flatMap(n => [n, 'GenuineIntel', 'Core i7']),
        ...{ processor_count: 1, processor_cores: 2, processor_threads_per_core: 2, processor_vcpus: 4 },
      },
    ],
    [
      'where cpuinfo tells no packages each is one',
      { online: [0, 1], says: [], packages: undefined, cores: undefined, siblings: undefined },
      {
        processor: ['0', '1'],
        ...{ processor_count: 2, processor_cores: 1, processor_threads_per_core: 1, processor_vcpus: 2 },
      },
    ],
  ])('%s', (_, processors, expected) => {
    expect(ansibleFacts(seen({ processors }))).toMatchObject(expected)
  })

  test('that a host does not tell of are no facts', () => {
    expect(ansibleFacts(seen({ processors: undefined }))).not.toHaveProperty('processor')
  })
})

test.each<[Partial<AnsibleEvidence>, string, string]>([
  [{ there: ['/.dockerenv', '/dev/kvm'] }, 'docker', 'guest'],
  [{ cgroups: ['0::/docker/0a'] }, 'docker', 'guest'],
  [{ environment: 'lxc', container: 'lxc' }, 'lxc', 'guest'],
  [{ environment: 'systemd-nspawn', container: 'systemd-nspawn' }, 'container', 'guest'],
  [{ container: 'systemd-nspawn' }, 'systemd-nspawn', 'guest'],
  [{ there: ['/proc/vz', '/proc/bc'] }, 'openvz', 'host'],
  [{ dmi: { ...EVIDENCE.dmi, vendor: 'QEMU' }, there: ['/dev/kvm'] }, 'kvm', 'guest'],
  [{ dmi: { ...EVIDENCE.dmi, product: 'VMware Virtual Platform' } }, 'VMware', 'guest'],
  [{ there: ['/sys/module/kvm/initstate', '/sys/module/virtio/initstate'] }, 'kvm', 'host'],
  [{ there: ['/dev/kvm'] }, 'kvm', 'host'],
  [{}, 'NA', 'NA'],
])('%j is %s, %s', (evidence, type, role) => {
  const host = seen(evidence, { cpu: { vendor: 'intel', model: 'Core i7', flags: [] } })
  expect(ansibleFacts(host)).toMatchObject({ virtualization_type: type, virtualization_role: role })
})

test.each<[Partial<AnsibleEvidence>, string]>([
  [{ init: 'runit-init' }, 'runit'],
  [{ init: 's6-svscan' }, 's6-svscan'],
  [{ init: 'init', there: ['systemctl', '/run/systemd/system'] }, 'systemd'],
  [{ init: 'init', there: ['/sbin/openrc', '/etc/init.d'] }, 'openrc'],
  [{ init: 'bash', there: ['systemctl'], initIsSystemd: true }, 'systemd'],
  [{ init: 'sh', there: ['/etc/init.d'] }, 'sysvinit'],
  [{ init: undefined, there: [] }, 'service'],
])('%j has the service manager %s', (evidence, expected) => {
  expect(ansibleFacts(seen(evidence)).service_mgr).toBe(expected)
})

test.each<[string, string, string, readonly string[], string]>([
  ['Fedora', '40', 'RedHat', ['/usr/bin/yum', '/usr/bin/dnf'], 'dnf'],
  ['Fedora', '40', 'RedHat', ['/usr/bin/dnf', '/run/ostree-booted'], 'atomic_container'],
  ['CentOS', '7', 'RedHat', ['/usr/bin/yum'], 'yum'],
  ['Rocky', '8', 'RedHat', ['/usr/bin/yum', '/usr/bin/dnf'], 'dnf'],
  ['Debian', '12', 'Debian', ['/usr/bin/apt-get', '/usr/bin/dpkg', '/usr/bin/rpm', '/usr/bin/zypper'], 'apt'],
  ['Altlinux', '10', 'Altlinux', ['/usr/bin/apt-get'], 'apt_rpm'],
  ['openSUSE Leap', '15', 'Suse', ['/usr/bin/zypper'], 'zypper'],
  ['Void', 'NA', 'Void', ['/usr/bin/xbps-install'], 'xbps'],
  ['Solus', '4', 'Solus', [], 'unknown'],
])('%s %s (%s) with %j installs with %s', (name, majorVersion, family, there, expected) => {
  expect(packageManagerOf(there, { name, majorVersion, family, version: '', release: '' })).toBe(expected)
})

test.each([
  ['x86_64', 'x86_64'],
  ['i686', 'i386'],
  ['aarch64', 'aarch64'],
])('%s is the architecture %s', (arch, expected) => {
  expect(ansibleFacts(seen({}, { arch })).architecture).toBe(expected)
})

describe('what is not known', () => {
  const earlier = seen({}, { ansible: unknown('nobody asked'), fqdn: unknown('nobody asked') })

  test.each(['memtotal_mb', 'default_ipv4', 'processor', 'service_mgr', 'fqdn', 'distribution_version'])(
    '%s of a machine that was recorded by an earlier version stays unknown',
    name => {
      expect(() => ansibleFacts(earlier)[name]).toThrow(UnknownYet)
    },
  )

  test('a Debian is told by its os-release all the same', () => {
    expect(ansibleFacts(earlier)).toMatchObject({
      ...{ distribution: 'Debian', os_family: 'Debian', distribution_release: 'bookworm' },
      distribution_major_version: '12',
    })
  })

  test('is left out where a host cannot tell it', () => {
    expect(Object.keys(ansibleFacts(earlier, { leavesOutUnknown: true }))).not.toContain('memtotal_mb')
  })

  test.each(['fqdn', 'domain'])('%s is looked for when it is read', name => {
    expect(() => ansibleFacts(earlier, { canAskForFqdn: true })[name]).toThrow(FactsNeeded)
  })
})
