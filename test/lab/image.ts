import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { requirePrograms, requireRoot, searchPath, TO_BOOT, TO_BUILD } from './requirements.ts'

/** A Debian 12 that boots by GRUB from /dev/vda, and the key that opens it. Never written to: machines boot overlays. */
export interface Image {
  readonly disk: string
  readonly keyFile: string
  /** The machine's own host key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
}

/** Builds the image unless one of the same recipe is in the cache, which lies outside the repository. */
export async function labImage(say: (line: string) => void, signal?: AbortSignal): Promise<Image> {
  const folder = join(cacheFolder(), await recipeHash())
  if (existsSync(folder)) requirePrograms(TO_BOOT)
  else {
    requirePrograms(TO_BUILD)
    requireRoot('building the image needs root (mmdebstrap)')
    await build(folder, say, signal)
  }
  const hostKey = await readFile(join(folder, 'host_key.pub'), 'latin1')
  return {
    disk: join(folder, 'disk.qcow2'),
    keyFile: join(folder, 'key'),
    hostKey: hostKey.split(' ').slice(0, 2).join(' '),
  }
}

const SUITE = 'bookworm'
const ROOT_UUID = '5f0a5f0e-6c61-4b2d-8a3e-1ab000000001'
const DISK_BYTES = 4 * 1024 ** 3
const PARTITION_OFFSET = 1024 ** 2
const PACKAGES = [
  // The full kernel, not -cloud: that one has no vfio-pci, GPU or USB modules.
  'linux-image-amd64',
  'grub-pc',
  'initramfs-tools',
  'systemd-sysv',
  'udev',
  'openssh-server',
  'sudo',
  'pciutils',
  'busybox',
  'zstd',
  'iproute2',
  'less',
]
const FIRST_BOOT_TIMEOUT = 15 * 60_000

const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vfio-run-lab')

async function recipeHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(RECIPE_FOLDER)).sort())
    hash.update(await readFile(join(RECIPE_FOLDER, name)))
  hash.update(await readFile(import.meta.filename))
  return hash.digest('hex').slice(0, 16)
}

const RECIPE_FOLDER = join(import.meta.dirname, 'image')

/** In a folder of its own, renamed at the end: a build that was killed leaves no image that looks whole. */
async function build(
  folder: string,
  say: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const work = `${folder}.building-${process.pid}`
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true, mode: 0o700 })
  const builder: Builder = { work, log: join(work, 'build.log'), signal }
  try {
    for (const [name, step] of STEPS) {
      const started = Date.now()
      await step(builder)
      say(`image: ${name} (${Math.round((Date.now() - started) / 1000)} s)`)
    }
    await rename(work, folder).catch(error => {
      // Another lab built the same image meanwhile: as good as ours.
      if (!existsSync(folder)) throw error
    })
  } catch (error) {
    const tail =
      !signal?.aborted && existsSync(builder.log) ? (await readFile(builder.log, 'utf8')).slice(-4000) : ''
    if (tail !== '') say(`image: the end of the build's log:\n${tail}`)
    throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

interface Builder {
  readonly work: string
  readonly log: string
  readonly signal: AbortSignal | undefined
}

const STEPS: readonly (readonly [string, (builder: Builder) => Promise<void>])[] = [
  ['make a key', makeKey],
  ['bootstrap Debian 12', bootstrap],
  ['write the disk', writeDisk],
  ['boot it once to install GRUB', installGrub],
  ['clean up', keepWhatIsNeeded],
]

async function makeKey({ work }: Builder): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'vfio-run lab', '-f', join(work, 'key')])
}

async function bootstrap(builder: Builder): Promise<void> {
  const root = join(builder.work, 'root')
  const customize = join(RECIPE_FOLDER, 'customize.sh')
  await logged(builder, 'unshare', [
    // Interrupted, mmdebstrap would first finish; in namespaces of its own all of it and its mounts end at once.
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'mmdebstrap'],
    '--mode=root',
    '--format=directory',
    '--variant=minbase',
    '--components=main',
    `--include=${PACKAGES.join(',')}`,
    '--dpkgopt=force-unsafe-io',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    ...(await aptOptions()).map(option => `--aptopt=${option}`),
    `--customize-hook=sh '${customize}' '${join(builder.work, 'key.pub')}' ${ROOT_UUID} "$1"`,
    SUITE,
    root,
    ...(await mirrors()),
  ])
  await copyFile(join(root, 'etc/ssh/ssh_host_ed25519_key.pub'), join(builder.work, 'host_key.pub'))
}

