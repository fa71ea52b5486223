import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Builder, ESP_ID, espOf, ROOT_UUID, rootOf, runLogged } from './builder.ts'
import { partFile, type Recipe } from './recipes.ts'

/** The root filesystem as a tree, and the EFI system partition's files as another, by mmdebstrap and the parts. */
export async function bootstrap(builder: Builder): Promise<void> {
  const { recipe, work } = builder
  await mkdir(espOf(builder))
  await runLogged(
    builder,
    'unshare',
    [
      // Interrupted, mmdebstrap would first finish; in namespaces of its own all of it and its mounts end at once.
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'mmdebstrap'],
      ...['--mode=root', '--format=directory', '--variant=minbase', '--components=main'],
      // It would empty /etc/machine-id: every boot of a fresh overlay would be a first boot, which presets all units.
      '--skip=cleanup/reproducible',
      `--include=${[...PACKAGES, ...recipe.packages].join(',')}`,
      '--dpkgopt=force-unsafe-io',
      ...['doc', 'locale', 'man'].map(folder => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
      ...(await aptOptions()).map(option => `--aptopt=${option}`),
      ...hooks(builder).map(hook => `--customize-hook=${hook}`),
      ...[SUITE, rootOf(builder), ...(await mirrors())],
    ],
    { env: environment(work) },
  )
  await copyFile(join(rootOf(builder), 'etc/ssh/ssh_host_ed25519_key.pub'), join(work, 'host_key.pub'))
}

const SUITE = 'bookworm'
const PACKAGES = [
  // The full kernel, not -cloud: that one has no vfio-pci, GPU or USB modules.
  'linux-image-amd64',
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

const environment = (work: string) => ({
  ROOT_UUID,
  ESP_UUID: `${ESP_ID.slice(0, 4)}-${ESP_ID.slice(4)}`,
  PUBLIC_KEY: join(work, 'key.pub'),
  // Read by the kernel's hooks of both generators: the parts make the image, once, when all is configured.
  INITRD: 'No',
  // bootctl(1): here the partition is no partition yet.
  SYSTEMD_RELAX_ESP_CHECKS: '1',
})

/** bootctl wants the root of a filesystem, and here vfat may not be had: a tmpfs stands for the partition. */
function hooks(builder: Builder): readonly string[] {
  const parts = builder.recipe.parts.map(part => `sh '${partFile(part)}' "$1"`)
  if (!hasEsp(builder.recipe)) return parts
  return [
    'mkdir -p "$1/boot/efi" && mount -t tmpfs esp "$1/boot/efi"',
    ...parts,
    `cp -r "$1/boot/efi/." '${espOf(builder)}' && umount "$1/boot/efi"`,
  ]
}

const hasEsp = ({ firmware }: Recipe): boolean => firmware === 'uefi'

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
