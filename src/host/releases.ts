import type { Host, InstalledKernel } from './host.ts'

/**
 * Which installed kernel a file is: its release is part of the path (/boot/vmlinuz-6.1.0-18-amd64,
 * /efi/MACHINE/6.9.7/linux), or the name of its package is (Arch's /boot/vmlinuz-linux, modules' pkgbase).
 */
export function kernelAt(host: Host, path: string): InstalledKernel | undefined {
  const named = host.kernels
    .filter(({ release }) => isNamed(release, path))
    .sort((a, b) => b.release.length - a.release.length)[0]
  return named ?? host.kernels.find(({ pkgbase }) => pkgbase !== '' && pkgbase === packageOf(path))
}

/**
 * As a whole: 6.6.30-gentoo is not the kernel of initramfs-6.6.30-gentoo-r1.img. Behind it may stand the tries that are
 * left (+3-1, Boot Loader Specification), the machine's id (dracut's linux-RELEASE-ID.efi), and extensions.
 */
const isNamed = (release: string, path: string): boolean =>
  new RegExp(
    `(?<![\\w.])${release.replaceAll(/\W/g, '\\$&')}(\\+\\d+(-\\d+)?|-[0-9a-f]{32}[^/]*|-fallback)?(\\.[a-z]+)*(/|$)`,
  ).test(path)

/** vmlinuz-linux, initramfs-linux-fallback.img, booster-linux.img, arch-linux.efi → linux. */
const packageOf = (path: string): string =>
  (path.split('/').at(-1) ?? '')
    .replace(/^(vmlinuz|initramfs|booster|arch|initrd)-/, '')
    .replace(/\.(img|efi)$/, '')
    .replace(/-fallback$/, '')

/** As kernelAt, or the path's own idea of a release where no kernel is installed for it. */
export const releaseAt = (host: Host, path: string): string =>
  kernelAt(host, path)?.release ?? path.replace(/^.*\/(?:vmlinuz|linux|kernel|bzImage)-/, '')
