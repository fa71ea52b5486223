import type { HostCounts, RunEvent } from '../../../src/runner/events.ts'
import type { Screen } from '../../../src/runner/report/text.ts'

/** A screen that remembers what was written on it. */
export function paper(
  settings: { isTTY?: boolean; columns?: number; rows?: number } = {},
): Screen & { text(): string } {
  const written: string[] = []
  return { ...settings, write: text => written.push(text), text: () => written.join('') }
}

export const counts = (some: Partial<HostCounts>): HostCounts => ({
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  pending: 0,
  connections: 1,
  execs: 1,
  rebootPending: '',
  ...some,
})

const play = 'GPU passthrough'
const why = '0000:00:17.0 is the controller of / and has the id of a chosen device'

/** Three hosts: one is changed and rebooted, one is blocked, one does not answer. */
export const exampleRun: readonly RunEvent[] = [
  { event: 'run', playbook: 'playbooks/gpu.yaml', check: false, hosts: ['lab1', 'lab2', 'far-away'] },
  { event: 'play', play, hosts: ['lab1', 'lab2', 'far-away'] },
  { event: 'phase', host: 'lab1', phase: 'connect' },
  { event: 'phase', host: 'lab2', phase: 'connect' },
  { event: 'phase', host: 'far-away', phase: 'connect' },
  {
    event: 'host_failed',
    host: 'far-away',
    status: 'unreachable',
    why: 'no answer from 192.0.2.7 port 22 within 10 s',
    hint: 'is it switched on?',
  },
  { event: 'phase', host: 'lab1', phase: 'look' },
  { event: 'phase', host: 'lab1', phase: 'plan' },
  {
    event: 'task',
    host: 'lab1',
    play,
    task: 'Turn the IOMMU on',
    module: 'iommu_kernel_args',
    status: 'ok',
    why: 'intel_iommu=on is in effect',
  },
  {
    event: 'task',
    host: 'lab1',
    play,
    task: 'Claim the devices for vfio-pci',
    module: 'vfio_ids',
    status: 'changed',
    why: 'vfio-pci claims 10de:13c2, 10de:0fbb, which nouveau and snd_hda_intel hold now',
  },
  {
    event: 'boots',
    host: 'lab1',
    bootloader: 'GRUB',
    evidence: 'BOOT_IMAGE= is on the command line, update-grub is installed',
    initramfs: 'initramfs-tools',
  },
  {
    event: 'diff',
    host: 'lab1',
    path: '/etc/modprobe.d/vfio.conf',
    before: undefined,
    after: 'options vfio-pci ids=10de:13c2,10de:0fbb\n',
  },
  { event: 'diff', host: 'lab1', path: '/etc/motd', before: '\xe9t\xe9\n', after: '\xc3\xa9t\xc3\xa9\n' },
  {
    event: 'diff',
    host: 'lab1',
    path: '/etc/modprobe.d/old.conf',
    before: 'blacklist x\n',
    after: undefined,
  },
  { event: 'phase', host: 'lab1', phase: 'apply' },
  {
    event: 'command',
    host: 'lab1',
    argv: ['update-initramfs', '-u', '-k', 'all'],
    reason: 'the images lack /etc/modprobe.d/vfio.conf',
    check: false,
  },
  {
    event: 'output',
    host: 'lab1',
    step: 'update-initramfs -u -k all',
    line: 'update-initramfs: Generating /boot/initrd.img-6.1.0-44-amd64',
  },
  {
    event: 'task',
    host: 'lab2',
    play,
    task: 'Claim the devices for vfio-pci',
    module: 'vfio_ids',
    status: 'blocked',
    why,
    hint: 'choose the device by its address',
  },
  { event: 'host_failed', host: 'lab2', status: 'failed', why },
  { event: 'warning', host: 'lab1', why: 'kernel messages of this boot are truncated' },
  { event: 'warning', why: 'ansible.cfg: remote_tmp is ignored' },
  { event: 'phase', host: 'lab1', phase: 'reboot' },
  { event: 'phase', host: 'lab1', phase: 'prove' },
  {
    event: 'task',
    host: 'lab1',
    play,
    task: 'Prove the binding',
    module: 'verify_devices',
    status: 'ok',
    why: '02:00.0 and 02:00.1 are on vfio-pci',
  },
  {
    event: 'finding',
    host: 'lab1',
    play,
    task: 'Prove the binding',
    stage: 'usable',
    severity: 'warning',
    what: '02:00.0 VGA controller [10de:13c2] runs at PCIe x1, and it can do x16',
    evidence: '/sys/bus/pci/devices/0000:02:00.0/current_link_width is 1',
    next: 'seat it anew',
  },
  { event: 'phase', host: 'lab1', phase: 'done' },
  {
    event: 'recap',
    hosts: {
      lab1: counts({ ok: 2, changed: 1, connections: 2, execs: 3 }),
      lab2: counts({ failed: 1 }),
      'far-away': counts({ unreachable: 1, execs: 0 }),
    },
    exitCode: 6,
  },
]
