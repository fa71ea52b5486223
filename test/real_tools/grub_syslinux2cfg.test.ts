import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syslinux } from '../../src/backends/bootloaders/syslinux.ts'
import type { Host } from '../../src/host/host.ts'
import { edited } from '../backends/bootloaders/edit_laws.ts'
import { aHost, withCmdline, withFiles } from '../builders.ts'

const isThere = spawnSync('grub-syslinux2cfg', ['--version']).status === 0
const why = isThere ? '' : ' (skipped: grub-common is not installed)'

const ROOT = 'root=UUID=7ee8'
const MAIN = '/boot/extlinux/extlinux.conf'

/** A second reader of the language, by other people: it shows that an edited file still says what was meant. */
describe.skipIf(!isThere)(`grub-syslinux2cfg, GRUB's reader of SYSLINUX files${why}`, () => {
  let root = ''
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'vfio-run-syslinux2cfg.'))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  /** The `linux` lines of the menu entries that it makes, by their titles. */
  function read(host: Host): Record<string, string> {
    for (const [path, { bytes }] of Object.entries(host.files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), bytes, 'latin1')
    }
    const run = spawnSync(
      'grub-syslinux2cfg',
      ['-r', root, '-c', join(root, dirname(MAIN)), join(root, MAIN)],
      { encoding: 'latin1' },
    )
    expect(run, run.stderr).toMatchObject({ status: 0 })
    const entries = run.stdout.matchAll(/^menuentry '([^']*)'[^}]*?^\s*linux\$linux_suffix \S+ (.*)$/gm)
    return Object.fromEntries([...entries].map(([, title = '', args = '']) => [title, args]))
  }

  it('finds our arguments in each Linux entry of this system, behind the others', () => {
    const host = withFiles(withCmdline(aHost({ files: {}, tools: [] }), `${ROOT} rw`), {
      [MAIN]: `UI menu.c32
TIMEOUT 50
DEFAULT arch
LABEL arch
  MENU LABEL Arch
  LINUX ../vmlinuz-linux
  append  ${ROOT} rw  quiet
  INITRD ../initramfs-linux.img
Label single
  KERNEL ../vmlinuz-linux
  APPEND initrd=../initramfs-linux.img ${ROOT} rw single
INCLUDE more.cfg
`,
      '/boot/extlinux/more.cfg': `label lts\n\tlinux ../vmlinuz-lts\n\tappend ${ROOT} rw debug\n`,
    })
    const before = read(host)
    const after = read(edited(syslinux, host))
    const ours = 'intel_iommu=on vfio-pci.ids=10de:13c2,10de:0fbb'
    expect(Object.keys(before)).toEqual(['Arch', 'single', 'lts'])
    expect(after).toEqual({
      Arch: `${before.Arch} ${ours}`,
      single: before.single,
      lts: `${before.lts} ${ours}`,
    })
  })
})
