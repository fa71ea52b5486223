import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { readUki } from '../boot/loaders/uki.ts'
import type { MachineDescription } from '../description.ts'
import { createSandbox, type Sandbox } from '../machine.ts'
import { archDesktop, archUkiDesktop } from '../machines/cezanne.ts'

const ROOT = 'root=UUID=5b1e7f0c-6a94-4c1a-8d36-0e9b7c2f4a85'
const CARD = ['01:00.0', '01:00.1', '01:00.2', '01:00.3']
const IDS = '10de:1f08,10de:10f9,10de:1ada,10de:1adb'

let sandbox: Sandbox
const installed = (machine: MachineDescription) =>
  beforeEach(async () => {
    sandbox = await createSandbox(machine)
    return () => sandbox.dispose()
  })
const drivers = () => CARD.map(at => sandbox.running.binding.drivers.get(at))
const variable = (name: string) =>
  readFileSync(sandbox.at(`/sys/firmware/efi/efivars/${name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f`))

/** Puts MODULES=() of mkinitcpio.conf to these, and makes the images. @returns what mkinitcpio said, and its exit code. */
async function build(modules: string, hooks?: string): Promise<string> {
  const path = '/etc/mkinitcpio.conf'
  const edited = sandbox.read(path).replace(/^MODULES=.*$/m, modules)
  sandbox.write(path, hooks === undefined ? edited : edited.replace(/^HOOKS=.*$/m, hooks))
  return sandbox.sh('mkinitcpio -P 2>&1; echo "code $?"')
}