/** This machine's own Debian mirrors where it has them for the suite: a lab behind a proxy or a mirror works too. */
async function mirrors(): Promise<readonly string[]> {
  const format = '$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)'
  const { stdout } = await execa('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    reject: false,
  })
  const rows = (stdout ?? '').split('\n').map(line => line.split(' '))
  const ours = rows.filter(
    ([origin, codename = '', component]) =>
      origin === 'Debian' && component === 'main' && SUITES.includes(codename),
  )
  const lines = new Set(ours.map(([, codename, , uri]) => `deb ${uri} ${codename} main`))
  return lines.size === 0 ? PUBLIC_MIRRORS : [...lines]
}

const SUITES = [SUITE, `${SUITE}-updates`, `${SUITE}-security`]
const PUBLIC_MIRRORS = [
  `deb http://deb.debian.org/debian ${SUITE} main`,
  `deb http://deb.debian.org/debian-security ${SUITE}-security main`,
]

/** mmdebstrap reads none of the machine's apt.conf; these decide whether its mirror can be reached and trusted. */
async function aptOptions(): Promise<readonly string[]> {
  const { stdout } = await execa('apt-config', ['dump'], { reject: false })
  return (stdout ?? '')
    .split('\n')
    .filter(line => /^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) /.test(line))
}

async function writeDisk(builder: Builder): Promise<void> {
  const raw = join(builder.work, 'disk.raw')
  const handle = await open(raw, 'w')
  await handle.truncate(DISK_BYTES)
  await handle.close()
  await execa('sfdisk', ['--quiet', raw], {
    ...withPath(),
    input: 'label: dos\nstart=1MiB, type=83, bootable\n',
  })
  // mke2fs fills the partition by its offset: no loop device to lose when the build is killed.
  const blocks = (DISK_BYTES - PARTITION_OFFSET) / 1024
  const extended = `offset=${PARTITION_OFFSET},lazy_itable_init=0,lazy_journal_init=0`
  const root = join(builder.work, 'root')
  await logged(builder, 'mke2fs', [
    '-q',
    '-F',
    '-t',
    'ext4',
    '-U',
    ROOT_UUID,
    '-E',
    extended,
    '-d',
    root,
    raw,
    `${blocks}k`,
  ])
}

async function installGrub(builder: Builder): Promise<void> {
  const boot = join(builder.work, 'root/boot')
  const release = (await readdir(boot)).find(name => name.startsWith('vmlinuz-'))?.slice('vmlinuz-'.length)
  if (release === undefined) throw new Error(`no kernel in ${boot}`)
  const serial = join(builder.work, 'first-boot.log')
  await logged(
    builder,
    'qemu-system-x86_64',
    [
      ...'-machine q35 -accel tcg,thread=multi,tb-size=512 -cpu Nehalem -m 1024 -smp 1'.split(' '),
      ...'-nodefaults -no-user-config -display none -no-reboot'.split(' '),
      ...['-serial', `file:${serial}`],
      ...['-drive', `file=${join(builder.work, 'disk.raw')},format=raw,if=virtio,cache=unsafe`],
      ...['-kernel', join(boot, `vmlinuz-${release}`), '-initrd', join(boot, `initrd.img-${release}`)],
      ...['-append', `root=UUID=${ROOT_UUID} init=/sbin/lab-first-boot console=ttyS0 mitigations=off quiet`],
    ],
    FIRST_BOOT_TIMEOUT,
  )
  const log = await readFile(serial, 'utf8')
  if (!log.includes('LAB-IMAGE-DONE'))
    throw new Error(`grub-install failed in the first boot:\n${log.slice(-3000)}`)
}

async function keepWhatIsNeeded(builder: Builder): Promise<void> {
  const raw = join(builder.work, 'disk.raw')
  await logged(builder, 'qemu-img', ['convert', '-O', 'qcow2', raw, join(builder.work, 'disk.qcow2')])
  await rm(raw)
  await rm(join(builder.work, 'root'), { recursive: true, force: true })
}

async function logged(
  builder: Builder,
  file: string,
  args: readonly string[],
  timeout?: number,
): Promise<void> {
  const log = { file: builder.log, append: true }
  await execa(file, args, {
    env: { ...withPath().env, TMPDIR: builder.work },
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    killSignal: 'SIGKILL',
    ...(timeout === undefined ? {} : { timeout }),
    ...(builder.signal === undefined ? {} : { cancelSignal: builder.signal }),
  })
}

const withPath = () => ({ env: { PATH: searchPath().join(':'), LC_ALL: 'C.UTF-8' } })
