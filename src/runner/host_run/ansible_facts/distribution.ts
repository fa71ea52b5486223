import type { OsRelease } from '../../../host/host.ts'
import { type Known, observed } from '../../../host/known.ts'

export interface Distribution {
  readonly name: string
  readonly version: string
  readonly majorVersion: string
  readonly release: string
  readonly family: string
}

type Found = Partial<Omit<Distribution, 'family'>> & { readonly name: string }
type Releases = Readonly<Record<string, string>>

/**
 * What Ansible makes of os-release(5) and of the files below /etc that distributions bring (module_utils/facts/system/
 * distribution.py): the first of `SOURCES` that recognises its own.
 */
export function distributionOf(os: OsRelease, releases: Releases): Distribution {
  const guessed = guess(os, releases)
  const found = SOURCES.map(read => read(os, releases)).find(each => each !== undefined) ?? {
    name: os.name || 'OtherLinux',
    ...(guessed.version === 'NA' && os.fields.VERSION !== undefined && { version: os.fields.VERSION }),
  }
  const whole = { ...guessed, ...found }
  return { ...whole, family: familyOf(whole.name) }
}

/** Of these no file but os-release tells what they are; the version of Debian needs another. */
export function toldByOsRelease(os: OsRelease): Readonly<Record<string, Known<string>>> {
  if (!PLAIN.includes(os.id)) return {}
  const { name, version, majorVersion, release, family } = distributionOf(os, {})
  return {
    distribution: observed(name),
    distribution_major_version: observed(majorVersion),
    distribution_release: observed(release),
    os_family: observed(family),
    ...(os.id !== 'debian' && { distribution_version: observed(version) }),
  }
}

const PLAIN = ['debian', 'ubuntu', 'linuxmint', 'pop', 'neon', 'kali', 'opensuse-leap', 'opensuse-tumbleweed']

/** As python-distro tells it (distro.version, codename). CentOS and Debian have better words for it elsewhere. */
function guess(os: OsRelease, releases: Releases): Omit<Distribution, 'name' | 'family'> {
  const version = versionOf(os, releases) || 'NA'
  const { VERSION_CODENAME, UBUNTU_CODENAME, VERSION = '' } = os.fields
  const inVersion = /\((\D+)\)|,\s*(\D+)/.exec(VERSION)
  const inRelease = /\(([^()]+)\)\s*$/.exec(
    releases['centos-release'] ?? releases['redhat-release'] ?? '',
  )?.[1]
  const release =
    VERSION_CODENAME ?? UBUNTU_CODENAME ?? (inVersion?.[1] ?? inVersion?.[2] ?? inRelease ?? 'NA').trim()
  return { version, majorVersion: version.split('.')[0] || 'NA', release }
}

function versionOf({ id, version, fields }: OsRelease, releases: Releases): string {
  const precise = (candidates: readonly (string | undefined)[]): string =>
    candidates.reduce<string>(
      (best, one = '') => (best === '' || dots(one) > dots(best) ? one : best),
      version,
    )
  const inRelease = versionIn(releases['centos-release'] ?? releases['redhat-release'])
  if (id === 'debian') return precise([versionIn(fields.PRETTY_NAME), releases.debian_version])
  if (id === 'centos') return precise([inRelease]).split('.').slice(0, 2).join('.')
  return version || inRelease || versionIn(fields.PRETTY_NAME) || ''
}

const dots = (text: string): number => text.split('.').length
/** `CentOS Linux release 7.9.2009 (Core)`. */
const versionIn = (text = ''): string | undefined => / (\d[\d.]*)(?: LTS)?(?: \([^()]*\))?$/.exec(text)?.[1]

type Source = (os: OsRelease, releases: Releases) => Found | undefined

/** A file that names its maker in its own words, or begins with its name. */
const named =
  (file: string, says: string, name: string): Source =>
  (_, releases) => {
    const line = releases[file]
    if (!line) return undefined
    return { name: line.includes(says) ? name : (line.split(/\s+/)[0] ?? name) }
  }

const there =
  (file: string, name: string): Source =>
  (_, releases) =>
    file in releases ? { name } : undefined

/** Reads the os-release of those whose text has one of these words. */
const about =
  (words: readonly string[], read: (os: OsRelease) => Found): Source =>
  os => {
    const text = Object.entries(os.fields)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n')
    return words.some(word => text.includes(word)) ? read(os) : undefined
  }

/** Of VERSION_ID, where it is set. */
const versioned = ({ version }: OsRelease) =>
  version === '' ? {} : { version, majorVersion: version.split('.')[0] ?? '' }
const codenamed = ({ fields: { VERSION_CODENAME: release } }: OsRelease) => (release ? { release } : {})

