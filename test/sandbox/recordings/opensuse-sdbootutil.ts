import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'
import { dracut } from '../distributions/generators.ts'
import { archDesktop } from '../machines/cezanne.ts'

const [NEW, OLD] = ['6.9.7-1-default', '6.9.4-1-default']
const MACHINE_ID = 'e3b7c05d81f94a62bd1e9f60c4a72853'
const TOKEN = 'opensuse-tumbleweed'
const ESP = '/boot/efi'

/** Kernels and images are called after their SHA-1, so that snapshots share those that are the same. */
const LINUX: Readonly<Record<string, string>> = {
  [NEW]: 'linux-5f0c9d3b7a1e8246c0d5f9b3e7a12846d05c9f3b',
  [OLD]: 'linux-a17e4c90b2d8f63507e1c9a4b6d3f820517ec94a',
}
const INITRD: Readonly<Record<string, string>> = {
  [NEW]: 'initrd-2b9e7f41c80d5a36e7f41c80d5a362b9e7f41c80',
  [OLD]: 'initrd-d48a03f6e19c57b2a03f6e19c57b2d48a03f6e19',
}
const pathOf = (release: string, files: Readonly<Record<string, string>>): string =>
  `/${TOKEN}/${release}/${files[release]}`

const ARGUMENTS = 'splash=silent quiet security=apparmor mitigations=auto'
const options = (snapshot: number): string =>
  `root=UUID=${ROOT_UUID} ${ARGUMENTS} rootflags=subvol=@/.snapshots/${snapshot}/snapshot systemd.machine_id=${MACHINE_ID}`

interface Entry {
  readonly snapshot: number
  readonly release: string
  readonly title: string
  readonly sortKey: string
}

/** install_kernel() of sdbootutil. */
const entry = ({ snapshot, release, title, sortKey }: Entry): Readonly<Record<string, string>> => ({
  [`${ESP}/loader/entries/${TOKEN}-${release}-${snapshot}.conf`]: `# Boot Loader Specification type#1 entry
title      ${title}
version    ${snapshot}@${release}
sort-key   ${sortKey}
options    ${options(snapshot)}
linux      ${pathOf(release, LINUX)}
initrd     ${pathOf(release, INITRD)}
`,
})

const system = (release: string): Entry => ({
  snapshot: 1,
  release,
  title: 'openSUSE Tumbleweed',
  sortKey: TOKEN,
})
const snapshot = (number: number, release: string, what: string): Entry => ({
  snapshot: number,
  release,
  title: `Snapper: *openSUSE Tumbleweed 20240701 (${number},${release},${what})`,
  sortKey: `snapper-${TOKEN}`,
})

const suseKernel = (release: string, build: string) => kernel(release, { build, compression: 'zst' })

/** openSUSE Tumbleweed with systemd-boot: two kernels, and an update whose snapshots can be booted. */
export default filesOnly({
  hostname: 'tumbleweed',
  osRelease: `NAME="openSUSE Tumbleweed"
# VERSION="20240704"
ID="opensuse-tumbleweed"
ID_LIKE="opensuse suse"
VERSION_ID="20240704"
PRETTY_NAME="openSUSE Tumbleweed"
ANSI_COLOR="0;32"
LOGO="distributor-logo-Tumbleweed"
`,
  kernels: [
    suseKernel(NEW, '#1 SMP PREEMPT_DYNAMIC Thu Jun 27 18:05:50 UTC 2024 (6c6e2b5)'),
    suseKernel(OLD, '#1 SMP PREEMPT_DYNAMIC Thu Jun 13 06:38:16 UTC 2024 (1b45c5e)'),
  ],
  files: {
    ...dracut.files,
    '/usr/lib/dracut/dracut.conf.d/01-dist.conf': `hostonly="yes"
hostonly_cmdline="no"
compress="zstd -3 -T0"
i18n_vars="/etc/sysconfig/language:RC_LANG-LANG,RC_LC_ALL-LC_ALL /etc/sysconfig/console:CONSOLE_UNICODEMAP-FONT_UNIMAP,CONSOLE_FONT-FONT,CONSOLE_SCREENMAP-FONT_MAP /etc/sysconfig/keyboard:KEYTABLE-KEYMAP"
`,
    '/etc/machine-id': `${MACHINE_ID}\n`,
    '/etc/kernel/entry-token': `${TOKEN}\n`,
    '/etc/kernel/cmdline': `${options(1)}\n`,
    '/etc/sysconfig/bootloader': 'LOADER_TYPE="systemd-boot"\n',
    [`${ESP}/EFI/systemd/installed_by_sdbootutil`]: 'systemd\n',
    [`${ESP}/EFI/systemd/systemd-bootx64.efi`]: 'MZ',
    [`${ESP}/loader/loader.conf`]: 'timeout 8\nconsole-mode keep\n',
    [`${ESP}/loader/entries.srel`]: 'type1\n',
    ...entry(system(NEW)),
    ...entry(system(OLD)),
    ...entry(snapshot(4, OLD, '2024-07-05T09:12:44, pre, zypp(zypper)')),
    ...entry(snapshot(5, NEW, '2024-07-05T09:15:02, post, zypp(zypper)')),
    [`${ESP}${pathOf(NEW, LINUX)}`]: kernelImage(NEW),
    [`${ESP}${pathOf(OLD, LINUX)}`]: kernelImage(OLD),
    [`/usr/lib/modules/${NEW}/vmlinuz`]: kernelImage(NEW),
    [`/usr/lib/modules/${OLD}/vmlinuz`]: kernelImage(OLD),
  },
  programs: {
    ...dracut.programs,
    bootctl: true,
    'kernel-install': '#!/bin/sh\n',
    sdbootutil: '#!/bin/sh\n',
  },
  install: [NEW, OLD]
    .map(release => `dracut --force --quiet ${ESP}${pathOf(release, INITRD)} ${release}`)
    .join('\n'),
  initrd: `${ESP}${pathOf(NEW, INITRD)}`,
  cmdline: `initrd=${pathOf(NEW, INITRD).replaceAll('/', '\\')} ${options(1)}`,
  efiVariables: {
    LoaderInfo: 'systemd-boot 255.8+suse.35.gc0a2c4a7c5',
    LoaderEntrySelected: `${TOKEN}-${NEW}-1.conf`,
  },
  machine: {
    cpu: archDesktop.cpu,
    firmware: archDesktop.firmware,
    devices: archDesktop.devices,
    network: archDesktop.network,
    iommuLog: archDesktop.iommuLog,
    disk: {
      ...archDesktop.disk,
      partitions: [
        { use: '/boot/efi', filesystem: 'vfat', uuid: '4E0B-D931', mebibytes: 1024 },
        { use: '/', filesystem: 'ext4', uuid: ROOT_UUID, mebibytes: 940_000 },
      ],
    },
  },
})
