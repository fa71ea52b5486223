import { describe, expect, it } from 'vitest'
import { machine } from '../../../src/host/facts/machine.ts'
import { parsesAnything } from './any_output.ts'
import { type Contents, factOf, REAL_SHELLS } from './real_shells.ts'

const NOTHING = { dmi: '', container: '', xen: '', kvm: '', lockdown: '' }

describe('the machine', () => {
  it('says what it is, and which firmware it has', () => {
    const dmi = [
      'sys_vendor ASUSTeK COMPUTER INC.',
      'product_name System Product Name',
      'board_vendor ASUSTeK COMPUTER INC.',
      'board_name Z170-A',
      'bios_version 3802',
      'bios_date 03/15/2018',
    ].join('\n')
    expect(machine.parse({ ...NOTHING, dmi })).toMatchObject({
      vendor: 'ASUSTeK COMPUTER INC.',
      product: 'System Product Name',
      board: 'ASUSTeK COMPUTER INC. Z170-A',
      firmwareVersion: '3802 (03/15/2018)',
    })
  })

  it('claims nothing from a look that did not ask', () => {
    expect(machine.parse(NOTHING)).toEqual({
      vendor: '',
      product: '',
      board: '',
      firmwareVersion: '',
      container: '',
      xen: '',
      kvm: { is: 'unknown', why: 'the look did not ask for /dev/kvm' },
      lockdown: '',
    })
  })

  it.each([
    ['[none] integrity confidentiality', 'none'],
    ['none [integrity] confidentiality', 'integrity'],
    ['none integrity [confidentiality]', 'confidentiality'],
  ])('is locked down: %s', (lockdown, expected) => {
    expect(machine.parse({ ...NOTHING, lockdown }).lockdown).toBe(expected)
  })

  describe.each(REAL_SHELLS)('under %s', (_, { argv, isMissing }) => {
    it.skipIf(isMissing).each<[string, Contents, object]>([
      ['is nothing special', {}, { container: '', xen: '', lockdown: '' }],
      ['has virtualisation to use', { '/dev/kvm': '' }, { kvm: { is: 'observed', value: true } }],
      ['has none', {}, { kvm: { is: 'observed', value: false } }],
      [
        'is described by its firmware',
        { '/sys/class/dmi/id/sys_vendor': 'QEMU\n', '/sys/class/dmi/id/product_name': 'Standard PC (Q35)\n' },
        { vendor: 'QEMU', product: 'Standard PC (Q35)', board: '', firmwareVersion: '' },
      ],
      ['is systemd-nspawn', { '/run/systemd/container': 'systemd-nspawn' }, { container: 'systemd-nspawn' }],
      ['is LXC', { '/proc/1/environ': 'TERM=linux\0container=lxc\0' }, { container: 'lxc' }],
      ['is no container by a like name', { '/proc/1/environ': 'my_container=lxc\0' }, { container: '' }],
      ['is Podman', { '/run/.containerenv': '' }, { container: 'podman' }],
      ['is Docker', { '/.dockerenv': '', '/proc/2/comm': 'nginx\n' }, { container: 'docker' }],
      [
        "is a machine that was made of Docker's image",
        { '/.dockerenv': '', '/proc/2/comm': 'kthreadd\n', '/proc/1/root': { to: '../..' } },
        { container: '' },
      ],
      [
        'is WSL',
        { '/proc/sys/kernel/osrelease': '5.15.153.1-microsoft-standard-WSL2\n' },
        { container: 'wsl' },
      ],
      [
        'is a guest of Xen',
        { '/sys/hypervisor/type': 'xen\n', '/proc/xen/capabilities': '' },
        { xen: 'domU' },
      ],
      [
        "is Xen's control domain",
        { '/sys/hypervisor/type': 'xen\n', '/proc/xen/capabilities': 'control_d\n' },
        { xen: 'dom0' },
      ],
      [
        'is locked down',
        { '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' },
        { lockdown: 'integrity' },
      ],
    ])('%s', (_title, contents, expected) => {
      expect(factOf(machine, argv, contents)).toMatchObject(expected)
    })
  })
})

it('any output gives a value', () => {
  parsesAnything(machine)
})
