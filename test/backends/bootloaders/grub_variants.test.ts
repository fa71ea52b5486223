import { describe, expect, it } from 'vitest'
import { grubMenu, handedOver } from '../../../src/backends/bootloaders/formats/grub_menu.ts'
import { grub } from '../../../src/backends/bootloaders/grub.ts'
import { findBootloader } from '../../../src/backends/bootloaders/index.ts'
import { applyChanges } from '../../../src/host/change.ts'
import type { Host } from '../../../src/host/host.ts'
import { ifKnown } from '../../../src/host/known.ts'
import { isRefusal } from '../../../src/refusal.ts'
import { aHost, withCmdline, withFiles, withMenus } from '../../builders.ts'

const CHOICE = `### BEGIN /etc/grub.d/00_header ###
   set default="\${next_entry}"
   set default="\${saved_entry}"
`
const LINUX = '### BEGIN /etc/grub.d/10_linux ###\n'
const entry = (title: string, kernel: string, args: string, id = 'gnulinux-simple-1') =>
  `menuentry '${title}' --class os $menuentry_id_option '${id}' {\n\tlinux\t${kernel} ${args}\n`

/** A distribution's GRUB: where its menu is, what makes it, what an entry looks like before and after. */
interface Variant {
  readonly name: string
  readonly tools: readonly string[]
  readonly paths: readonly string[]
  readonly menu: string
  readonly uefi?: boolean
  readonly defaults: string
  /** What else the menu sets. */
  readonly settings?: string
  readonly kernel: string
  readonly release: string
  readonly pkgbase?: string
  readonly before: string
  readonly rebuild: readonly string[]
  readonly after: string
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'Arch',
    tools: ['grub-mkconfig', 'mkinitcpio'],
    paths: ['/boot/grub/grub.cfg'],
    menu: '/boot/grub/grub.cfg',
    defaults: 'GRUB_CMDLINE_LINUX_DEFAULT="loglevel=3 quiet"\nGRUB_CMDLINE_LINUX=""\n',
    kernel: '/vmlinuz-linux',
    release: '6.9.7-arch1-1',
    pkgbase: 'linux',
    before: 'root=UUID=ab12 rw  loglevel=3 quiet',
    rebuild: ['grub-mkconfig', '-o', '/boot/grub/grub.cfg'],
    after: 'root=UUID=ab12 rw loglevel=3 quiet intel_iommu=on',
  },
  {
    name: 'Gentoo, a kernel without initramfs',
    tools: ['grub-mkconfig'],
    paths: ['/boot/grub/grub.cfg'],
    menu: '/boot/grub/grub.cfg',
    defaults: '#GRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="net.ifnames=0"\n',
    kernel: '/boot/kernel-6.6.35-gentoo-x86_64',
    release: '6.6.35-gentoo-x86_64',
    before: 'root=/dev/sda3 ro net.ifnames=0 ',
    rebuild: ['grub-mkconfig', '-o', '/boot/grub/grub.cfg'],
    after: 'root=/dev/sda3 ro net.ifnames=0 intel_iommu=on',
  },
  {
    name: 'Void',
    tools: ['update-grub', 'grub-mkconfig', 'dracut'],
    paths: ['/boot/grub/grub.cfg'],
    menu: '/boot/grub/grub.cfg',
    defaults: 'GRUB_CMDLINE_LINUX_DEFAULT="loglevel=4"\n',
    kernel: '/boot/vmlinuz-6.6.35_1',
    release: '6.6.35_1',
    before: 'root=UUID=ab12 ro  loglevel=4',
    rebuild: ['update-grub'],
    after: 'root=UUID=ab12 ro loglevel=4 intel_iommu=on',
  },
  {
    name: 'openSUSE, with its variable for snapshots',
    tools: ['grub2-mkconfig', 'dracut'],
    paths: ['/boot/grub2/grub.cfg', '/boot/efi/EFI/*/grub.cfg'],
    menu: '/boot/grub2/grub.cfg',
    uefi: true,
    defaults: 'GRUB_CMDLINE_LINUX_DEFAULT="splash=silent quiet security=apparmor"\nGRUB_CMDLINE_LINUX=""\n',
    kernel: '/boot/vmlinuz-6.9.7-1-default',
    release: '6.9.7-1-default',
    before: 'root=UUID=ab12  ${extra_cmdline} splash=silent quiet security=apparmor',
    rebuild: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'],
    after: 'root=UUID=ab12 splash=silent quiet security=apparmor intel_iommu=on',
  },
  {
    name: 'RHEL 7 on BIOS',
    tools: ['grub2-mkconfig', 'grubby', 'dracut'],
    paths: ['/boot/grub2/grub.cfg'],
    menu: '/boot/grub2/grub.cfg',
    defaults: 'GRUB_CMDLINE_LINUX="crashkernel=auto rhgb quiet"\n',
    kernel: '/vmlinuz-3.10.0-1160.el7.x86_64',
    release: '3.10.0-1160.el7.x86_64',
    before: 'root=/dev/mapper/centos-root ro crashkernel=auto rhgb quiet LANG=en_US.UTF-8',
    rebuild: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'],
    after: 'root=/dev/mapper/centos-root ro crashkernel=auto rhgb quiet intel_iommu=on',
  },
  {
    name: 'RHEL 7 on UEFI, where the menu lies beside GRUB',
    tools: ['grub2-mkconfig', 'grubby', 'dracut'],
    paths: ['/boot/efi/EFI/*/grub.cfg'],
    menu: '/boot/efi/EFI/centos/grub.cfg',
    uefi: true,
    defaults: 'GRUB_CMDLINE_LINUX="crashkernel=auto"\n',
    kernel: '/vmlinuz-3.10.0-1160.el7.x86_64',
    release: '3.10.0-1160.el7.x86_64',
    before: 'root=/dev/mapper/centos-root ro crashkernel=auto',
    rebuild: ['grub2-mkconfig', '-o', '/boot/efi/EFI/centos/grub.cfg'],
    after: 'root=/dev/mapper/centos-root ro crashkernel=auto intel_iommu=on',
  },
  {
    name: 'Fedora with GRUB_ENABLE_BLSCFG=false',
    tools: ['grub2-mkconfig', 'grubby', 'dracut'],
    paths: ['/boot/grub2/grub.cfg', '/boot/loader/entries', '/boot/efi/EFI/*/grub.cfg'],
    menu: '/boot/grub2/grub.cfg',
    uefi: true,
    defaults: 'GRUB_CMDLINE_LINUX="rhgb quiet"\nGRUB_ENABLE_BLSCFG="false"\n',
    kernel: '/vmlinuz-6.9.7-200.fc40.x86_64',
    release: '6.9.7-200.fc40.x86_64',
    before: 'root=UUID=ab12 ro rootflags=subvol=root rhgb quiet',
    rebuild: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'],
    after: 'root=UUID=ab12 ro rootflags=subvol=root rhgb quiet intel_iommu=on',
  },
  {
    name: 'RHEL 7 with tuned, whose arguments stand in a variable of the menu',
    tools: ['grub2-mkconfig', 'grubby', 'dracut'],
    paths: ['/boot/grub2/grub.cfg'],
    menu: '/boot/grub2/grub.cfg',
    defaults:
      'GRUB_CMDLINE_LINUX="rhgb quiet"\nGRUB_CMDLINE_LINUX_DEFAULT="${GRUB_CMDLINE_LINUX_DEFAULT:+$GRUB_CMDLINE_LINUX_DEFAULT }\\$tuned_params"\n',
    kernel: '/vmlinuz-3.10.0-1160.el7.x86_64',
    release: '3.10.0-1160.el7.x86_64',
    before: 'root=/dev/mapper/centos-root ro rhgb quiet $tuned_params',
    settings: 'set tuned_params="isolcpus=2 nohz=on"\n',
    rebuild: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'],
    after: 'root=/dev/mapper/centos-root ro rhgb quiet isolcpus=2 nohz=on intel_iommu=on',
  },
  {
    name: 'a kiwi image, whose root= is in /etc/default/grub',
    tools: ['grub2-mkconfig', 'dracut'],
    paths: ['/boot/grub2/grub.cfg'],
    menu: '/boot/grub2/grub.cfg',
    defaults:
      'SUSE_REMOVE_LINUX_ROOT_PARAM=true\nGRUB_CMDLINE_LINUX="root=UUID=ab12 rw"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
    kernel: '/boot/vmlinuz-6.9.7-1-default',
    release: '6.9.7-1-default',
    before: 'root=UUID=ab12 rw ${extra_cmdline} quiet',
    rebuild: ['grub2-mkconfig', '-o', '/boot/grub2/grub.cfg'],
    after: 'root=UUID=ab12 rw quiet intel_iommu=on',
  },
]

