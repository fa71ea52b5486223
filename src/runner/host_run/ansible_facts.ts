import type { Host } from '../../host/host.ts'
import { ifKnown } from '../../host/known.ts'
import type { Scope } from '../template/template.ts'

/** The subset of Ansible's facts that expressions may read, under Ansible's names. */
export function ansibleFacts(host: Host): Scope {
  const family = [host.os.id, ...host.os.idLike].map(id => OS_FAMILIES[id]).find(name => name !== undefined)
  return {
    distribution: DISTRIBUTIONS[host.os.id] ?? host.os.name,
    distribution_version: host.os.version,
    os_family: family ?? host.os.name,
    kernel: ifKnown(host.kernel) ?? '',
    architecture: host.arch,
    hostname: host.hostname,
    processor: [host.cpu.model],
  }
}

/** ID of os-release(5) → the name that Ansible gives (module_utils/facts/system/distribution.py). */
const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  fedora: 'Fedora',
  arch: 'Archlinux',
  rhel: 'RedHat',
}
const OS_FAMILIES: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Debian',
  fedora: 'RedHat',
  rhel: 'RedHat',
  arch: 'Archlinux',
  suse: 'Suse',
}
