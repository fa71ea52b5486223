import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MachineDescription } from './description.ts'
import { createSandbox, type Sandbox } from './machine.ts'
import { amd } from './machines/amd.ts'
import { guide } from './machines/guide.ts'
import { noIommu } from './machines/no_iommu.ts'

const GPU = '/sys/bus/pci/devices/0000:02:00.0'

function withSandbox(machine: MachineDescription): () => Sandbox {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await createSandbox(machine)
  })
  afterAll(() => sandbox.dispose())
  return () => sandbox
}

const driverOf = (sandbox: Sandbox, at: string): string | undefined => {
  const path = sandbox.at(`/sys/bus/pci/devices/0000:${at}/driver`)
  return existsSync(path) ? readlinkSync(path).replace(/^.*\//, '') : undefined
}

describe("the guide's machine as it comes", () => {
  const sandbox = withSandbox(guide)

  test.each([
    [`${GPU}/vendor`, '0x10de\n'],
    [`${GPU}/device`, '0x13c2\n'],
    [`${GPU}/class`, '0x030000\n'],
    [`${GPU}/revision`, '0xa1\n'],
    [`${GPU}/boot_vga`, '0\n'],
    [`${GPU}/driver_override`, '(null)\n'],
    [`${GPU}/modalias`, 'pci:v000010DEd000013C2sv00001043sd00008508bc03sc00i00\n'],
    ['/sys/bus/pci/devices/0000:01:00.0/boot_vga', '1\n'],
    ['/sys/bus/pci/devices/0000:00:1c.2/secondary_bus_number', '4\n'],
    ['/sys/class/block/sda2/dev', '8:2\n'],
    ['/proc/sys/kernel/osrelease', '6.1.76-acs-override\n'],
    [
      '/proc/cmdline',
      'BOOT_IMAGE=/boot/vmlinuz-6.1.76-acs-override root=UUID=96b7100c-6b49-4843-bf6c-6c8c78918a3a ro quiet\n',
    ],
  ])('shows in %s what the kernel would', (path, content) => {
    expect(sandbox().read(path)).toBe(content)
  })

  test.each([
    ['/sys/bus/pci/devices/0000:02:00.0', '../../../devices/pci0000:00/0000:00:1b.0/0000:02:00.0'],
    ['/sys/devices/pci0000:00/0000:00:1b.0/0000:02:00.0/driver', '../../../../bus/pci/drivers/nouveau'],
    ['/sys/devices/pci0000:00/0000:00:1b.0/0000:02:00.0/subsystem', '../../../../bus/pci'],
    ['/sys/bus/pci/drivers/xhci_hcd/module', '../../../../module/xhci_pci'],
    ['/sys/bus/pci/drivers/nouveau/0000:02:00.0', '../../../../devices/pci0000:00/0000:00:1b.0/0000:02:00.0'],
    ['/sys/class/net/enp0s31f6', '../../devices/pci0000:00/0000:00:1f.6/net/enp0s31f6'],
    [
      '/sys/class/block/sda2',
      '../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda2',
    ],
    ['/etc/os-release', '../usr/lib/os-release'],
    ['/lib', 'usr/lib'],
  ])('has %s linked as on a real machine', (path, target) => {
    expect(readlinkSync(sandbox().at(path))).toBe(target)
  })

  test('has no link that leads nowhere', async () => {
    // readdir's own recursion would follow the links, round and round.
    const found = await sandbox().sh('find . -type l')
    const links = found.trimEnd().split('\n')
    expect(links.length).toBeGreaterThan(100)
    expect(links.filter(path => !existsSync(sandbox().at(path)))).toEqual([])
  })

  test('has an IOMMU in its firmware that nobody has switched on', () => {
    expect(readFileSync(sandbox().at('/sys/firmware/acpi/tables/DMAR')).subarray(0, 4).toString()).toBe(
      'DMAR',
    )
    expect(readdirSync(sandbox().at('/sys/class/iommu'))).toEqual([])
    expect(readdirSync(sandbox().at('/sys/kernel/iommu_groups'))).toEqual([])
    expect(existsSync(sandbox().at(`${GPU}/iommu_group`))).toBe(false)
    expect(sandbox().read('/var/log/kernel-journal')).not.toMatch(/IOMMU enabled|Adding to iommu group/)
  })

  test('runs every device on its native driver', () => {
    expect(
      ['00:17.0', '01:00.0', '02:00.0', '02:00.1', '06:00.0', '00:1f.0'].map(at => driverOf(sandbox(), at)),
    ).toEqual(['ahci', 'amdgpu', 'nouveau', 'snd_hda_intel', 'xhci_hcd', undefined])
  })

  test('has the 1024 bytes of an environment block', () => {
    expect(sandbox().read('/boot/grub/grubenv')).toMatch(/^# GRUB Environment Block\n[\s\S]*#$/)
    expect(sandbox().read('/boot/grub/grubenv')).toHaveLength(1024)
  })

  test('mounts / from the disk behind its SATA controller', () => {
    const [, number] =
      sandbox()
        .read('/proc/self/mountinfo')
        .match(/^\d+ \d+ (\S+) \/ \/ .* - ext4 /m) ?? []
    expect(realpathSync(sandbox().at(`/sys/dev/block/${number}`))).toContain('/0000:00:17.0/')
  })
})

describe('a reboot', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await createSandbox(guide)
    return () => sandbox.dispose()
  })

  const IDS = '10de:13c2,10de:0fbb,1b73:1100'
  const CHOSEN = ['02:00.0', '02:00.1', '06:00.0']

  /** What the guide asks for, in part. */
  async function configured(files: { args?: string; modprobe?: string; modules?: string }): Promise<void> {
    const defaults = sandbox.read('/etc/default/grub').replace('"quiet"', `"quiet ${files.args ?? ''}"`)
    sandbox.write('/etc/default/grub', defaults)
    if (files.modprobe !== undefined) sandbox.write('/etc/modprobe.d/vfio.conf', files.modprobe)
    if (files.modules !== undefined) sandbox.write('/etc/initramfs-tools/modules', files.modules)
    await sandbox.sh('update-grub && update-initramfs -u -k all')
    await sandbox.reboot()
  }

  const ON = 'intel_iommu=on pcie_acs_override=downstream'
  const SOFTDEPS =
    'softdep nouveau pre: vfio-pci\nsoftdep snd_hda_intel pre: vfio-pci\nsoftdep xhci_pci pre: vfio-pci\n'
  const LIST = 'vfio\nvfio_iommu_type1\nvfio_pci\nvfio_virqfd\n'

  test('with nothing configured changes only the boot id', async () => {
    const [before, drivers, log] = [
      sandbox.running.bootId,
      [...sandbox.running.binding.drivers],
      sandbox.read('/var/log/kernel-journal'),
    ]
    await sandbox.reboot()
    expect(sandbox.read('/proc/sys/kernel/random/boot_id').trim()).not.toBe(before)
    expect([...sandbox.running.binding.drivers]).toEqual(drivers)
    expect(sandbox.read('/var/log/kernel-journal')).toBe(log)
  })

  test('with an argument that no update-grub has carried into the menu changes nothing', async () => {
    sandbox.write(
      '/etc/default/grub',
      sandbox.read('/etc/default/grub').replace('"quiet"', '"quiet intel_iommu=on"'),
    )
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).not.toContain('intel_iommu')
  })

  test('with the IOMMU on makes groups, by default with the root ports in them', async () => {
    await configured({ args: 'intel_iommu=on' })
    expect(readdirSync(sandbox.at('/sys/class/iommu'))).toEqual(['dmar0'])
    const group = realpathSync(sandbox.at(`${GPU}/iommu_group`))
    expect(group).toMatch(/\/sys\/kernel\/iommu_groups\/5$/)
    expect(readdirSync(`${group}/devices`)).toEqual(['0000:00:1b.0', '0000:02:00.0', '0000:02:00.1'])
    expect(readFileSync(`${group}/type`, 'utf8')).toBe('DMA-FQ\n')
    expect(sandbox.read('/var/log/kernel-journal')).toContain('z170 kernel: DMAR: IOMMU enabled\n')
    expect(driverOf(sandbox, '02:00.0')).toBe('nouveau')
  })

  test('tells of reserved regions: USB and ISA bridges may give theirs up', async () => {
    await configured({ args: 'intel_iommu=on' })
    expect(sandbox.read('/sys/bus/pci/devices/0000:00:14.0/iommu_group/reserved_regions')).toBe(
      '0x0000000076779000 0x0000000076798fff direct-relaxable\n0x00000000fee00000 0x00000000feefffff msi\n',
    )
  })

  test('with softdeps gives all chosen devices to vfio-pci, the USB controller too', async () => {
    await configured({ args: `${ON} vfio-pci.ids=${IDS}`, modprobe: SOFTDEPS, modules: LIST })
    expect(CHOSEN.map(at => driverOf(sandbox, at))).toEqual(['vfio-pci', 'vfio-pci', 'vfio-pci'])
    expect(driverOf(sandbox, '03:00.0')).toBe('xhci_hcd')
    expect(sandbox.read('/var/log/kernel-journal')).toContain(
      'vfio_pci: add [10de:13c2[ffffffff:ffffffff]] class 0x000000/00000000\n',
    )
    expect(sandbox.read('/var/log/kernel-journal')).toContain('Warning: PCIe ACS overrides enabled')
  })

  test('without softdeps leaves the USB controller to the driver that is in the image, which udev loads first', async () => {
    await configured({ args: `${ON} vfio-pci.ids=${IDS}`, modules: LIST })
    expect(CHOSEN.map(at => driverOf(sandbox, at))).toEqual(['vfio-pci', 'vfio-pci', 'xhci_hcd'])
  })

  test('takes the ids of modprobe.d where the command line has none', async () => {
    await configured({ args: ON, modprobe: `options vfio-pci ids=10de:13c2\n${SOFTDEPS}`, modules: LIST })
    expect(CHOSEN.map(at => driverOf(sandbox, at))).toEqual(['vfio-pci', 'snd_hda_intel', 'xhci_hcd'])
  })

  test('takes the ids of the command line instead of those of modprobe.d', async () => {
    await configured({
      args: `${ON} vfio-pci.ids=1b73:1100`,
      modprobe: `options vfio-pci ids=10de:13c2\n${SOFTDEPS}`,
      modules: LIST,
    })
    expect(CHOSEN.map(at => driverOf(sandbox, at))).toEqual(['nouveau', 'snd_hda_intel', 'vfio-pci'])
  })

  test('with a blacklisted driver and no vfio leaves the device without one', async () => {
    await configured({ modprobe: 'blacklist nouveau\n' })
    expect(driverOf(sandbox, '02:00.0')).toBeUndefined()
  })

  test('with modprobe.d changed but no new image still boots the old image', async () => {
    await configured({ args: `${ON} vfio-pci.ids=${IDS}` })
    sandbox.write('/etc/modprobe.d/vfio.conf', SOFTDEPS)
    await sandbox.reboot()
    // The display driver comes from the real root, where the softdep is; USB was bound in the image.
    expect(CHOSEN.map(at => driverOf(sandbox, at))).toEqual(['vfio-pci', 'vfio-pci', 'xhci_hcd'])
  })

  test('without an IOMMU lets vfio-pci fail, and the native driver take the device', async () => {
    await configured({ args: `vfio-pci.ids=${IDS}`, modprobe: SOFTDEPS, modules: LIST })
    expect(driverOf(sandbox, '02:00.0')).toBe('nouveau')
    expect(sandbox.read('/var/log/kernel-journal')).toContain(
      'vfio-pci: probe of 0000:02:00.0 failed with error -22',
    )
  })

  test("into Debian's own kernel has the IOMMU on without an argument, and no ACS override", async () => {
    await configured({ args: 'pcie_acs_override=downstream' })
    await sandbox.sh('printf "# GRUB Environment Block\\nnext_entry=1>2\\n" >boot/grub/grubenv')
    await sandbox.reboot()
    expect(sandbox.read('/proc/sys/kernel/osrelease')).toBe('6.1.0-18-amd64\n')
    expect(readdirSync(sandbox.at('/sys/class/iommu'))).toEqual(['dmar0'])
    expect(sandbox.read('/var/log/kernel-journal')).toContain(
      'pcie_acs_override=downstream", will be passed to user space.',
    )
    expect(sandbox.read('/var/log/kernel-journal')).not.toContain('IOMMU enabled')
    await sandbox.reboot()
    expect(sandbox.read('/proc/sys/kernel/osrelease')).toBe('6.1.76-acs-override\n')
  })
})