const STUB = 'file /boot/efi/EFI/fedora/grub.cfg\n'

function hostOf({
  tools,
  paths,
  menu,
  uefi = false,
  defaults,
  kernel,
  release,
  pkgbase = '',
  settings = '',
  before,
}: Variant): Host {
  const stub = uefi && !menu.startsWith('/boot/efi') ? STUB : ''
  const lines = `${stub}file ${menu}\n${CHOICE}${settings}${LINUX}${entry('Linux', kernel, before)}`
  const bare: Host = {
    ...aHost(),
    files: {},
    tools,
    paths,
    kernels: aHost().kernels.map(one => ({ ...one, release, pkgbase })),
  }
  return withCmdline(
    withMenus(withFiles(bare, { '/etc/default/grub': defaults }), {
      GRUB: grubMenu.parse({ firmware: uefi ? 'uefi\n' : '', lines, environment: '' }),
    }),
    `BOOT_IMAGE=${kernel} ${before}`,
  )
}

describe.each(VARIANTS)('GRUB on $name', variant => {
  const host = hostOf(variant)
  const edit = (one: Host) => {
    const changes = grub.edit(one, [{ op: 'add', key: 'intel_iommu', value: 'on' }])
    if (isRefusal(changes)) throw new Error(changes.why)
    return applyChanges(one, changes)
  }

  it('is found', () => {
    expect(findBootloader(host)).toMatchObject({ loader: { name: 'GRUB' } })
  })

  it('carries what its sources say before anything is changed', () => {
    expect(grub.menu?.isStale(host)).toBeUndefined()
  })

  it('is made anew by its own program, which writes the menu that is read', () => {
    expect(grub.menu?.rebuild(edit(host))).toEqual([variant.rebuild])
    expect(grub.menu?.writes(host)).toEqual([variant.menu])
  })

  it('boots with the argument next', () => {
    const edited = edit(host)
    expect(grub.menu?.isStale(edited)).toBe(
      `entry "Linux" in ${variant.menu} does not carry the configured arguments`,
    )
    const built = grub.menu?.derive(edited) ?? edited
    expect(grub.menu?.isStale(built)).toBeUndefined()
    expect(grub.next(built)).toMatchObject({
      release: variant.release,
      cmdline: [`BOOT_IMAGE=${variant.kernel}`, ...variant.after.split(' ')],
    })
  })
})

