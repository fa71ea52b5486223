import { unmountedEsp } from '../distributions/esp.ts'
import { filesOnly, kernel, kernelImage } from '../distributions/files_only.ts'
import { initramfsConf, initramfsTools } from '../distributions/generators.ts'
import { amd } from '../machines/amd.ts'

const [NEW, OLD] = ['6.8.12-1-pve', '6.8.4-2-pve']
const LINE = 'root=ZFS=rpool/ROOT/pve-1 boot=zfs'
const ESP_UUID = '7C1D-0A42'

/** zz-proxmox-boot of proxmox-boot-tool, for each kernel. */
const entry = (release: string): string => `title    Proxmox Virtual Environment
version  ${release}
options   ${LINE}
linux    /EFI/proxmox/${release}/vmlinuz-${release}
initrd   /EFI/proxmox/${release}/initrd.img-${release}
`

const esp = unmountedEsp(`/dev/disk/by-uuid/${ESP_UUID}`, {
  '/loader/loader.conf': 'timeout 3\ndefault proxmox-*\n',
  [`/loader/entries/proxmox-${OLD}.conf`]: entry(OLD),
  [`/loader/entries/proxmox-${NEW}.conf`]: entry(NEW),
})

/** Its kernels carry the override patch, and since 6.8 Intel's IOMMU is on in them. */
const pveKernel = (release: string, build: string) =>
  kernel(release, { build, acsOverride: true, intelIommuDefaultOn: true })

/** Proxmox VE 8 as its installer sets it up with the root on ZFS: systemd-boot on an ESP that nobody mounts. */
export default filesOnly({
  hostname: 'pve',
  osRelease: `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`,
  kernels: [
    pveKernel(NEW, '#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-1 (2024-08-05T16:17Z)'),
    pveKernel(OLD, '#1 SMP PREEMPT_DYNAMIC PMX 6.8.4-2 (2024-04-10T17:36Z)'),
  ],
  files: {
    ...initramfsTools.files,
    ...initramfsConf('most'),
    ...esp.files,
    '/etc/kernel/cmdline': `${LINE}\n`,
    '/etc/kernel/proxmox-boot-uuids': `${ESP_UUID}\n`,
    '/etc/fstab':
      '# <file system> <mount point> <type> <options> <dump> <pass>\nproc /proc proc defaults 0 0\n',
    // GRUB is installed and configured as well, and has no part in the boot.
    '/etc/default/grub': `GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="root=ZFS=rpool/ROOT/pve-1 boot=zfs"
`,
    '/etc/default/grub.d/proxmox-ve.cfg': 'GRUB_DISTRIBUTOR="Proxmox VE"\n',
    '/etc/modprobe.d/pve-blacklist.conf': 'blacklist nvidiafb\n',
    '/etc/modprobe.d/zfs.conf': 'options zfs zfs_arc_max=3361734656\n',
    [`/boot/vmlinuz-${NEW}`]: kernelImage(NEW),
    [`/boot/vmlinuz-${OLD}`]: kernelImage(OLD),
  },
  programs: {
    ...initramfsTools.programs,
    ...esp.programs,
    'update-grub': true,
    'kernel-install': '#!/bin/sh\n',
    'proxmox-boot-tool': '#!/bin/sh\n',
  },
  install: `${initramfsTools.install}; mkdir mnt`,
  initrd: `/boot/initrd.img-${NEW}`,
  cmdline: `initrd=\\EFI\\proxmox\\${NEW}\\initrd.img-${NEW} ${LINE}`,
  efiVariables: {
    LoaderInfo: 'systemd-boot 252.30-1~deb12u2',
    LoaderEntrySelected: `proxmox-${NEW}.conf`,
  },
  machine: {
    cpu: amd.cpu,
    firmware: amd.firmware,
    devices: amd.devices,
    network: amd.network,
    iommuLog: amd.iommuLog,
    disk: {
      ...amd.disk,
      partitions: [
        { use: '/boot/efi', filesystem: 'vfat', uuid: ESP_UUID, mebibytes: 1024 },
        // Shown below as what it is, a member of rpool.
        { use: '/', filesystem: 'ext4', uuid: '0', mebibytes: 950_000 },
      ],
    },
    shows: {
      '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
      '/proc/self/mountinfo': `24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
25 30 0:23 / /proc rw,relatime shared:13 - proc proc rw
26 30 0:5 / /dev rw,nosuid,relatime shared:2 - devtmpfs udev rw,size=32844592k,nr_inodes=8211148,mode=755,inode64
28 30 0:25 / /run rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw,size=6575608k,mode=755,inode64
30 1 0:27 / / rw,relatime shared:1 - zfs rpool/ROOT/pve-1 rw,xattr,posixacl,casesensitive
96 30 0:48 / /rpool rw,relatime shared:50 - zfs rpool rw,xattr,noacl,casesensitive
98 96 0:49 / /rpool/ROOT rw,relatime shared:51 - zfs rpool/ROOT rw,xattr,noacl,casesensitive
100 96 0:50 / /rpool/data rw,relatime shared:52 - zfs rpool/data rw,xattr,noacl,casesensitive
420 30 0:54 / /etc/pve rw,nosuid,nodev,relatime shared:210 - fuse /dev/fuse rw,user_id=0,group_id=0,default_permissions,allow_other
`,
    },
  },
})
