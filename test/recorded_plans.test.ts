import { describe, expect, it } from 'vitest'
import { findBootloader, nextBoot } from '../src/backends/bootloaders/index.ts'
import { pathsOf } from '../src/host/change.ts'
import type { Host } from '../src/host/host.ts'
import { slotOf } from '../src/host/pci.ts'
import { isRefusal } from '../src/refusal.ts'
import { planTasks } from '../src/runner/plan.ts'
import { recordedHost } from './hosts/index.ts'
import { scenariosFor } from './laws/calls.ts'

/** What the example playbook does on distributions with loaders of their own, for a card with nouveau. */
interface Expected {
  readonly name: string
  readonly loader: string
  /** Slot of the card. */
  readonly card: string
  /** Files that are changed, generated ones left out. */
  readonly files: readonly string[]
  /** What is run, programs that edit their own files first. */
  readonly commands: readonly string[]
  /** What is new on the command line of the next boot. */
  readonly added: readonly string[]
  /** Tasks that stop, with their hints. */
  readonly blocked?: readonly unknown[]
}

const MODPROBE = ['/etc/modprobe.d/nouveau.conf', '/etc/modprobe.d/vfio.conf']
const POP_OPTIONS = 'quiet loglevel=0 systemd.show_status=false splash intel_iommu=on'
const SOLUS = 'initrd-com.solus-project'

const EXPECTED: readonly Expected[] = [
  {
    name: 'proxmox-zfs',
    loader: 'proxmox-boot-tool',
    card: '0000:0a:00',
    files: ['/etc/initramfs-tools/modules', '/etc/kernel/cmdline', ...MODPROBE],
    commands: ['update-initramfs -u -k all', 'proxmox-boot-tool refresh'],
    added: ['vfio-pci.ids=1002:73ff,1002:ab28'],
  },
  {
    name: 'popos-kernelstub',
    loader: 'kernelstub',
    card: '0000:01:00',
    files: [
      '/boot/efi/loader/entries/Pop_OS-current.conf',
      '/boot/efi/loader/entries/Pop_OS-oldkern.conf',
      '/etc/kernelstub/configuration',
      '/etc/modprobe.d/nouveau.conf',
    ],
    commands: [
      `kernelstub -o ${POP_OPTIONS}`,
      `kernelstub -o ${POP_OPTIONS} vfio-pci.ids=10de:2484,10de:228b`,
      'update-initramfs -u -k all',
    ],
    added: ['intel_iommu=on', 'vfio-pci.ids=10de:2484,10de:228b'],
  },
  {
    name: 'silverblue',
    loader: 'rpm-ostree',
    card: '0000:01:00',
    files: ['/boot/loader/entries/ostree-2.conf', ...MODPROBE],
    commands: [
      'rpm-ostree kargs --append-if-missing=intel_iommu=on',
      'rpm-ostree kargs --append-if-missing=vfio-pci.ids=10de:2484,10de:228b',
    ],
    added: ['intel_iommu=on', 'vfio-pci.ids=10de:2484,10de:228b'],
    blocked: [expect.stringContaining('rpm-ostree initramfs --enable')],
  },
  {
    name: 'opensuse-sdbootutil',
    loader: 'sdbootutil',
    card: '0000:01:00',
    files: ['/etc/dracut.conf.d/vfio.conf', '/etc/kernel/cmdline', ...MODPROBE],
    commands: ['sdbootutil mkinitrd', 'sdbootutil update-all-entries'],
    added: ['vfio-pci.ids=10de:1f08,10de:10f9,10de:1ada,10de:1adb'],
  },
  {
    name: 'solus-cbm',
    loader: 'clr-boot-manager',
    card: '0000:02:00',
    files: ['/etc/dracut.conf.d/vfio.conf', '/etc/kernel/cmdline.d/vfio-run.conf', ...MODPROBE],
    commands: [
      `dracut --force /etc/kernel/${SOLUS}.current.6.8.2-286 6.8.2-286.current`,
      `dracut --force /etc/kernel/${SOLUS}.lts.6.6.23-253 6.6.23-253.lts`,
      'clr-boot-manager update',
    ],
    added: ['intel_iommu=on', 'vfio-pci.ids=10de:13c2,10de:0fbb'],
  },
]

describe.each(EXPECTED)('$name', ({ name, loader, card, files, commands, added, blocked = [] }) => {
  const host = recordedHost(name)

  it('has booted as its loader would boot it again', () => {
    expect(findBootloader(host)).toMatchObject({ loader: { name: loader } })
    expect(cmdlineOf(host)).toEqual('value' in host.cmdline ? host.cmdline.value : [])
  })

  it('the example playbook changes what its distribution says is to be changed, and runs its programs', async () => {
    const plan = planTasks(host, await tasksFor(host, card))
    expect(plan.outcomes.flatMap(one => (one.kind === 'blocked' ? [one.hint] : []))).toEqual(blocked)
    expect(pathsOf(plan.changes).sort()).toEqual(files)
    const run = plan.changes.flatMap(change => (change.kind === 'run' ? [change.argv] : []))
    const rebuilds = plan.rebuilds.flatMap(rebuild => rebuild.commands)
    expect([...run, ...rebuilds].map(argv => argv.join(' '))).toEqual(commands)
    const before = cmdlineOf(host)
    expect(cmdlineOf(plan.predicted).filter(token => !before.includes(token) && !isPlace(token))).toEqual(
      added,
    )
  })
})

/** Where a deployment lies: rpm-ostree decides it. */
const isPlace = (token: string): boolean => token.startsWith('ostree=')

function cmdlineOf(host: Host): readonly string[] {
  const next = nextBoot(host)
  if (isRefusal(next)) throw new Error(next.why)
  return next.cmdline
}

async function tasksFor(host: Host, card: string) {
  const addresses = host.devices.filter(device => slotOf(device) === card).map(({ address }) => address)
  const variables = JSON.stringify({ vfio_devices: addresses, vfio_blacklist: ['nouveau'] })
  const scenario = (await scenariosFor(host)).find(({ name }) => name === `PCI passthrough with ${variables}`)
  if (scenario === undefined) throw new Error(`the laws have no scenario for ${variables}`)
  return scenario.prepare
}