describe('what a distribution does in its own way', () => {
  const variantOf = (name: string) => {
    const found = VARIANTS.find(variant => variant.name.startsWith(name))
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }

  it.each([
    ['has a console to take over, once more, where it had one', ' vt.handoff=7', ['vt.handoff=7']],
    ['has none where it had none', '', []],
  ])('Ubuntu %s', (_, handoff, expected) => {
    const ubuntu = { ...variantOf('Void'), before: 'root=UUID=ab12 ro loglevel=4 $vt_handoff' }
    const host = withCmdline(
      hostOf(ubuntu),
      `BOOT_IMAGE=${ubuntu.kernel} root=UUID=ab12 ro loglevel=4${handoff}`,
    )
    expect(grub.next(host)).toMatchObject({
      cmdline: [`BOOT_IMAGE=${ubuntu.kernel}`, 'root=UUID=ab12', 'ro', 'loglevel=4', ...expected],
    })
  })

  it.each([
    ['RHEL 7 on BIOS', 'GRUB_CMDLINE_LINUX="crashkernel=auto rhgb quiet intel_iommu=on"\n'],
    [
      'Gentoo',
      '#GRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="net.ifnames=0"\nGRUB_CMDLINE_LINUX_DEFAULT="intel_iommu=on"\n',
    ],
  ])('%s gets new arguments in the variable that it keeps its own in', (name, after) => {
    const host = hostOf(variantOf(name))
    expect(grub.edit(host, [{ op: 'add', key: 'intel_iommu', value: 'on' }])).toMatchObject([
      { kind: 'write', path: '/etc/default/grub', after },
    ])
  })
})