describe('Arch', () => {
  installed(archDesktop)

  test('boots the default of loader.conf, with its images as arguments before its options', () => {
    expect(sandbox.read('/proc/cmdline')).toBe(
      `initrd=\\amd-ucode.img initrd=\\initramfs-linux.img ${ROOT} rw quiet\n`,
    )
    expect(drivers()).toEqual(['nouveau', 'snd_hda_intel', 'xhci_hcd', 'nvidia-gpu'])
  })

  test('leaves word of the loader in EFI variables: four bytes of attributes, then UTF-16', () => {
    expect(variable('LoaderInfo')).toEqual(
      Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from('systemd-boot 256.7-1-arch\0', 'utf16le')]),
    )
    expect(variable('LoaderEntrySelected').subarray(4).toString('utf16le')).toBe('arch.conf\0')
  })

  test.each([
    ['the newest entry where loader.conf names none', 'timeout 4\n', 'arch-fallback.conf'],
    ['an entry that a glob of loader.conf fits', 'default *-fallback.conf\n', 'arch-fallback.conf'],
  ])('boots %s', async (_, loaderConf, selected) => {
    sandbox.write('/boot/loader/loader.conf', loaderConf)
    await sandbox.reboot()
    expect(variable('LoaderEntrySelected').subarray(4).toString('utf16le')).toBe(`${selected}\0`)
  })

  test('boots with what its entry says, at once', async () => {
    const path = '/boot/loader/entries/arch.conf'
    sandbox.write(path, sandbox.read(path).replace('rw quiet', 'rw quiet iommu=pt'))
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).toMatch(/rw quiet iommu=pt\n$/)
  })

  test('with vfio in MODULES loads it before udev, which would bind nouveau and xhci', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', `options vfio-pci ids=${IDS}\n`)
    expect(await build('MODULES=(vfio_pci vfio vfio_iommu_type1)')).toMatch(/code 0\n$/)
    await sandbox.reboot()
    expect(drivers()).toEqual(Array(4).fill('vfio-pci'))
  })

  test('with the systemd hook loads MODULES beside udev, too late for what is in the image', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', `options vfio-pci ids=${IDS}\n`)
    await build(
      'MODULES=(vfio_pci)',
      'HOOKS=(base systemd autodetect modconf kms keyboard block filesystems fsck)',
    )
    await sandbox.reboot()
    expect(drivers()).toEqual(['nouveau', 'vfio-pci', 'xhci_hcd', 'vfio-pci'])
  })

  test('without the modconf hook the image has no modprobe.d', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', `options vfio-pci ids=${IDS}\n`)
    await build('MODULES=(vfio_pci)', 'HOOKS=(base udev kms keyboard block filesystems fsck)')
    expect(await sandbox.sh('lsinitcpio /boot/initramfs-linux.img')).not.toContain('modprobe.d')
  })

  test('mkinitcpio names a module that is not there, makes the image all the same and fails', async () => {
    const said = await build('MODULES=(vfio_virqfd vfio_pci)')
    expect(said).toContain("==> ERROR: module not found: 'vfio_virqfd'\n")
    expect(said).toContain('The image may not be complete.\n')
    expect(said).toMatch(/code 1\n$/)
    await sandbox.sh('mkdir x; cd x; lsinitcpio -x /boot/initramfs-linux.img')
    expect(sandbox.read('/x/config')).toMatch(
      /^MODULES="vfio_pci"\nEARLYHOOKS="udev"\nHOOKS="udev keymap consolefont"\n/,
    )
    expect(sandbox.read('/x/buildconfig')).toContain('\nMODULES=(vfio_virqfd vfio_pci)\n')
    expect(await sandbox.sh('ls x/usr/lib/modules/*/kernel/drivers/vfio/pci')).toBe(
      'vfio-pci-core.ko.zst\nvfio-pci.ko.zst\n',
    )
  })

  test.each([
    ['the old form, a string', 'MODULES="vfio_pci vfio"', 'vfio_pci vfio'],
    ['what is added to it', 'MODULES=(vfio)\nMODULES+=(vfio-pci)', 'vfio vfio_pci'],
  ])('mkinitcpio reads %s', async (_, modules, config) => {
    await build(modules)
    await sandbox.sh('mkdir x; cd x; lsinitcpio -x /boot/initramfs-linux.img')
    expect(sandbox.read('/x/config')).toContain(`MODULES="${config}"\n`)
  })

  test('mkinitcpio reads drop-ins after the configuration, and none where a preset names one', async () => {
    sandbox.write('/etc/mkinitcpio.conf.d/vfio.conf', 'MODULES+=(vfio_pci)\n')
    const inImage = async () =>
      (await sandbox.sh('mkinitcpio -P >/dev/null; lsinitcpio /boot/initramfs-linux.img')).includes(
        'vfio-pci.ko',
      )
    expect(await inImage()).toBe(true)
    const preset = '/etc/mkinitcpio.d/linux.preset'
    sandbox.write(preset, sandbox.read(preset).replace('#ALL_config', 'ALL_config'))
    expect(await inImage()).toBe(false)
  })

  test('keeps the name of its kernel beside the modules', () => {
    expect(sandbox.read('/usr/lib/modules/6.10.10-arch1-1/pkgbase')).toBe('linux\n')
  })
})

describe('Arch with unified kernel images', () => {
  installed(archUkiDesktop)

  const sections = () => readUki(readFileSync(sandbox.at('/efi/EFI/Linux/arch-linux.efi')))

  test('boots with the command line that is within the image', () => {
    expect(sandbox.read('/proc/cmdline')).toBe(`${ROOT} rw quiet\n`)
    expect([...sections().keys()]).toEqual(['.osrel', '.cmdline', '.uname', '.linux', '.initrd'])
    expect(variable('StubInfo').subarray(4).toString('utf16le')).toBe('systemd-stub 256.7-1-arch\0')
  })

  test('takes a changed /etc/kernel/cmdline only by a new image', async () => {
    sandbox.write('/etc/kernel/cmdline', `${ROOT} rw\n  quiet iommu=pt\n`)
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).not.toContain('iommu')
    await sandbox.sh('mkinitcpio -P')
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).toBe(`${ROOT} rw quiet iommu=pt\n`)
  })

  test('takes the drop-ins of /etc/cmdline.d instead, without their comments', async () => {
    await sandbox.sh(
      `mkdir etc/cmdline.d; printf '# where\\n${ROOT} rw\\n' >etc/cmdline.d/10-root.conf; echo iommu=pt >etc/cmdline.d/20-vfio.conf; mkinitcpio -P`,
    )
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).toBe(`${ROOT} rw iommu=pt\n`)
  })
})
