import { expect, test } from 'vitest'
import { createSandbox } from '../machine.ts'
import { unmountedEsp } from './esp.ts'
import { filesOnly, kernel } from './files_only.ts'

test('an ESP that nobody mounts shows its files where root mounts it, and only as long', async () => {
  const esp = unmountedEsp('/dev/disk/by-uuid/7C1D-0A42', { '/loader/loader.conf': 'timeout 3\n' })
  await using sandbox = await createSandbox(
    filesOnly({
      hostname: 'esp',
      osRelease: 'ID=esp\n',
      kernels: [kernel('6.8.0-1')],
      files: esp.files,
      programs: esp.programs,
      install: 'mkdir mnt',
      cmdline: 'quiet',
    }),
  )
  const mount = 'mount -t vfat -o ro dev/disk/by-uuid/7C1D-0A42 "$PWD/mnt"'
  const look = 'cat mnt/loader/loader.conf; umount mnt; ls mnt'
  expect(await sandbox.sh(`unshare -m sh -c '${mount.replace('dev/', '"$PWD"/dev/')}; ${look}'`)).toBe(
    'timeout 3\n',
  )
  await expect(sandbox.sh(`SANDBOX_UID=1000 ${mount}`)).rejects.toThrow('must be superuser')
  await expect(sandbox.sh(mount.replace('7C1D', '0000'))).rejects.toThrow('does not exist')
})
