import type { AnsibleEvidence } from '../../../host/ansible_evidence.ts'
import type { Host } from '../../../host/host.ts'

export interface Virtualization {
  readonly type: string
  readonly role: string
}

/** As module_utils/facts/virtual/linux.py tells it: the first of `SIGNS` that holds. */
export function virtualizationOf({ cpu, machine }: Host, evidence: AnsibleEvidence): Virtualization {
  const seen = {
    ...evidence,
    model: cpu.model,
    isDom0: machine.xen === 'dom0',
    has: (path: string) => evidence.there.includes(path),
  }
  for (const [role, sign] of SIGNS) {
    const type = sign(seen)
    if (type !== undefined && type !== '') return { type, role }
  }
  return { type: 'NA', role: 'NA' }
}

interface Seen extends AnsibleEvidence {
  readonly model: string
  readonly isDom0: boolean
  has(path: string): boolean
}

type Sign = readonly [role: 'guest' | 'host', type: (seen: Seen) => string | undefined]

const when =
  (type: string, holds: (seen: Seen) => boolean): ((seen: Seen) => string | undefined) =>
  seen =>
    holds(seen) ? type : undefined

const grouped = (type: string, pattern: RegExp): Sign => [
  'guest',
  when(type, ({ cgroups }) => cgroups.some(line => pattern.test(line))),
]

const openvz = ({ has }: Seen): boolean => has('/proc/vz') && !has('/proc/lve')

const SIGNS: readonly Sign[] = [
  grouped('docker', /\/docker(\/|-[0-9a-f]+\.scope)/),
  grouped('lxc', /\/lxc\/|\/machine\.slice\/machine-lxc/),
  grouped('containerd', /\/system\.slice\/containerd\.service/),
  ['guest', ({ environment }) => environment && (/^(lxc|podman)/.exec(environment)?.[1] ?? 'container')],
  ['host', when('openvz', seen => openvz(seen) && seen.has('/proc/bc'))],
  ['guest', when('openvz', openvz)],
  ['guest', ({ container }) => container],
  ['guest', when('docker', ({ has }) => has('/.dockerenv') || has('/.dockerinit'))],
  ['host', when('xen', ({ has, isDom0 }) => has('/proc/xen') && isDom0)],
  ['guest', when('xen', ({ has }) => has('/proc/xen'))],
  ['guest', when('kvm', ({ dmi }) => ['KVM', 'KVM Server', 'Bochs', 'AHV'].includes(dmi.product))],
  ['guest', when('oVirt', ({ dmi }) => dmi.vendor === 'oVirt')],
  ['guest', when('RHV', ({ dmi }) => dmi.vendor === 'Red Hat' && dmi.family === 'RHV')],
  ['guest', when('RHEV', ({ dmi }) => dmi.vendor === 'Red Hat' && dmi.product === 'RHEV Hypervisor')],
  ['guest', when('VMware', ({ dmi }) => ['VMware Virtual Platform', 'VMware7,1'].includes(dmi.product))],
  ['guest', when('openstack', ({ dmi }) => ['OpenStack Compute', 'OpenStack Nova'].includes(dmi.product))],
  ['guest', ({ dmi }) => FIRMWARE_MAKERS[dmi.firmware]],
  ['guest', ({ dmi }) => VENDORS[dmi.vendor]],
  ['guest', when('kvm', ({ model }) => model.includes('QEMU Virtual CPU'))],
  ['guest', when('uml', ({ model }) => model.includes('UML'))],
  ['host', when('kvm', ({ has }) => has('/sys/module/kvm/initstate'))],
  ['host', when('virtualbox', ({ has }) => has('/sys/module/vboxdrv/initstate'))],
  ['guest', when('kvm', ({ has }) => has('/sys/module/virtio/initstate'))],
  ['guest', when('VMware', ({ dmi }) => dmi.product.startsWith('VMware'))],
  ['guest', when('bhyve', ({ dmi }) => dmi.product.includes('BHYVE'))],
  ['host', when('kvm', ({ has }) => has('/dev/kvm'))],
]

const FIRMWARE_MAKERS: Readonly<Record<string, string>> = {
  Xen: 'xen',
  'innotek GmbH': 'virtualbox',
  'Amazon EC2': 'kvm',
  DigitalOcean: 'kvm',
  Hetzner: 'kvm',
}

const VENDORS: Readonly<Record<string, string>> = {
  QEMU: 'kvm',
  'Amazon EC2': 'kvm',
  DigitalOcean: 'kvm',
  Google: 'kvm',
  Scaleway: 'kvm',
  Nutanix: 'kvm',
  KubeVirt: 'KubeVirt',
  'Microsoft Corporation': 'VirtualPC',
  'Parallels Software International Inc.': 'parallels',
  'OpenStack Foundation': 'openstack',
}
