import { statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSandbox, type Sandbox } from './machine.ts'
import { guide } from './machines/guide.ts'

const RELEASE = '6.1.76-acs-override'
const IMAGE = `/boot/initrd.img-${RELEASE}`

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await createSandbox(guide)
})
afterAll(() => sandbox.dispose())

/** Exit code and what a command printed, both streams together. */
const outcome = async (command: string): Promise<{ code: number; output: string }> => {
  const printed = await sandbox.sh(`(${command}) 2>&1; echo "code $?"`)
  const [, output = '', code] = printed.match(/^([\s\S]*)code (\d+)\n$/) ?? []
  return { code: Number(code), output }
}

/** Command lines of the menu's linux lines, recovery entries marked. */
const lines = (): string[] =>
  [...sandbox.read('/boot/grub/grub.cfg').matchAll(/^\s*linux\t\/boot\/vmlinuz-(.*)$/gm)].map(
    ([, line = '']) => line,
  )

describe('update-grub', () => {
  test('says what the real one says', async () => {
    expect(await outcome('update-grub')).toEqual({
      code: 0,
      output: [
        'Generating grub configuration file ...',
        `Found linux image: /boot/vmlinuz-${RELEASE}`,
        `Found initrd image: ${IMAGE}`,
        'Found linux image: /boot/vmlinuz-6.1.0-18-amd64',
        'Found initrd image: /boot/initrd.img-6.1.0-18-amd64',
        'done\n',
      ].join('\n'),
    })
  })

  test('writes a simple entry for the newest kernel, and an advanced and a recovery entry for each', async () => {
    const titles = [
      ...sandbox.read('/boot/grub/grub.cfg').matchAll(/^\s*(?:menuentry|submenu) '([^']*)'/gm),
    ].map(([, title]) => title)
    expect(titles).toEqual([
      'Debian GNU/Linux',
      'Advanced options for Debian GNU/Linux',
      `Debian GNU/Linux, with Linux ${RELEASE}`,
      `Debian GNU/Linux, with Linux ${RELEASE} (recovery mode)`,
      'Debian GNU/Linux, with Linux 6.1.0-18-amd64',
      'Debian GNU/Linux, with Linux 6.1.0-18-amd64 (recovery mode)',
      'UEFI Firmware Settings',
    ])
  })

  test('gives recovery entries only GRUB_CMDLINE_LINUX', async () => {
    const defaults = sandbox.read('/etc/default/grub')
    sandbox.write(
      '/etc/default/grub',
      `${defaults}GRUB_CMDLINE_LINUX="all"\nGRUB_CMDLINE_LINUX_DEFAULT="normal"\n`,
    )
    await sandbox.sh('update-grub')
    sandbox.write('/etc/default/grub', defaults)
    const root = 'root=UUID=96b7100c-6b49-4843-bf6c-6c8c78918a3a'
    expect(lines().slice(0, 3)).toEqual([
      `${RELEASE} ${root} ro all normal`,
      `${RELEASE} ${root} ro all normal`,
      `${RELEASE} ${root} ro single all`,
    ])
  })

  test('reads grub.d after the defaults', async () => {
    sandbox.write(
      '/etc/default/grub.d/50-test.cfg',
      'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT from.dropin=1"\n',
    )
    await sandbox.sh('update-grub; rm etc/default/grub.d/50-test.cfg')
    expect(lines()[0]).toMatch(/ro {2}quiet from\.dropin=1$/)
  })

  test('writes the same menu for grub-mkconfig -o, whether the root stands before the path or not', async () => {
    await sandbox.sh('update-grub')
    const menu = sandbox.read('/boot/grub/grub.cfg')
    await sandbox.sh(
      'grub-mkconfig -o /boot/grub/grub.cfg && cp boot/grub/grub.cfg first && grub-mkconfig -o "$VFIO_RUN_ROOT/boot/grub/grub.cfg"',
    )
    expect([sandbox.read('/first'), sandbox.read('/boot/grub/grub.cfg')]).toEqual([menu, menu])
  })

  test('fails with its own message when told to, and leaves the menu as it was', async () => {
    const menu = sandbox.read('/boot/grub/grub.cfg')
    sandbox.fail('update-grub', "/usr/sbin/grub-probe: error: failed to get canonical path of `overlay'.")
    expect(await outcome('update-grub')).toEqual({
      code: 1,
      output: "/usr/sbin/grub-probe: error: failed to get canonical path of `overlay'.\n",
    })
    sandbox.fail('update-grub', undefined)
    expect(sandbox.read('/boot/grub/grub.cfg')).toBe(menu)
    expect((await outcome('update-grub')).code).toBe(0)
  })
})

