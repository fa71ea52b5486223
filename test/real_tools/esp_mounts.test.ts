import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proxmoxBootTool } from '../../src/backends/bootloaders/proxmox_boot_tool.ts'
import { bytesFromBuffer } from '../../src/host/bytes.ts'
import { hostScript } from '../../src/host/script.ts'

const works = (command: string) => spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0
const hasVfat = works('grep -qw vfat /proc/filesystems || modprobe vfat')
/** Where the kernel has no vfat, ext2 shows the mounting; the FAT type is all that differs. */
const fileSystem = hasVfat
  ? { type: 'vfat', make: 'mkfs.vfat -F 32 esp.img && mcopy -s -i esp.img loader ::' }
  : { type: 'ext2', make: 'mkdir esp && cp -r loader esp && mkfs.ext2 -q -d esp esp.img' }
const missing = [
  ['only root may mount', '[ "$(id -u)" = 0 ] && unshare -m true'],
  ['there is no loop device', 'losetup -f'],
  ['there is no mkfs for it', `command -v mkfs.${fileSystem.type}`],
].find(([, command = '']) => !works(command))?.[0]

const UUID = '1A2B-3C4D'

describe.skipIf(missing !== undefined)(
  `mount(8) and unshare(1), the programs${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let root = ''
    let device = ''
    const image = () => join(root, 'esp.img')
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'vfio-run-esp.'))
      for (const folder of [
        'etc/kernel',
        'dev/disk/by-uuid',
        'sys/firmware/efi',
        'mnt',
        'proc',
        'loader/entries',
      ])
        mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, 'etc/kernel/proxmox-boot-uuids'), `${UUID}\n../../etc/passwd\n`)
      writeFileSync(join(root, 'loader/loader.conf'), 'timeout 3\ndefault proxmox-*\n')
      writeFileSync(
        join(root, 'loader/entries/proxmox-6.8.conf'),
        'title P\noptions root=ZFS=r quiet\nlinux /EFI/proxmox/6.8/vmlinuz\ninitrd /EFI/proxmox/6.8/initrd',
      )
      const run = spawnSync(
        'sh',
        ['-c', `truncate -s 40M esp.img && ${fileSystem.make} && losetup -f --show esp.img`],
        { cwd: root, encoding: 'utf8' },
      )
      device = run.stdout.trim().split('\n').at(-1) ?? ''
      symlinkSync(device, join(root, 'dev/disk/by-uuid', UUID))
      symlinkSync('/proc/self', join(root, 'proc/self'))
    })
    afterAll(() => {
      spawnSync('losetup', ['-d', device])
      rmSync(root, { recursive: true, force: true })
    })

    function look() {
      const { observes } = proxmoxBootTool
      const command = observes?.commands.esps?.replace('-t vfat', `-t ${fileSystem.type}`)
      const script = hostScript(`look() {\n${command}\n}`, 'look')
      const run = spawnSync('sh', ['-s'], { input: script, env: { ...process.env, VFIO_RUN_ROOT: root } })
      return observes?.parse({ esps: bytesFromBuffer(run.stdout) })
    }
    const seen = {
      is: 'observed',
      value: {
        path: `/dev/disk/by-uuid/${UUID}`,
        default: 'proxmox-*',
        saved: '',
        entries: [
          {
            title: 'P',
            id: 'proxmox-6.8.conf',
            source: `/dev/disk/by-uuid/${UUID}`,
            kernel: '/EFI/proxmox/6.8/vmlinuz',
            args: ['initrd=\\EFI\\proxmox\\6.8\\initrd', 'root=ZFS=r', 'quiet'],
            recovery: false,
          },
        ],
      },
    }

    it('an ESP is read, nothing stays mounted, and no byte of it is written', () => {
      const [bytes, mounts] = [readFileSync(image()), readFileSync('/proc/self/mounts', 'utf8')]
      expect(look()).toEqual(seen)
      expect(readFileSync('/proc/self/mounts', 'utf8')).toBe(mounts)
      expect(readFileSync(image()).equals(bytes)).toBe(true)
    })

    it('one that is mounted already is read where it is', () => {
      const at = join(root, 'at')
      mkdirSync(at)
      expect(spawnSync('mount', [device, at]).status).toBe(0)
      try {
        expect(look()).toEqual(seen)
      } finally {
        spawnSync('umount', [at])
      }
    })
  },
)
