import type { AnsibleEvidence } from '../../../host/ansible_evidence.ts'

/** As module_utils/facts/system/service_mgr.py finds it: process 1, unless its name says nothing. */
export function serviceManagerOf({ init, initIsSystemd, there }: AnsibleEvidence): string {
  if (init !== undefined && init !== 'init' && !init.endsWith('sh')) return NAMES[init] ?? init
  const has = (...paths: readonly string[]): boolean => paths.every(path => there.includes(path))
  if (has('systemctl', '/run/systemd/system')) return 'systemd'
  if (has('initctl', '/etc/init')) return 'upstart'
  if (has('/sbin/openrc')) return 'openrc'
  if (has('systemctl') && initIsSystemd) return 'systemd'
  return has('/etc/init.d') ? 'sysvinit' : 'service'
}

const NAMES: Readonly<Record<string, string>> = {
  procd: 'openwrt_init',
  'runit-init': 'runit',
  svscan: 'svc',
  'openrc-init': 'openrc',
}
