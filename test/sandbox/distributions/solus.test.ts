import { beforeEach, describe, expect, test } from 'vitest'
import { createSandbox, type Sandbox } from '../machine.ts'
import { guideSolus } from '../machines/guide_solus.ts'

const CHOSEN = ['02:00.0', '02:00.1', '06:00.0']
const IDS = '10de:13c2,10de:0fbb,1b73:1100'
const ENTRY = '/boot/efi/loader/entries/solus.conf'
const ROOT = 'root=UUID=96b7100c-6b49-4843-bf6c-6c8c78918a3a'

describe("the guide's Solus", () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await createSandbox(guideSolus)
    return () => sandbox.dispose()
  })
  const drivers = () => CHOSEN.map(at => sandbox.running.binding.drivers.get(at))

  test('is booted by Goofiboot, from the entry that the guide edits', () => {
    expect(sandbox.running.efiVariables).toEqual({ LoaderInfo: 'goofiboot 2', LoaderEntrySelected: 'solus' })
    expect(sandbox.read('/proc/cmdline')).toMatch(/^initrd=\\[0-9a-f]{32}\\6\.1\.76-acs-override\\initrd /)
    expect(sandbox.read('/proc/cmdline')).toMatch(new RegExp(` ${ROOT} quiet\n$`))
    expect(drivers()).toEqual(['nouveau', 'snd_hda_intel', 'xhci_hcd'])
  })

  test('takes the guide from its first argument to a card and a USB controller on vfio-pci', async () => {
    const line = `${ROOT} quiet intel_iommu=on pcie_acs_override=downstream vfio-pci.ids=${IDS}`
    sandbox.write(ENTRY, sandbox.read(ENTRY).replace(/^options .*$/m, `options ${line}`))
    sandbox.write('/etc/dracut.conf', 'force_drivers+=" vfio vfio_iommu_type1 vfio_pci vfio_virqfd "\n')
    await sandbox.sh('dracut -f')
    await sandbox.reboot()
    expect(drivers()).toEqual(['vfio-pci', 'vfio-pci', 'vfio-pci'])
    expect(sandbox.read('/var/log/kernel-journal')).toContain('DMAR: IOMMU enabled\n')
  })

  test('with drivers added only, as the guide has it, finds the USB controller taken before', async () => {
    const line = `${ROOT} quiet intel_iommu=on pcie_acs_override=downstream vfio-pci.ids=${IDS}`
    sandbox.write(ENTRY, sandbox.read(ENTRY).replace(/^options .*$/m, `options ${line}`))
    sandbox.write('/etc/dracut.conf', 'add_drivers+=" vfio vfio_iommu_type1 vfio_pci vfio_virqfd "\n')
    await sandbox.sh('dracut -f')
    await sandbox.reboot()
    expect(drivers()).toEqual(['nouveau', 'snd_hda_intel', 'xhci_hcd'])
  })

  test('has its images below the machine id on the ESP, where dracut puts them', async () => {
    const before = await sandbox.sh('cat boot/efi/*/6.1.76-acs-override/initrd | cksum')
    sandbox.write('/etc/dracut.conf', 'force_drivers+=" vfio_pci "\n')
    await sandbox.sh('dracut --force --regenerate-all')
    expect(await sandbox.sh('cat boot/efi/*/6.1.76-acs-override/initrd | cksum')).not.toBe(before)
    expect(await sandbox.sh('find boot -name "initramfs*"')).toBe('')
  })

  test('makes images for any host, without /etc/modprobe.d', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', `options vfio-pci ids=${IDS}\n`)
    await sandbox.sh('dracut -f')
    expect(await sandbox.sh('lsinitrd')).not.toContain('modprobe.d/vfio.conf')
  })

  test('does not boot without its kernel, and says which', async () => {
    await sandbox.sh('rm boot/efi/*/6.1.76-acs-override/linux')
    await expect(sandbox.reboot()).rejects.toThrow(/goofiboot 2 cannot load .*\/linux: file not found/)
  })
})
