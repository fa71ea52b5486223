import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSandbox, type Sandbox } from '../machine.ts'
import { fedoraWorkstation, rockyWorkstation } from '../machines/alder_lake.ts'
import { MACHINE_ID } from './fedora.ts'

const ROOT = 'root=UUID=8c5e2f10-3b7d-4d0a-a7d9-52f0c1be6b34'
const [NEW, OLD] = fedoraWorkstation.kernels.map(({ release }) => release)
const IDS = '10de:2484,10de:228b'

let sandbox: Sandbox
const drivers = () => ['01:00.0', '01:00.1'].map(at => sandbox.running.binding.drivers.get(at))
const optionsOf = (release: string | undefined) =>
  /^options (.*)$/m.exec(sandbox.read(`/boot/loader/entries/${MACHINE_ID}-${release}.conf`))?.[1]

describe('Fedora', () => {
  beforeEach(async () => {
    sandbox = await createSandbox(fedoraWorkstation)
    return () => sandbox.dispose()
  })

  test('boots the entry that is saved in the environment block, with its options as they are', () => {
    expect(sandbox.read('/proc/cmdline')).toBe(`BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${NEW} ${ROOT} ro rhgb quiet\n`)
    expect(drivers()).toEqual(['nouveau', 'snd_hda_intel'])
  })

  test('boots another kernel when grubby makes it the default, by the environment block alone', async () => {
    const cfg = sandbox.read('/boot/grub2/grub.cfg')
    await sandbox.sh(`grubby --set-default=/boot/vmlinuz-${OLD}`)
    await sandbox.reboot()
    expect(sandbox.read('/proc/sys/kernel/osrelease')).toBe(`${OLD}\n`)
    expect(sandbox.read('/boot/grub2/grub.cfg')).toBe(cfg)
    expect(sandbox.read('/boot/grub2/grubenv')).toHaveLength(1024)
  })

  test('takes no argument from /etc/default/grub, nor from grub2-mkconfig', async () => {
    sandbox.write(
      '/etc/default/grub',
      sandbox.read('/etc/default/grub').replace('rhgb quiet', 'intel_iommu=on'),
    )
    await sandbox.sh('grub2-mkconfig -o /boot/grub2/grub.cfg')
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).not.toContain('intel_iommu')
  })

  test('grubby writes arguments into every entry, /etc/default/grub and /etc/kernel/cmdline', async () => {
    await sandbox.sh(`grubby --update-kernel=ALL --args="intel_iommu=on vfio-pci.ids=${IDS}"`)
    const added = `intel_iommu=on vfio-pci.ids=${IDS}`
    const entries = await sandbox.sh('cat boot/loader/entries/*.conf')
    expect(entries.match(/^options .*$/gm)).toEqual(Array(3).fill(`options ${ROOT} ro rhgb quiet ${added}`))
    expect(sandbox.read('/etc/default/grub')).toContain(`\nGRUB_CMDLINE_LINUX="rhgb quiet ${added}"\n`)
    expect(sandbox.read('/etc/kernel/cmdline')).toBe(`${ROOT} ro rhgb quiet ${added}\n`)
  })

  test.each([
    ['--args="quiet=1"', `${ROOT} ro rhgb quiet=1`],
    ['--args="console=tty0 console=ttyS0"', `${ROOT} ro rhgb quiet console=tty0 console=ttyS0`],
    ['--remove-args="rhgb quiet"', `${ROOT} ro`],
    ['--remove-args="root=UUID=other"', `${ROOT} ro rhgb quiet`],
    ['--remove-args="root" --args="rhgb"', 'ro quiet rhgb'],
  ])('grubby %s: what is added comes last, and takes the place of what has its name', async (flags, line) => {
    await sandbox.sh(`grubby --update-kernel=ALL ${flags}`)
    expect(optionsOf(NEW)).toBe(line)
  })

  test('grubby changes one entry alone where one kernel is named, and nothing below /etc', async () => {
    await sandbox.sh(`grubby --update-kernel /boot/vmlinuz-${OLD} --args iommu=pt`)
    expect(
      await sandbox.sh('grep -l iommu=pt boot/loader/entries/* etc/default/grub etc/kernel/cmdline || true'),
    ).toBe(`boot/loader/entries/${MACHINE_ID}-${OLD}.conf\n`)
  })

  test('grubby tells of the entries, newest first and the rescue entry last', async () => {
    const info = await sandbox.sh('grubby --info=ALL')
    expect(info.match(/^id=.*$/gm)).toEqual(
      [NEW, OLD, '0-rescue'].map(release => `id="${MACHINE_ID}-${release}"`),
    )
    expect(info).toContain(`index=0\nkernel="/boot/vmlinuz-${NEW}"\nargs="ro rhgb quiet"\nroot="UUID=`)
    expect(await sandbox.sh('grubby --default-kernel; grubby --default-index')).toBe(
      `/boot/vmlinuz-${NEW}\n0\n`,
    )
  })

  test('dracut loads forced drivers before udev, which would bind nouveau', async () => {
    sandbox.write('/etc/dracut.conf.d/vfio.conf', 'force_drivers+=" vfio_pci vfio_iommu_type1 "\n')
    await sandbox.sh(
      `grubby --update-kernel=ALL --args="intel_iommu=on vfio-pci.ids=${IDS}"; dracut -f --regenerate-all`,
    )
    await sandbox.reboot()
    expect(drivers()).toEqual(['vfio-pci', 'vfio-pci'])
  })

  test('dracut makes no use of a drop-in that does not end in .conf', async () => {
    sandbox.write('/etc/dracut.conf.d/vfio', 'force_drivers+=" vfio_pci "\n')
    await sandbox.sh('dracut --force')
    expect(await sandbox.sh('lsinitrd')).not.toContain('vfio')
  })

  test('dracut drops what is listed behind a module that the kernel has not, and does not fail', async () => {
    sandbox.write('/etc/dracut.conf.d/vfio.conf', 'force_drivers+=" vfio vfio_virqfd vfio_pci "\n')
    const said = await sandbox.sh('dracut --force --regenerate-all --quiet 2>&1')
    expect(said).toContain("dracut-install: Failed to find module 'vfio_virqfd'\n")
    expect(said.match(/FAILED/g)).toHaveLength(1)
    const vfioIn = async (release: string | undefined) =>
      (await sandbox.sh(`lsinitrd -k ${release}`)).match(/[^/]*vfio[^/]*\.ko\.xz$/gm)?.sort()
    expect(await vfioIn(NEW)).toEqual(['vfio.ko.xz'])
    expect(await vfioIn(OLD)).toEqual([
      'vfio-pci-core.ko.xz',
      'vfio-pci.ko.xz',
      'vfio.ko.xz',
      'vfio_virqfd.ko.xz',
    ])
  })

  test('dracut copies /etc/modprobe.d into images for this host only, and what install_items names into any', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', 'options vfio-pci ids=10de:2484\n')
    await sandbox.sh('dracut --force')
    expect(await sandbox.sh('lsinitrd -f etc/modprobe.d/vfio.conf')).toBe('options vfio-pci ids=10de:2484\n')
    await sandbox.sh('dracut --force --no-hostonly')
    expect(await sandbox.sh('lsinitrd')).not.toContain('vfio.conf')
    sandbox.write('/etc/dracut.conf.d/v.conf', 'install_items+=" /etc/modprobe.d/*.conf "\n')
    await sandbox.sh('dracut --force --no-hostonly')
    expect(await sandbox.sh('lsinitrd')).toContain('etc/modprobe.d/vfio.conf')
  })

  test('dracut keeps an image that is there unless it is forced', async () => {
    const said = await sandbox.sh('dracut 2>&1 || echo "code $?"')
    expect(said).toBe(
      `dracut[F]: Will not override existing initramfs (/boot/initramfs-${NEW}.img) without --force\ncode 1\n`,
    )
  })

  test('lsinitrd unpacks into the current folder', async () => {
    sandbox.write('/etc/dracut.conf.d/vfio.conf', 'force_drivers+=" vfio_pci vfio "\n')
    await sandbox.sh(`dracut -f; mkdir unpacked; cd unpacked; lsinitrd --unpack /boot/initramfs-${NEW}.img`)
    expect(sandbox.read('/unpacked/etc/cmdline.d/20-force_drivers.conf')).toBe(
      'rd.driver.pre=vfio_pci\nrd.driver.pre=vfio\n',
    )
  })

  test('has the programs of its kind, and no others', async () => {
    expect(
      await sandbox.sh(
        'for p in grubby dracut lsinitrd update-grub mkinitcpio update-initramfs; do command -v $p || echo no $p; done',
      ),
    ).toMatch(/grubby\n.*dracut\n.*lsinitrd\nno update-grub\nno mkinitcpio\nno update-initramfs\n$/)
  })
})

