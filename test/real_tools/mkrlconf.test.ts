import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { refind } from '../../src/backends/bootloaders/refind.ts'
import type { Host } from '../../src/host/host.ts'
import { splitArgs } from '../../src/host/kernel_args.ts'
import { isRefusal } from '../../src/refusal.ts'
import { edited, expectLaws } from '../backends/bootloaders/edit_laws.ts'
import { aHost, withCmdline, withFiles } from '../builders.ts'

// It writes to /boot, and reads /proc/cmdline: both are put in their places in a namespace of its own.
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const isThere = existsSync('/usr/sbin/mkrlconf')
const missing = isThere ? 'no file system can be mounted in a namespace here' : 'refind is not installed'
const runs = canMount && isThere

const FILE = '/boot/refind_linux.conf'

describe.skipIf(!runs)(`mkrlconf, rEFInd's program${runs ? '' : ` (skipped: ${missing})`}`, () => {
  /** What it leaves as refind_linux.conf, of a command line, with or without such a file before. */
  function made(cmdline: string, before = ''): string {
    const script = `set -e
mount -t tmpfs none /mnt; printf %s '${cmdline}' >/mnt/cmdline; mount --bind /mnt/cmdline /proc/cmdline
mount -t tmpfs none /boot; [ -z '${before}' ] || printf %s '${before}' >${FILE}
mkrlconf >&2; cat ${FILE}`
    const run = spawnSync('unshare', ['-rm', 'sh'], {
      input: script,
      encoding: 'latin1',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    expect(run, run.stderr).toMatchObject({ status: 0 })
    return run.stdout
  }
  const aMachine = (cmdline: string, file: string): Host =>
    withFiles(withCmdline(aHost({ files: {} }), cmdline), { [FILE]: file })

  it.each([
    'BOOT_IMAGE=/boot/vmlinuz-6.1.0-18-amd64 root=UUID=084f ro quiet splash',
    'root=UUID=084f ro quiet initrd=boot\\initrd.img-6.1.0-18-amd64',
    'initrd=\\initramfs-linux.img root=/dev/sda2 rw',
  ])('its file is read as it means it, and edited: %s', cmdline => {
    const host = aMachine(cmdline, made(cmdline))
    const own = splitArgs(cmdline).filter(arg => !/^(BOOT_IMAGE|initrd)=/.test(arg))
    expect(refind.configured(host)).toEqual(own)
    expectLaws(refind, host)
    const next = refind.next(edited(refind, host))
    expect(!isRefusal(next) && next.cmdline.slice(0, own.length + 1)).toEqual([...own, 'intel_iommu=on'])
  })

  it('it leaves an edited file alone', () => {
    const cmdline = 'root=UUID=084f ro quiet'
    const bytes = edited(refind, aMachine(cmdline, made(cmdline))).files[FILE]?.bytes ?? ''
    expect(bytes).toContain('intel_iommu=on')
    expect(made(cmdline, bytes)).toBe(bytes)
  })
})
