import { describe, expect, it } from 'vitest'
import type { Host, PackageManager } from '../../src/host/host.ts'
import { observed, unknown } from '../../src/host/known.ts'
import { packageModule } from '../../src/modules/package.ts'
import { afterChanges, aHost, planned } from '../builders.ts'
import { complaint } from './outcomes.ts'

const managed = (manager: PackageManager | '', packages: Readonly<Record<string, string>>): Host =>
  aHost({
    packageManager: observed(manager),
    packages: Object.fromEntries(
      Object.entries(packages).map(([name, version]) => [
        name,
        observed({ installed: version !== '', version: observed(version) }),
      ]),
    ),
  })

const argvsOf = (host: Host, args: Readonly<Record<string, unknown>>): string[] => {
  const outcome = planned(packageModule, host, args)
  return outcome.kind === 'change'
    ? outcome.changes.map(change => (change.kind === 'run' ? change.argv.join(' ') : change.kind))
    : [`${outcome.kind}: ${outcome.why}`]
}

describe('package', () => {
  const APT =
    'env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=120 -o APT::Cmd::Pattern-Only=true'
  const KEEP = '-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold'

  it.each<[PackageManager, string, string]>([
    ['apt', `${APT} ${KEEP} install qemu ovmf`, `${APT} remove qemu ovmf`],
    ['dnf', 'dnf -y install qemu ovmf', 'dnf -y remove qemu ovmf'],
    ['yum', 'yum -y install qemu ovmf', 'yum -y remove qemu ovmf'],
    ['zypper', 'zypper --non-interactive install qemu ovmf', 'zypper --non-interactive remove qemu ovmf'],
    ['pacman', 'pacman --noconfirm --needed -S qemu ovmf', 'pacman --noconfirm -R qemu ovmf'],
  ])('with %s', (manager, install, remove) => {
    const name = ['qemu', 'ovmf']
    expect(argvsOf(managed(manager, { qemu: '', ovmf: '' }), { name })).toEqual([install])
    expect(argvsOf(managed(manager, { qemu: '1', ovmf: '2' }), { name, state: 'absent' })).toEqual([remove])
  })

  it('asks only for what is missing, and reads the repositories anew only then', () => {
    const host = managed('dnf', { qemu: '8.2-1', ovmf: '' })
    const args = { name: 'qemu, ovmf', update_cache: true }
    expect(argvsOf(host, args)).toEqual(['dnf makecache', 'dnf -y install ovmf'])
    expect(argvsOf(managed('dnf', { qemu: '8.2-1', ovmf: '1' }), args)).toEqual([
      'converged: qemu 8.2-1, ovmf 1: installed already',
    ])
    expect(argvsOf(managed('dnf', { qemu: '' }), { name: 'qemu', state: 'removed' })).toEqual([
      'converged: qemu: not installed already',
    ])
  })

  it.each(['present', 'absent'])('what it foresees is converged: %s', state => {
    const host = managed('apt', { qemu: state === 'present' ? '' : '1' })
    const after = afterChanges(host, planned(packageModule, host, { name: 'qemu', state }))
    expect(planned(packageModule, after, { name: 'qemu', state }).kind).toBe('converged')
    expect(after.packages.qemu).toMatchObject({ is: 'predicted', value: { installed: state === 'present' } })
  })

  it.each<[string, Host, string]>([
    [
      'no package manager is known',
      managed('', { qemu: '' }),
      'blocked: no package manager that we know on Debian GNU/Linux: none of apt, dnf, yum, zypper, pacman',
    ],
    [
      'the system is an image',
      { ...managed('dnf', { qemu: '' }), tools: ['rpm-ostree'] },
      'blocked: this system is an image: its packages are part of it',
    ],
    ['nobody has looked', aHost(), 'unknown: qemu was not looked for'],
    [
      'the look is older than the question',
      { ...managed('apt', { qemu: '' }), packageManager: unknown('old') },
      'unknown: qemu was not looked for',
    ],
  ])('where %s', (_, host, answer) => {
    expect(argvsOf(host, { name: 'qemu' })).toEqual([answer])
  })

  it.each([
    [{}, 'is required'],
    [{ name: [] }, 'must name at least one package'],
    [{ name: 'qemu=8.2' }, '"qemu=8.2" is no name of a package'],
    [{ name: '@virtualization' }, '"@virtualization" is no name of a package'],
    [{ name: ['qemu', '--force'] }, '"--force" is no name of a package'],
    [{ name: 'nginx-' }, '"nginx-" is no name of a package'],
    [{ name: 'qemu', state: 'latest' }, 'latest is not supported: what it comes to changes without the play'],
  ])('refuses %j', (args, why) => {
    expect(complaint(packageModule, args)).toBe(why)
  })

  it('asks for its packages to be looked for', () => {
    expect(packageModule.looksAt?.(packageModule.args.parse({ name: 'a,b' }))).toEqual({
      packages: ['a', 'b'],
    })
  })
})