describe('RHEL 8', () => {
  beforeEach(async () => {
    sandbox = await createSandbox(rockyWorkstation)
  })
  afterEach(() => sandbox.dispose())

  test('boots with the arguments of the environment block in the place of $kernelopts', () => {
    expect(sandbox.read('/proc/cmdline')).toBe(
      `BOOT_IMAGE=(hd0,gpt2)/vmlinuz-${rockyWorkstation.kernels[0]?.release} ${ROOT} ro crashkernel=auto rhgb quiet\n`,
    )
  })

  test('grubby edits the environment block and leaves the entries as they are', async () => {
    const entries = () => sandbox.sh('cat boot/loader/entries/*')
    const before = await entries()
    await sandbox.sh('grubby --update-kernel=ALL --args=intel_iommu=on')
    expect(await entries()).toBe(before)
    expect(sandbox.read('/boot/grub2/grubenv')).toMatch(/^kernelopts=root=.* quiet intel_iommu=on$/m)
    expect(sandbox.read('/boot/grub2/grubenv')).toHaveLength(1024)
    await sandbox.reboot()
    expect(sandbox.read('/proc/cmdline')).toMatch(/quiet intel_iommu=on\n$/)
  })

  test('grub2-editenv keeps a variable in its place, and the block at its length', async () => {
    const block = sandbox.read('/boot/grub2/grubenv')
    await sandbox.sh('grub2-editenv - set a=1 b=2; grub2-editenv - set a=34; grub2-editenv - unset b')
    expect(sandbox.read('/boot/grub2/grubenv')).toBe(block.replace(/#*$/, 'a=34\n').padEnd(1024, '#'))
    await sandbox.sh('grub2-editenv - set a=1; grub2-editenv - unset a')
    expect(sandbox.read('/boot/grub2/grubenv')).toBe(block)
    expect(await sandbox.sh('grub2-editenv - set "a=$(seq 500 | tr -d "\n")" 2>&1 || echo "code $?"')).toBe(
      'grub2-editenv: error: environment block too small.\ncode 1\n',
    )
  })

  test('grub2-mkconfig writes GRUB_CMDLINE_LINUX over the arguments', async () => {
    await sandbox.sh(
      'grubby --update-kernel=ALL --no-etc-grub-update --args=iommu=pt; grub2-mkconfig -o /boot/grub2/grub.cfg',
    )
    expect(sandbox.read('/boot/grub2/grubenv')).not.toContain('iommu=pt')
  })

  test('grubby resolves $kernelopts in an entry that is changed alone', async () => {
    const release = rockyWorkstation.kernels[0]?.release
    await sandbox.sh(`grubby --update-kernel=/boot/vmlinuz-${release} --args=iommu=pt`)
    expect(sandbox.read(`/boot/loader/entries/${MACHINE_ID}-${release}.conf`)).toContain(
      `options ${ROOT} ro crashkernel=auto rhgb quiet $tuned_params iommu=pt\n`,
    )
  })
})