/** In Ansible's order: Debian's own words are in the text of its derivatives, so those come after it or before. */
const SOURCES: readonly Source[] = [
  named('altlinux-release', 'ALT', 'Altlinux'),
  named('oracle-release', 'Oracle Linux', 'OracleLinux'),
  (_, { 'slackware-version': line = '' }) =>
    line.includes('Slackware')
      ? { name: 'Slackware', ...versionFound(/\w+[.]\w+\+?/.exec(line)?.[0]) }
      : undefined,
  (_, { 'centos-release': line = '' }) => {
    if (line.includes('CentOS Stream')) return { name: 'CentOS', release: 'Stream' }
    return line.includes('TencentOS Server') ? { name: 'TencentOS' } : undefined
  },
  named('redhat-release', 'Red Hat', 'RedHat'),
  there('vmware-release', 'VMwareESX'),
  (_, { openwrt_release: line = '' }) => (line.includes('OpenWrt') ? { name: 'OpenWrt' } : undefined),
  about(['Amazon'], os => ({ name: 'Amazon', ...versioned(os) })),
  (_, { 'system-release': line = '' }) =>
    line.includes('Amazon')
      ? { name: 'Amazon', version: /(?:^| )(\d+)(?= |$)/.exec(line)?.[1] ?? 'NA' }
      : undefined,
  (_, { 'alpine-release': version }) => (version ? { name: 'Alpine', version } : undefined),
  there('arch-release', 'Archlinux'),
  about(['Arch Linux'], () => ({ name: 'Archlinux' })),
  about(['suse', 'SUSE', 'SuSE'], suse),
  about(['Debian', 'Raspbian'], ({ fields }) => ({
    name: 'Debian',
    ...releaseFound(/^[^(]+ \(?([^)]+?)\)/.exec(fields.PRETTY_NAME ?? '')?.[1]),
  })),
  about(['Ubuntu'], () => ({ name: 'Ubuntu' })),
  about(['SteamOS'], () => ({ name: 'SteamOS' })),
  about(['Kali'], () => ({ name: 'Kali' })),
  about(['Parrot'], () => ({ name: 'Parrot' })),
  about(['Devuan'], os => ({
    name: 'Devuan',
    ...releaseFound(/^[^(]+ \(?([^) ]+)\)?/.exec(os.fields.PRETTY_NAME ?? '')?.[1]),
    ...(os.version && { version: os.version, majorVersion: os.version }),
  })),
  about(['Cumulus'], os => ({
    name: 'Cumulus Linux',
    ...versioned(os),
    ...releaseFound(os.fields.VERSION),
  })),
  about(['Mint'], os => ({ name: 'Linux Mint', ...versioned(os) })),
  about(['UOS', 'Uos', 'uos'], os => ({ name: 'Uos', ...versioned(os), ...codenamed(os) })),
  about(['Deepin', 'deepin'], os => ({ name: 'Deepin', ...versioned(os), ...codenamed(os) })),
  about(['ID=flatcar'], os => ({
    name: 'Flatcar',
    ...(os.fields.VERSION && {
      version: os.fields.VERSION,
      majorVersion: os.fields.VERSION.split('.')[0] ?? '',
    }),
  })),
]

/** openSUSE's releases are the minor numbers of its versions, and so are those of SLES. */
function suse({ name, version, fields }: OsRelease): Found {
  const [, number, minor = ''] = /^(\d+\.?(\d*))/.exec(version) ?? []
  const text = JSON.stringify(fields).toLowerCase()
  const isOpen = text.includes('open')
  const release = isOpen ? minor : text.includes('enterprise') ? minor || '0' : undefined
  return {
    name,
    ...(number !== undefined && { version: number, majorVersion: number.split('.')[0] ?? '' }),
    ...(number !== undefined && release !== undefined && { release }),
  }
}

const versionFound = (version: string | undefined) => (version === undefined ? {} : { version })
const releaseFound = (release: string | undefined) => (release === undefined ? {} : { release })

const familyOf = (name: string): string =>
  Object.entries(FAMILIES).find(([, names]) => names.includes(name))?.[0] ?? name

/** OS_FAMILY_MAP there, of the Linux ones. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  RedHat: [
    ...['RedHat', 'RHEL', 'Fedora', 'CentOS', 'Scientific', 'SLC', 'Ascendos', 'CloudLinux', 'PSBM'],
    ...['OracleLinux', 'OVS', 'OEL', 'Amazon', 'Virtuozzo', 'XenServer', 'Alibaba', 'EulerOS', 'openEuler'],
    ...['AlmaLinux', 'Rocky', 'TencentOS', 'EuroLinux', 'Kylin Linux Advanced Server'],
  ],
  Debian: [
    ...['Debian', 'Ubuntu', 'Raspbian', 'Neon', 'KDE neon', 'Linux Mint', 'SteamOS', 'Devuan', 'Kali'],
    ...['Cumulus Linux', 'Pop!_OS', 'Parrot', 'Pardus GNU/Linux', 'Uos', 'Deepin', 'OSMC'],
  ],
  Suse: [
    ...['SuSE', 'SLES', 'SLED', 'openSUSE', 'openSUSE Tumbleweed', 'SLES_SAP', 'SUSE_LINUX', 'openSUSE Leap'],
  ],
  Archlinux: ['Archlinux', 'Antergos', 'Manjaro'],
  Mandrake: ['Mandrake', 'Mandriva'],
  Slackware: ['Slackware'],
  Altlinux: ['Altlinux'],
  SGML: ['SGML'],
  Gentoo: ['Gentoo', 'Funtoo'],
  Alpine: ['Alpine'],
  ClearLinux: ['Clear Linux OS', 'Clear Linux Mix'],
}
