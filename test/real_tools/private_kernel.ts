import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Fact } from '../../src/host/facts/fact.ts'
import { images } from '../../src/host/facts/images.ts'
import { kernels } from '../../src/host/facts/kernels.ts'
import type { Image, InstalledKernel } from '../../src/host/host.ts'
import { ifKnown } from '../../src/host/known.ts'
import { hostScript } from '../../src/host/script.ts'

/** Debian's kernel as fetch_kernel.sh unpacks it. */
const KERNEL =
  process.env.VFIO_RUN_KERNEL ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vfio-run-kernel')

const modules = join(KERNEL, 'lib/modules')
export const RELEASE = existsSync(modules) ? (readdirSync(modules)[0] ?? '') : ''

/** Why an image cannot be made here with a program; '' where it can. */
export function whyNot(program: string): string {
  if (spawnSync(program, ['--help']).error !== undefined) return `${program} is not installed`
  if (RELEASE === '') return `there is no kernel in ${KERNEL}: test/real_tools/fetch_kernel.sh brings it`
  if (spawnSync('cpio', ['--version']).error !== undefined) return 'cpio is not installed'
  const namespace = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /tmp'])
  return namespace.status === 0 ? '' : 'only root may mount folders of its own'
}

/** What our own look says of the kernel's modules. */
export const installedKernels = (): InstalledKernel[] => factBelow(KERNEL, kernels)

/**
 * The image that a generator makes of these files of /etc, for the kernel in its folder: seen by it alone in /lib/modules
 * and /boot, so that nothing of this machine is written to.
 */
export function imageOf(
  command: (path: string) => string,
  files: Readonly<Record<string, string>>,
): { image: Image | undefined; output: string; status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-run-image-'))
  try {
    for (const name of ['etc', 'etc.work', 'lib', 'lib.work', 'root/boot', 'root/var/tmp'])
      mkdirSync(join(folder, name), { recursive: true })
    for (const [path, text] of Object.entries(files)) {
      if (!path.startsWith('/etc/')) continue
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text, 'latin1')
    }
    const path = `/boot/initrd.img-${RELEASE}`
    const overlay = (of: string, name: string) =>
      `mount -t overlay overlay -o lowerdir=${of},upperdir=${folder}/${name},workdir=${folder}/${name}.work ${of}`
    const { stdout, stderr, status } = spawnSync(
      'unshare',
      [
        '-m',
        'sh',
        '-ec',
        `${overlay('/etc', 'etc')}; ${overlay('/usr/lib', 'lib')}
mkdir -p /usr/lib/modules/${RELEASE}
mount --bind ${modules}/${RELEASE} /usr/lib/modules/${RELEASE}
mount --bind ${KERNEL}/boot /boot
${command(join(folder, 'root', path))}`,
      ],
      { encoding: 'utf8' },
    )
    const found = factBelow(join(folder, 'root'), images)
    const image = found[path]
    return { image: image && ifKnown(image), output: stdout + stderr, status }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function factBelow<T, R extends string>(root: string, fact: Fact<T, R>): T {
  const read = (command: string) =>
    spawnSync('sh', [], {
      input: hostScript(fact.functions ?? '', command),
      env: { VFIO_RUN_ROOT: root },
      encoding: 'latin1',
      maxBuffer: 64 << 20,
    }).stdout
  const readings = Object.entries<string>(fact.commands).map(([name, command]) => [name, read(command)])
  return fact.parse(Object.fromEntries(readings))
}
