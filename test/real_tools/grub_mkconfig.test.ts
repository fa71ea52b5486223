import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grubMenu } from '../../src/backends/bootloaders/formats/grub_menu.ts'
import { grub } from '../../src/backends/bootloaders/grub.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Host, Menu } from '../../src/host/host.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'
import { ifKnown } from '../../src/host/known.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles, withMenus } from '../builders.ts'

// In a namespace of its own the program sees our /boot and our /etc. grub-probe asks disks, of which a namespace has
// none: a stand-in answers for it. The other distributions' 10_linux differ from this one in what is changed here.
const has = existsSync('/usr/sbin/grub-mkconfig') && existsSync('/etc/grub.d/10_linux')
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const missing = has ? 'no file system can be mounted in a namespace here' : 'grub-common is not installed'
const skipped = has && canMount ? '' : ` (skipped: ${missing})`

const PROBE = `#!/bin/sh
case "$*" in
  *target=device*) echo /dev/sda1 ;;
  *target=fs_uuid*) echo 5f0a5f0e-6c61-4b2d-8a3e-1ab000000001 ;;
  *target=fs*|*'-t fs '*) echo ext2 ;;
  *target=partmap*) echo gpt ;;
  *target=drive*|*'-t drive'*) echo '(hd0,gpt1)' ;;
esac
`
const BUILT = `mount --bind "$1/boot" /boot && mount --bind "$1/etc/default" /etc/default && mount --bind "$1/etc/grub.d" /etc/grub.d &&
mount --bind "$1/probe" /usr/sbin/grub-probe && exec grub-mkconfig -o /boot/grub/grub.cfg`

const OURS = 'root=${linux_root_device_thisversion} ro ${args}'
/** Where the arguments of the root file system are worked out. */
const ROOT = 'case x"$GRUB_FS" in'
const DISTRIBUTIONS = [
  { name: 'Debian', line: OURS, kernel: 'vmlinuz-6.1.0-18-amd64', options: 'quiet' },
  { name: 'Arch', line: OURS.replace(' ro ', ' rw '), kernel: 'vmlinuz-linux', options: 'loglevel=3 quiet' },
  {
    name: 'openSUSE',
    line: OURS.replace(' ro ', ' '),
    // grub2-btrfs-05-grub2-mkconfig.patch.
    variable: 'GRUB_CMDLINE_LINUX="${GRUB_CMDLINE_LINUX} \\${extra_cmdline}"\n',
    kernel: 'vmlinuz-6.9.7-1-default',
    options: 'splash=silent',
  },
  { name: 'Gentoo', line: OURS, kernel: 'kernel-6.6.35-gentoo-x86_64', options: '' },
]

const EDITS: readonly (readonly ArgEdit[])[] = [
  [{ op: 'add', key: 'intel_iommu', value: 'on' }],
  [
    { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
    { op: 'add', key: 'iommu', value: 'pt' },
  ],
  [
    { op: 'set', key: 'vfio-pci.ids', values: [] },
    { op: 'remove', key: 'intel_iommu', value: 'on' },
  ],
]

describe.skipIf(skipped !== '')(`grub-mkconfig, the program${skipped}`, () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'grub-mkconfig-'))
    for (const path of ['boot/grub', 'etc/default', 'etc/grub.d'])
      mkdirSync(join(folder, path), { recursive: true })
    cpSync('/etc/grub.d/00_header', join(folder, 'etc/grub.d/00_header'))
    writeFileSync(join(folder, 'probe'), PROBE)
    chmodSync(join(folder, 'probe'), 0o755)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The sources of a host, turned into a menu by the program, and looked at as on any host. */
  function built(host: Host): Menu {
    writeFileSync(join(folder, 'etc/default/grub'), host.files['/etc/default/grub']?.bytes ?? '', 'latin1')
    const made = spawnSync('unshare', ['-rm', 'sh', '-c', BUILT, 'sh', folder], { encoding: 'latin1' })
    expect(made.stderr).toContain('Found linux image')
    expect(made.status).toBe(0)
    const look = (command = '') =>
      spawnSync('sh', ['-c', command], { encoding: 'latin1', env: { ...process.env, root: folder } }).stdout
    const menu = ifKnown(
      grubMenu.parse({
        lines: look(grubMenu.commands.lines),
        environment: look(grubMenu.commands.environment),
      }),
    )
    if (menu === undefined) throw new Error(readFileSync(join(folder, 'boot/grub/grub.cfg'), 'latin1'))
    return menu
  }

  const tokens = (menu: Menu) =>
    menu.entries.map(({ title, args }) => `${title}: ${args.join(' ').replaceAll('\\', '')}`)

  it.each(DISTRIBUTIONS)(
    'writes the lines that we foretell, $name’s',
    { timeout: 60_000 },
    ({ line, variable = '', kernel, options }) => {
      const script = readFileSync('/etc/grub.d/10_linux', 'latin1')
      expect(script).toContain(OURS)
      expect(script).toContain(ROOT)
      writeFileSync(
        join(folder, 'etc/grub.d/10_linux'),
        script.replaceAll(OURS, () => line).replace(ROOT, () => variable + ROOT),
        'latin1',
      )
      chmodSync(join(folder, 'etc/grub.d/10_linux'), 0o755)
      rmSync(join(folder, 'boot'), { recursive: true })
      mkdirSync(join(folder, 'boot/grub'), { recursive: true })
      writeFileSync(join(folder, 'boot', kernel), 'a kernel')
      let host = withFiles(aHost(), {
        '/etc/default/grub': `GRUB_CMDLINE_LINUX_DEFAULT="${options}"\nGRUB_CMDLINE_LINUX="console=ttyS0 console=tty0"\n`,
      })
      host = withMenus(host, { GRUB: { is: 'observed', value: built(host) } })
      expect(grub.menu?.isStale(host)).toBeUndefined()
      for (const edits of EDITS) {
        const changes = grub.edit(host, edits)
        if (isRefusal(changes)) throw new Error(changes.why)
        const edited = applyChanges(host, changes)
        const foretold = grub.menu?.derive(edited).menus.GRUB
        const menu = built(edited)
        expect(foretold && ifKnown(foretold) && tokens(ifKnown(foretold) ?? menu)).toEqual(tokens(menu))
        host = withMenus(edited, { GRUB: { is: 'observed', value: menu } })
        expect(grub.menu?.isStale(host)).toBeUndefined()
        expect(grub.edit(host, edits)).toEqual([])
      }
    },
  )
})
