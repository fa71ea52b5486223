import type { Distribution } from './distribution.ts'

/** As module_utils/facts/system/pkg_mgr.py chooses it: the last one that is there, and of families their own. */
export function packageManagerOf(
  there: readonly string[],
  { name, majorVersion, family }: Distribution,
): string {
  const found = MANAGERS.findLast(([path]) => there.includes(path))?.[1] ?? 'unknown'
  if (family === 'RedHat') return ofRedHat(there, { name, majorVersion, found })
  if (family === 'Altlinux') return found === 'apt' ? 'apt_rpm' : found
  const isApt = family === 'Debian' || found === 'apt'
  // apt for RPM (PCLinuxOS) comes without dpkg.
  if (isApt) return there.includes('/usr/bin/rpm') && !there.includes('/usr/bin/dpkg') ? 'apt_rpm' : 'apt'
  return found
}

function ofRedHat(
  there: readonly string[],
  { name, majorVersion, found }: { name: string; majorVersion: string; found: string },
): string {
  if (there.includes('/run/ostree-booted')) return 'atomic_container'
  const major = /^\d+$/.test(majorVersion) ? Number(majorVersion) : Number.POSITIVE_INFINITY
  const firstWithDnf = { Fedora: 23, Amazon: 2022 }[name]
  if (firstWithDnf === undefined) return major < 8 ? 'yum' : 'dnf'
  const own = major < firstWithDnf ? 'yum' : 'dnf'
  return there.includes(`/usr/bin/${own}`) ? own : found
}

const MANAGERS: readonly (readonly [string, string])[] = [
  ['/usr/bin/rpm-ostree', 'atomic_container'],
  ['/usr/bin/yum', 'yum'],
  ['/usr/bin/dnf', 'dnf'],
  ['/usr/bin/apt-get', 'apt'],
  ['/usr/bin/zypper', 'zypper'],
  ['/usr/sbin/urpmi', 'urpmi'],
  ['/usr/bin/pacman', 'pacman'],
  ['/bin/opkg', 'opkg'],
  ['/sbin/apk', 'apk'],
  ['/usr/bin/emerge', 'portage'],
  ['/usr/bin/xbps-install', 'xbps'],
  ['/usr/bin/swupd', 'swupd'],
]
