import { describe, expect, it } from 'vitest'
import { managedBy, type PackageLook, packagesNamed } from '../../../src/host/facts/packages.ts'
import { observed } from '../../../src/host/known.ts'
import { aHost } from '../../builders.ts'
import { parsesAnything } from './any_output.ts'
import { factOf, REAL_SHELLS } from './real_shells.ts'

/** Databases as they answer: what dpkg-query prints with our format, what rpm and pacman say to one name. */
const PROGRAMS = {
  'dpkg-query': `#!/bin/sh
printf '%s\\n' 'installed|qemu-system-x86|amd64|1:7.2|qemu-kvm (= 1:7.2), qemu-system' \\
  'config-files|ovmf|all|2022.11|' 'installed|libc6|i386|2.36|' 'installed|g++|amd64|12|c++-compiler:any, c++'`,
  rpm: `#!/bin/sh
for last; do :; done
[ "$last" = qemu-kvm ] || { echo "no package provides $last"; exit 1; }
printf '7.0-1\\n8.2.0-11.el9\\n'`,
  pacman: `#!/bin/sh
for last; do :; done
[ "$last" = qemu-full ] && echo 'qemu-full 8.2.1-1' || exit 1`,
  ...Object.fromEntries(['apt-get', 'dnf', 'zypper'].map(name => [name, '#!/bin/sh\nexit 1\n'])),
}

describe.each(REAL_SHELLS)('packages under %s', (_, { argv, isMissing }) => {
  it.skipIf(isMissing)('are found by name, architecture, or as another one provides them', () => {
    const names = [
      'qemu-system-x86',
      'qemu-kvm',
      'ovmf',
      'libc6',
      'libc6:i386',
      'g++',
      'c++',
      'qemu-full',
      'none',
    ]
    const found = factOf(packagesNamed(names), argv, {}, { programs: PROGRAMS, without: ['yum'] })
    expect(found.managers).toEqual(['apt', 'dnf', 'zypper', 'pacman'])
    expect(Object.fromEntries(found.installed.dpkg)).toEqual({
      ...{ 'qemu-system-x86': '1:7.2', 'qemu-kvm': '1:7.2', libc6: '2.36', 'libc6:i386': '2.36' },
      ...{ 'g++': '12', 'c++': '12' },
    })
    expect(Object.fromEntries(found.installed.rpm)).toEqual({ 'qemu-kvm': '8.2.0-11.el9' })
    expect(Object.fromEntries(found.installed.pacman)).toEqual({ 'qemu-full': '8.2.1-1' })
  })

  it.skipIf(isMissing)('are not asked for where no task names any', () => {
    const { installed } = factOf(packagesNamed([]), argv, {}, { programs: PROGRAMS })
    expect(Object.values(installed).map(({ size }) => size)).toEqual([0, 0, 0])
  })
})

const look = (differing: Partial<PackageLook>): PackageLook => ({
  managers: ['apt', 'dnf'],
  asked: ['qemu', 'ovmf'],
  installed: { dpkg: new Map([['qemu', '1']]), rpm: new Map([['ovmf', '2']]), pacman: new Map() },
  ...differing,
})
const on = (id: string, idLike: readonly string[] = []) => ({ ...aHost().os, id, idLike })
const is = (version: string) => observed({ installed: version !== '', version: observed(version) })

describe('the package manager', () => {
  it.each([
    ["a Debian's is apt, though it has dnf, too", on('debian'), 'apt', { qemu: is('1'), ovmf: is('') }],
    [
      "a Rocky's is dnf, by what it is like",
      on('rocky', ['rhel', 'centos', 'fedora']),
      'dnf',
      { qemu: is(''), ovmf: is('2') },
    ],
    ["an unknown one's is the first that is there", on('mine'), 'apt', { qemu: is('1'), ovmf: is('') }],
  ])('%s', (_, os, manager, packages) => {
    expect(managedBy(os, look({}))).toEqual({ packageManager: observed(manager), packages })
  })

  it('that is none we know leaves packages unknown', () => {
    const { packageManager, packages } = managedBy(on('solus'), look({ managers: [] }))
    expect([packageManager, packages.qemu?.is]).toEqual([observed(''), 'unknown'])
  })

  it('is unknown in looks that did not ask', () => {
    expect(aHost()).toMatchObject({ packageManager: { is: 'unknown' }, packages: {}, places: {} })
  })
})

it('any output gives packages', () => {
  parsesAnything(packagesNamed(['qemu']), () => {})
})
