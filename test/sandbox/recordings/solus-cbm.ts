import { unmountedEsp } from '../distributions/esp.ts'
import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { dracut } from '../distributions/generators.ts'
import { guide } from '../machines/guide.ts'

const ESP_PARTUUID = 'd2c7a5f0-4b1e-4a83-9c6d-e80f15b7a394'
const ROOT_PARTUUID = 'da41c7b2-93e5-4f08-8a1d-6b5c0e2f7d19'
const ARGUMENTS = 'quiet splash rw'

/** Solus names a kernel's files after type, version and release, and uname says the type last. */
interface Installed {
  readonly type: 'current' | 'lts'
  readonly version: string
}
const CURRENT: Installed = { type: 'current', version: '6.8.2-286' }
const LTS: Installed = { type: 'lts', version: '6.6.23-253' }

const nameOf = ({ type, version }: Installed): string => `com.solus-project.${type}.${version}`
const releaseOf = ({ type, version }: Installed): string => `${version}.${type}`

/** sd_class_install_kernel() of clr-boot-manager. */
const entry = (installed: Installed): Readonly<Record<string, string>> => ({
  [`/loader/entries/Solus-${installed.type}-${installed.version}.conf`]: `title Solus 4.5 Resilience
linux /EFI/com.solus-project/kernel-${nameOf(installed)}
initrd /EFI/com.solus-project/initrd-${nameOf(installed)}
options root=PARTUUID=${ROOT_PARTUUID} ${ARGUMENTS}
`,
})

const esp = unmountedEsp(`/dev/disk/by-partuuid/${ESP_PARTUUID}`, {
  '/loader/loader.conf': `default Solus-${CURRENT.type}-${CURRENT.version}.conf\n`,
  ...entry(CURRENT),
  ...entry(LTS),
})

/** What a kernel's package holds, its image among it, which Solus makes for any machine. */
const packaged = (installed: Installed): Readonly<Record<string, string>> => ({
  [`/usr/lib/kernel/${nameOf(installed)}`]: kernelImage(releaseOf(installed)),
  [`/usr/lib/kernel/cmdline-${releaseOf(installed)}`]: `${ARGUMENTS}\n`,
  [`/usr/lib/kernel/config-${releaseOf(installed)}`]: 'CONFIG_VFIO_PCI=m\n',
})

const imageOf = (installed: Installed): string => `/usr/lib/kernel/initrd-${nameOf(installed)}`

/** Today's Solus: clr-boot-manager copies kernels and images of packages to an ESP that nobody mounts. */
export default filesOnly({
  hostname: 'solus',
  osRelease: `NAME="Solus"
VERSION="4.5"
ID="solus"
VERSION_ID="4.5"
PRETTY_NAME="Solus 4.5 Resilience"
ANSI_COLOR="1;34"
HOME_URL="https://getsol.us"
`,
  kernels: [
    kernel(releaseOf(CURRENT), { build: '#1 SMP PREEMPT_DYNAMIC Wed Mar 27 19:12:12 UTC 2024' }),
    kernel(releaseOf(LTS), { build: '#1 SMP PREEMPT_DYNAMIC Wed Mar 27 20:40:31 UTC 2024' }),
  ],
  files: {
    ...dracut.files,
    ...esp.files,
    ...packaged(CURRENT),
    ...packaged(LTS),
    '/usr/lib/dracut/dracut.conf.d/01-solus.conf':
      '# dracut default config for Solus\n\ni18n_default_font="ter-v32n"\n',
    '/etc/machine-id': 'a9f4c1e07b3d4258b6c0e5d8f1724a63\n',
  },
  links: {
    '/usr/lib/kernel/default-current': nameOf(CURRENT),
    '/usr/lib/kernel/default-lts': nameOf(LTS),
  },
  programs: {
    ...dracut.programs,
    ...esp.programs,
    'clr-boot-manager': '#!/bin/sh\n',
    'kernel-install': '#!/bin/sh\n',
    bootctl: true,
  },
  install: `mkdir mnt
${[CURRENT, LTS].map(one => `dracut --force --quiet --no-hostonly ${imageOf(one)} ${releaseOf(one)}`).join('\n')}`,
  initrd: imageOf(CURRENT),
  cmdline: `initrd=\\EFI\\com.solus-project\\initrd-${nameOf(CURRENT)} root=PARTUUID=${ROOT_PARTUUID} ${ARGUMENTS}`,
  efiVariables: {
    LoaderInfo: 'systemd-boot 254.9',
    LoaderDevicePartUUID: ESP_PARTUUID.toUpperCase(),
    LoaderEntrySelected: `solus-${CURRENT.type}-${CURRENT.version}.conf`,
  },
  machine: {
    cpu: guide.cpu,
    firmware: guide.firmware,
    devices: guide.devices,
    network: guide.network,
    iommuLog: guide.iommuLog,
    disk: guide.disk,
  },
})
