import { filesOnly, kernel, kernelImage, ROOT_UUID } from '../distributions/files_only.ts'

const RELEASE = '6.10.10-arch1-1'
const IMAGE = '/boot/booster-linux.img'
const LINE = `root=UUID=${ROOT_UUID} rw quiet`

/** Arch Linux with booster in the place of mkinitcpio, and systemd-boot. */
export default filesOnly({
  hostname: 'arch-booster',
  osRelease: 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
  kernels: [kernel(RELEASE, { compression: 'zst', pkgbase: 'linux', intelIommuDefaultOn: true })],
  partitions: [
    { use: '/boot', filesystem: 'vfat', uuid: '5C19-A2F4', mebibytes: 1024 },
    { use: '/', filesystem: 'ext4', uuid: ROOT_UUID, mebibytes: 940_000 },
  ],
  files: {
    '/etc/booster.yaml': '# Small, and strong on NVMe\ncompression: zstd\nmodules: nvme\nstrip: true\n',
    [`/usr/lib/modules/${RELEASE}/pkgbase`]: 'linux\n',
    [`/usr/lib/modules/${RELEASE}/vmlinuz`]: kernelImage(RELEASE),
    '/boot/vmlinuz-linux': kernelImage(RELEASE),
    '/boot/intel-ucode.img': 'kernel/x86/microcode/GenuineIntel.bin\n',
    '/boot/EFI/systemd/systemd-bootx64.efi': 'MZ',
    '/boot/loader/loader.conf': 'default booster.conf\ntimeout 3\n',
    '/boot/loader/entries/booster.conf': `title Arch Linux with booster
linux /vmlinuz-linux
initrd /intel-ucode.img
initrd /booster-linux.img
options ${LINE}
`,
  },
  programs: { booster: BOOSTER(), bootctl: true },
  install: `mkdir -p boot && booster build --force --kernel-version ${RELEASE} ${IMAGE}`,
  initrd: IMAGE,
  cmdline: `initrd=\\intel-ucode.img initrd=\\booster-linux.img ${LINE}`,
  efiVariables: { LoaderInfo: 'systemd-boot 256.7-1-arch' },
})

/** booster(1) 0.11, as far as an image without forced modules goes: modules lie in one folder there, by name. */
function BOOSTER(): string {
  return `#!/bin/sh
. "\${0%/*}/.common"
case $1 in
  unpack) exec tar -xf "$(in_root "$2")" -C "$3" ;;
  build)
    work=$(mktemp -d)
    mkdir -p "$work/etc" "$work/usr/lib/modules" "$work/usr/bin"
    cp "$root/usr/lib/modules/$4"/kernel/drivers/nvme/host/*.ko* "$work/usr/lib/modules"
    printf 'kernel: %s\\nmodule_dependencies:\\n    nvme:\\n        - nvme_core\\n' "$4" >"$work/etc/booster.init.yaml"
    echo "ID=booster" >"$work/etc/initrd-release"
    echo ELF >"$work/init"
    tar -cf "$(in_root "$5")" --sort=name --mtime=@0 -C "$work" .
    rm -rf "$work" ;;
esac
`
}