describe('update-initramfs', () => {
  const build = async (modules: string): Promise<string[]> => {
    sandbox.write('/etc/initramfs-tools/modules', modules)
    await sandbox.sh(`update-initramfs -u -k ${RELEASE}`)
    return (await sandbox.sh(`lsinitramfs ${IMAGE}`)).trimEnd().split('\n')
  }
  const vfioOf = (paths: readonly string[]) =>
    paths
      .filter(path => path.includes('/vfio/') && path.endsWith('.ko'))
      .map(path => path.replace(/^.*\/vfio\//, ''))

  test('names each image it makes', async () => {
    expect(await outcome('update-initramfs -u -k all')).toEqual({
      code: 0,
      output: `update-initramfs: Generating ${IMAGE}\nupdate-initramfs: Generating /boot/initrd.img-6.1.0-18-amd64\n`,
    })
  })

  test('takes the newest kernel where none is named', async () => {
    expect((await outcome('update-initramfs -u')).output).toBe(`update-initramfs: Generating ${IMAGE}\n`)
  })

  test('puts the real layout into the image', async () => {
    const paths = await build('')
    expect(paths).toEqual(
      expect.arrayContaining([
        '.',
        'lib',
        'usr/lib/modprobe.d/aliases.conf',
        'conf/initramfs.conf',
        'scripts/init-top/udev',
        `usr/lib/modules/${RELEASE}/kernel/drivers/usb/host/xhci-pci.ko`,
      ]),
    )
    expect(vfioOf(paths)).toEqual([])
    expect(paths.filter(path => path.includes('/gpu/'))).toEqual([])
  })

  test('adds the listed modules with what they need, - and _ being the same, and skips what is not there', async () => {
    const paths = await build('# a comment\nvfio-pci ids=1:2\nno_such_module\n')
    expect(vfioOf(paths).sort()).toEqual([
      'pci/vfio-pci-core.ko',
      'pci/vfio-pci.ko',
      'vfio.ko',
      'vfio_virqfd.ko',
    ])
    await sandbox.sh(`unmkinitramfs ${IMAGE} unpacked`)
    expect(sandbox.read('/unpacked/conf/modules')).toBe('vfio-pci ids=1:2\nno_such_module \n')
    expect(await sandbox.sh('readlink unpacked/lib; ls unpacked/lib/modules; rm -r unpacked')).toBe(
      `usr/lib\n${RELEASE}\n`,
    )
  })

  test('takes linked configuration along with what it links to, and nothing of a link to /dev/null', async () => {
    await sandbox.sh(
      'mkdir -p etc/alternatives; echo "blacklist x" >etc/alternatives/x; ln -s ../alternatives/x etc/modprobe.d/x.conf; ln -s /dev/null etc/modprobe.d/masked.conf',
    )
    const paths = await build('')
    await sandbox.sh(`unmkinitramfs ${IMAGE} unpacked`)
    expect(await sandbox.sh('readlink unpacked/etc/modprobe.d/x.conf')).toBe('../alternatives/x\n')
    expect(sandbox.read('/unpacked/etc/alternatives/x')).toBe('blacklist x\n')
    expect(paths).not.toContain('etc/modprobe.d/masked.conf')
    await sandbox.sh('rm -r unpacked etc/alternatives/x etc/modprobe.d/x.conf etc/modprobe.d/masked.conf')
  })

  test('follows the softdeps of the drivers it adds', async () => {
    sandbox.write('/etc/modprobe.d/vfio.conf', 'softdep xhci_pci pre: vfio-pci')
    const paths = await build('')
    await sandbox.sh('rm etc/modprobe.d/vfio.conf')
    expect(vfioOf(paths)).toContain('pci/vfio-pci.ko')
    expect(paths).toContain('etc/modprobe.d/vfio.conf')
  })

  test('leaves the old image where it fails', async () => {
    const before = statSync(sandbox.at(IMAGE))
    sandbox.fail('update-initramfs', 'E: mkinitramfs failure zstd 70')
    expect(await outcome('update-initramfs -u -k all')).toEqual({
      code: 1,
      output: `update-initramfs: Generating ${IMAGE}\nE: mkinitramfs failure zstd 70\nupdate-initramfs: failed for ${IMAGE} with 1.\n`,
    })
    sandbox.fail('update-initramfs', undefined)
    expect(statSync(sandbox.at(IMAGE)).ino).toBe(before.ino)
  })

  test('knows nothing of a kernel that is not there', async () => {
    expect((await outcome('update-initramfs -c -k 5.4.0')).code).not.toBe(0)
  })
})

describe('the kernel log', () => {
  const FIRST = 'Linux version 6.1.76-acs-override'

  test.each([
    ['journalctl -k -b 0 -q --no-pager -o short-monotonic', `[    0.000000] z170 kernel: ${FIRST}`],
    ['journalctl -kb -o cat', FIRST],
    ['journalctl --dmesg --boot=0 --output=cat --no-pager', FIRST],
    ['dmesg', `[    0.000000] ${FIRST}`],
  ])('%s begins with the first message of the boot', async (command, first) => {
    expect((await sandbox.sh(command)).startsWith(first)).toBe(true)
  })

  test.each([
    ['dmesg', 'dmesg: read kernel buffer failed: Operation not permitted\n'],
    [
      'journalctl -q -k 2>&1 | tail -n 1; false',
      'No journal files were opened due to insufficient permissions.\n',
    ],
  ])('is not for users: %s', async (command, output) => {
    expect(await outcome(`SANDBOX_UID=1000; export SANDBOX_UID; ${command}`)).toEqual({ code: 1, output })
  })

  test('is refused for options that the stand-in does not imitate', async () => {
    expect((await outcome('journalctl -k --since today')).code).toBe(1)
  })
})

describe('programs', () => {
  test('of other loaders, and those that look at the machine the tests run on, are not there', async () => {
    expect(
      await sandbox.sh(
        'for p in bootctl dracut grubby lspci findmnt ip modprobe; do command -v $p; done; true',
      ),
    ).toBe('')
  })

  test('that a script needs are the real ones', async () => {
    expect(await sandbox.sh('printf abc | base64')).toBe('YWJj\n')
  })

  test('uname tells of the running kernel', async () => {
    expect(await sandbox.sh('uname; uname -r; uname -n; uname -m; uname -sr')).toBe(
      `Linux\n${RELEASE}\nz170\nx86_64\nLinux ${RELEASE}\n`,
    )
  })

  test.each(['reboot', 'systemctl reboot', 'systemctl --no-block reboot', 'shutdown -r now'])(
    '%s reboots',
    async command => {
      const before = sandbox.running.bootId
      const booted = sandbox.nextBoot()
      await sandbox.sh(command)
      await booted
      expect(sandbox.running.bootId).not.toBe(before)
    },
  )

  test('for the administrator refuse others', async () => {
    for (const command of ['update-grub', 'update-initramfs -u', 'reboot', 'systemctl reboot']) {
      expect((await outcome(`SANDBOX_UID=1000; export SANDBOX_UID; ${command}`)).code).toBe(1)
    }
  })
})
