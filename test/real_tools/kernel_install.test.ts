import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemdBoot } from '../../src/backends/bootloaders/systemd_boot.ts'
import { bytesFromBuffer } from '../../src/host/bytes.ts'
import { applyChanges } from '../../src/host/change.ts'
import type { Host } from '../../src/host/host.ts'
import type { ArgEdit } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { aHost, withFiles } from '../builders.ts'

const PLUGIN = '/usr/lib/kernel/install.d/90-loaderentry.install'
const isThere = existsSync(PLUGIN) && spawnSync('kernel-install', ['--version']).status === 0
const why = isThere ? '' : ' (skipped: kernel-install is not installed)'

const ID = '6c61622d6c61622d6c61622d6c61622d'
const RELEASE = '6.1.0-56-amd64'
const ENTRY = `/boot/loader/entries/${ID}-${RELEASE}.conf`
const CMDLINE = '/etc/kernel/cmdline'

const edits: readonly ArgEdit[] = [
  { op: 'add', key: 'intel_iommu', value: 'on' },
  { op: 'set', key: 'vfio-pci.ids', values: ['10de:13c2', '10de:0fbb'] },
]

describe.skipIf(!isThere)(`kernel-install, the program${why}`, () => {
  let root = ''
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'vfio-run-kernel-install.'))
    put('/vmlinuz', 'a kernel')
    put('/initrd.img', 'an initramfs')
    mkdirSync(join(root, `boot/${ID}`), { recursive: true })
    put('/boot/loader/entries.srel', 'type1\n')
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  function put(path: string, text: string) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text, 'latin1')
  }

  /** The entry that it makes of a command line. */
  function made(line: string): string {
    put(CMDLINE, line)
    const run = spawnSync(
      'kernel-install',
      ['add', RELEASE, join(root, 'vmlinuz'), join(root, 'initrd.img')],
      {
        encoding: 'utf8',
        env: {
          PATH: process.env.PATH,
          KERNEL_INSTALL_CONF_ROOT: join(root, 'etc/kernel'),
          KERNEL_INSTALL_PLUGINS: PLUGIN,
          BOOT_ROOT: join(root, 'boot'),
          MACHINE_ID: ID,
        },
      },
    )
    expect(run).toMatchObject({ status: 0, stderr: '' })
    return bytesFromBuffer(readFileSync(join(root, ENTRY)))
  }

  const hostWith = (files: Readonly<Record<string, string | undefined>>): Host =>
    withFiles(aHost({ files: {}, tools: ['kernel-install'] }), files)

  function edited(host: Host): Host {
    const changes = systemdBoot.edit(host, edits)
    if (isRefusal(changes)) throw new Error(changes.why)
    return applyChanges(host, changes)
  }

  it.each([
    ['one line', 'root=UUID=5f0a ro quiet\n'],
    ['several lines', 'root=UUID=5f0a\n\tro  quiet\n'],
    ['an argument that is there already', 'root=UUID=5f0a intel_iommu=off vfio-pci.ids=1:1 quiet'],
    ['init’s arguments', 'root=UUID=5f0a -- single\n'],
  ])('makes of the edited %s the very entry that was edited', (_, line) => {
    const after = edited(hostWith({ [CMDLINE]: line, [ENTRY]: made(line) }))
    expect(after.files[ENTRY]?.bytes).toContain('intel_iommu=on')
    expect(made(after.files[CMDLINE]?.bytes ?? '')).toBe(after.files[ENTRY]?.bytes)
  })

  it('makes of a file that was begun anew the very entry that was edited', () => {
    const after = edited(hostWith({ [ENTRY]: made('root=UUID=5f0a ro quiet\n') }))
    expect(made(after.files[CMDLINE]?.bytes ?? '')).toBe(after.files[ENTRY]?.bytes)
  })
})
