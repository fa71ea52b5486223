import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { searchPath } from './requirements.ts'

/** Where a machine that has the disk mounts it, and the command that starts a guest there. */
export const GUEST_DISK = {
  mount: 'mkdir -p /mnt && mount -o ro /dev/disk/by-label/guest /mnt',
  qemu: '/mnt/qemu',
} as const

/**
 * A disk with QEMU on it, for a machine of the lab to start a guest of its own: this machine's program with the
 * libraries it is linked to, and the firmware that the guest starts.
 */
export async function makeGuestDisk(folder: string): Promise<string> {
  const tree = join(folder, 'guest')
  const disk = join(folder, 'guest.img')
  await mkdir(join(tree, 'lib'), { recursive: true })
  const environment = { env: { PATH: searchPath().join(':') } }
  const { stdout: program } = await execa('sh', ['-c', 'command -v qemu-system-x86_64'], environment)
  const { stdout: linked } = await execa('ldd', [program], environment)
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(match => match[1] ?? '')
  await copyFile(program, join(tree, 'qemu-system-x86_64'))
  for (const library of libraries) await copyFile(library, join(tree, 'lib', basename(library)))
  for (const module of MODULES) await copyFile(join(MODULE_FOLDER, module), join(tree, 'lib', module))
  await copyFile(FIRMWARE, join(tree, basename(FIRMWARE)))
  await writeFile(join(tree, 'qemu'), START)
  await chmod(join(tree, 'qemu'), 0o755)
  await execa(
    'mke2fs',
    ['-q', '-t', 'ext4', '-O', '^has_journal', '-L', 'guest', '-d', tree, disk, '128M'],
    environment,
  )
  return disk
}

/** Of the package seabios, which QEMU's depends on. */
const FIRMWARE = '/usr/share/seabios/bios-256k.bin'

/** Debian's QEMU loads its emulation as a module. */
const MODULE_FOLDER = '/usr/lib/x86_64-linux-gnu/qemu'
const MODULES = ['accel-tcg-x86_64.so', 'accel-tcg-i386.so']

const START = `#!/bin/sh
QEMU_MODULE_DIR=/mnt/lib LD_LIBRARY_PATH=/mnt/lib exec /mnt/qemu-system-x86_64 -L /mnt "$@"
`
