import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syslinux } from '../../src/backends/bootloaders/syslinux.ts'
import type { Host } from '../../src/host/host.ts'
import { isRefusal } from '../../src/refusal.ts'
import { ADD, edited, REMOVE } from '../backends/bootloaders/edit_laws.ts'
import { aHost, withCmdline, withFiles } from '../builders.ts'

// It writes to /boot and reads /etc: both get file systems of their own, in a namespace of its own.
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const isThere = spawnSync('sh', ['-c', 'command -v u-boot-update && command -v linux-version']).status === 0
const missing = isThere ? 'no file system can be mounted in a namespace here' : 'u-boot-menu is not installed'
const runs = canMount && isThere

const MENU = '/boot/extlinux/extlinux.conf'
const DEFAULTS = '/etc/default/u-boot'
const RELEASE = '6.1.0-18-amd64'

describe.skipIf(!runs)(`u-boot-update, the program${runs ? '' : ` (skipped: ${missing})`}`, () => {
  let root = ''
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'vfio-run-u-boot-update.'))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  /** The host with the menu that the program makes of its sources. */
  function made(host: Host): Host {
    rmSync(root, { recursive: true, force: true })
    const files = {
      '/etc/fstab': 'UUID=084f / ext4 defaults 0 1\n',
      [`/boot/vmlinuz-${RELEASE}`]: 'k',
      [`/boot/initrd.img-${RELEASE}`]: 'i',
    }
    const sources = Object.entries(host.files).filter(([path]) => path.startsWith('/etc/'))
    for (const [path, bytes] of [
      ...Object.entries(files),
      ...sources.map(([path, file]) => [path, file.bytes] as const),
    ]) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), bytes, 'latin1')
    }
    const script = `set -e
mount --bind '${root}/etc' /mnt; mount -t tmpfs none /boot; cp -r '${root}/boot/.' /boot
mount --bind /mnt /etc; u-boot-update >&2; cat ${MENU}`
    const run = spawnSync('unshare', ['-rm', 'sh'], { input: script, encoding: 'latin1' })
    expect(run, run.stderr).toMatchObject({ status: 0 })
    return withFiles(host, { [MENU]: run.stdout })
  }

  const aMachine = (files: Readonly<Record<string, string>>): Host =>
    withFiles(
      withCmdline(aHost({ arch: 'aarch64', files: {}, tools: ['u-boot-update'] }), 'root=UUID=084f ro quiet'),
      files,
    )

  it.each([
    ['nothing set', {}],
    ['its variable', { [DEFAULTS]: 'U_BOOT_PARAMETERS="ro quiet splash"\nU_BOOT_TIMEOUT="10"\n' }],
    ['a variable without quotes', { [DEFAULTS]: 'U_BOOT_PARAMETERS=rw\n' }],
    [
      'a fragment',
      {
        [DEFAULTS]: 'U_BOOT_PARAMETERS="a"\n',
        '/etc/u-boot-menu/conf.d/x.conf': "U_BOOT_PARAMETERS='ro quiet'\n",
      },
    ],
    ['/etc/kernel/cmdline', { '/etc/kernel/cmdline': 'root=UUID=084f ro quiet\n' }],
  ])('makes of our edits the menu that we foresee: %s', (_, files) => {
    const before = made(aMachine(files))
    expect(syslinux.menu?.isStale(before)).toBeUndefined()
    const after = edited(syslinux, before)
    expect(syslinux.menu?.isStale(after)).toMatch(/does not carry/)
    const foreseen = syslinux.menu?.derive(after)
    const real = made(after)
    expect(real.files[MENU]?.bytes).toBe(foreseen?.files[MENU]?.bytes)
    expect(syslinux.menu?.isStale(real)).toBeUndefined()
    const next = syslinux.next(real)
    expect(!isRefusal(next) && [next.release, next.cmdline.slice(-2)]).toEqual([
      RELEASE,
      ['intel_iommu=on', 'vfio-pci.ids=10de:13c2,10de:0fbb'],
    ])
    expect(made(edited(syslinux, real, REMOVE)).files[MENU]?.bytes).toBe(before.files[MENU]?.bytes)
    expect(syslinux.edit(real, ADD)).toEqual([])
  })
})