describe('the menu that GRUB reads', () => {
  const real = (path: string, title: string) =>
    `file ${path}\n${LINUX}${entry(title, '/vmlinuz', 'root=/dev/x ro')}`
  const read = (lines: string, firmware = '', environment = '') =>
    grubMenu.parse({ lines, firmware, environment })

  it.each([
    ['beside GRUB on the ESP', 'uefi', '/boot/efi/EFI/redhat/grub.cfg'],
    ['in /boot on BIOS, whatever lies on an ESP', '', '/boot/grub2/grub.cfg'],
  ])('is the one %s', (_, firmware, path) => {
    const both = real('/boot/grub2/grub.cfg', 'a') + real('/boot/efi/EFI/redhat/grub.cfg', 'b')
    expect(ifKnown(read(both, firmware))?.path).toBe(path)
  })

  it('is not told of two', () => {
    expect(read(real('/boot/grub/grub.cfg', 'a') + real('/boot/grub2/grub.cfg', 'b'))).toEqual({
      is: 'unknown',
      why: '/boot/grub/grub.cfg and /boot/grub2/grub.cfg are both there, and which one GRUB reads cannot be told',
    })
  })

  it('has the saved entry of the environment beside it', () => {
    const environment =
      'file /boot/grub2/grubenv\nsaved_entry=a\nfile /boot/efi/EFI/redhat/grubenv\nsaved_entry=b\n'
    expect(ifKnown(read(real('/boot/efi/EFI/redhat/grub.cfg', 'x'), 'uefi', environment))?.saved).toBe('b')
  })

  it('says that what openSUSE saves before the file system is out of sight', () => {
    const host = withMenus(aHost(), {
      GRUB: read(
        `file /boot/grub2/grub.cfg\n${CHOICE}${LINUX}${entry('a', '/vmlinuz', 'root=/dev/x')}`,
        '',
        'file /boot/grub2/grubenv\nenv_block=512+1\n',
      ),
    })
    expect(grub.next(host)).toMatchObject({ refused: true, why: 'which menu entry is booted cannot be told' })
  })

  it('is not made anew where that would make a menu of files of it', () => {
    const [variant] = VARIANTS.filter(({ name }) => name.startsWith('Fedora'))
    if (variant === undefined) throw new Error('there is no Fedora')
    const host = hostOf({
      ...variant,
      defaults: 'GRUB_CMDLINE_LINUX="rhgb quiet"\nGRUB_ENABLE_BLSCFG=true\n',
    })
    expect(grub.edit(host, [])).toMatchObject({
      why: '/etc/default/grub says GRUB_ENABLE_BLSCFG=true, and /boot/grub2/grub.cfg was made without: made anew, its entries would be others',
    })
  })

  it('is left to grubby where its entries are files', () => {
    const host = withMenus(aHost(), { GRUB: read(`file /boot/grub2/grub.cfg\n${LINUX}  blscfg\n`) })
    expect(grub.edit(host, [])).toMatchObject({
      refused: true,
      why: '/boot/grub2/grub.cfg takes its entries from files (blscfg), and the program that edits them is missing',
    })
  })
})

describe('an argument on its way to the kernel', () => {
  it.each([
    ['quiet', 'quiet'],
    ['a="b"', 'a=b'],
    ['dyndbg="file x +p"', '"dyndbg=file x +p"'],
    ["acpi_osi='!Windows 2012'", '"acpi_osi=!Windows 2012"'],
    ['memmap=64G\\$192G', 'memmap=64G$192G'],
    ['a;b', undefined],
    ['a="b', undefined],
    ['$x', undefined],
  ])('%s is handed over as %s', (token, handed) => {
    expect(handedOver(token)).toBe(handed)
  })
})