test('a menu that cannot be booted keeps the machine down, and tells why', async () => {
  await using sandbox = await createSandbox(guide)
  sandbox.write('/boot/grub/grub.cfg', '')
  const boot = sandbox.nextBoot()
  await sandbox.sh('reboot')
  await expect(boot).rejects.toThrow('grub>')
})

describe('a machine with', () => {
  test('VT-d off in its firmware has no groups whatever the argument, and says "enabled" all the same', async () => {
    await using sandbox = await createSandbox({
      ...noIommu,
      grubDefaults: noIommu.grubDefaults.replace('quiet', 'intel_iommu=on'),
    })
    expect(readdirSync(sandbox.at('/sys/firmware/acpi/tables'))).toEqual([])
    expect(readdirSync(sandbox.at('/sys/kernel/iommu_groups'))).toEqual([])
    expect(sandbox.read('/var/log/kernel-journal')).toContain('DMAR: IOMMU enabled')
  })

  test('an AMD CPU has groups without any argument, its IOMMU below the function it belongs to', async () => {
    await using sandbox = await createSandbox(amd)
    expect(readlinkSync(sandbox.at('/sys/class/iommu/ivhd0'))).toBe(
      '../../devices/pci0000:00/0000:00:00.2/iommu/ivhd0',
    )
    expect(
      readdirSync(realpathSync(sandbox.at('/sys/bus/pci/devices/0000:0a:00.0/iommu_group/devices'))),
    ).toEqual(['0000:0a:00.0', '0000:0a:00.1'])
    expect(realpathSync(sandbox.at('/sys/class/block/nvme0n1p3'))).toContain(
      '/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p3',
    )
  })

  test('an AMD CPU does not know amd_iommu=on', async () => {
    await using sandbox = await createSandbox({
      ...amd,
      grubDefaults: amd.grubDefaults.replace('quiet', 'amd_iommu=on'),
    })
    expect(sandbox.read('/var/log/kernel-journal')).toContain("AMD-Vi: Unknown option - 'on'")
  })

  test('vfio-pci built in gives devices away before any other module is there', async () => {
    const kernels = amd.kernels.map(kernel => ({ ...kernel, vfio: 'builtin' as const }))
    const grubDefaults = amd.grubDefaults.replace('quiet', 'vfio-pci.ids=1002:73ff,1002:ab28')
    await using sandbox = await createSandbox({ ...amd, kernels, grubDefaults })
    expect(['0a:00.0', '0a:00.1'].map(at => driverOf(sandbox, at))).toEqual(['vfio-pci', 'vfio-pci'])
    expect(sandbox.read('/lib/modules/6.1.0-18-amd64/modules.builtin')).toContain(
      'kernel/drivers/vfio/pci/vfio-pci.ko\n',
    )
  })
})

test('a sandbox that is disposed of leaves nothing behind', async () => {
  const sandbox = await createSandbox(guide)
  await sandbox.dispose()
  expect(existsSync(sandbox.root)).toBe(false)
})
