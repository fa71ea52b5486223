import { type Bytes, base64FromBytes, bytesFromText } from '../bytes.ts'
import { type Host, type OsRelease, PACKAGE_MANAGERS, type Package, type PackageManager } from '../host.ts'
import { type Known, observed, unknown } from '../known.ts'
import { defineFact, type Fact, linesOf } from './fact.ts'

/** What each database of packages says of those that tasks name, and the programs on PATH that install packages. */
export interface PackageLook {
  /** undefined: the look did not ask. */
  readonly managers: readonly PackageManager[] | undefined
  readonly asked: readonly string[]
  /** Database → package → version. */
  readonly installed: Readonly<Record<Database, ReadonlyMap<string, string>>>
}

type Database = 'dpkg' | 'rpm' | 'pacman'

/**
 * A package also counts as installed where another one provides its name: dpkg-query(1), rpm(8), pacman(8). Names are
 * words without blanks. Only the database of the host's own manager is believed: others may be there for building.
 */
export const packagesNamed = (names: readonly string[]): Fact<PackageLook, 'managers' | Database> => {
  const list = `printf %s '${base64FromBytes(bytesFromText(names.join('\n')))}' | base64 -d`
  const each = (query: string): string => `${list} | while read -r p || [ -n "$p" ]; do ${query}; done`
  const ask = (program: string, query: string): string =>
    names.length === 0 ? ':' : `command -v ${program} >/dev/null || exit 0\n${query}`
  return defineFact({
    commands: {
      managers: `for p in apt-get dnf yum zypper pacman; do command -v "$p" >/dev/null && echo "$p"; done; echo .`,
      dpkg: ask(
        'dpkg-query',
        `w=$(${list}); dpkg-query -W -f '\${db:Status-Status}|\${Package}|\${Architecture}|\${Version}|\${Provides}\\n' | W=$w awk -F '|' '
BEGIN { n = split(ENVIRON["W"], names, "\\n"); for (i = 1; i <= n; i++) wanted[names[i]] = 1 }
$1 == "installed" {
  if ($2 in wanted) print $2, $4
  if (($2 ":" $3) in wanted) print $2 ":" $3, $4
  m = split($5, provided, ", *")
  for (i = 1; i <= m; i++) { sub(/[ :].*/, "", provided[i]); if (provided[i] in wanted) print provided[i], $4 }
}'`,
      ),
      rpm: ask(
        'rpm',
        each(`v=$(rpm -q --whatprovides --qf '%{VERSION}-%{RELEASE}\\n' -- "$p") && echo "$p \${v##*
}"`),
      ),
      pacman: ask('pacman', each(`v=$(pacman -Q -- "$p") && echo "$p \${v##* }"`)),
    },
    parse: out => ({
      managers: out.managers.includes('.')
        ? PACKAGE_MANAGERS.filter(name => linesOf(out.managers).includes(name === 'apt' ? 'apt-get' : name))
        : undefined,
      asked: names,
      installed: { dpkg: versions(out.dpkg), rpm: versions(out.rpm), pacman: versions(out.pacman) },
    }),
  })
}

/** A package's own version stands before that of one that provides its name. */
function versions(bytes: Bytes): ReadonlyMap<string, string> {
  const pairs = linesOf(bytes).flatMap(line => {
    const [, name, version] = /^(\S+) (\S+)$/.exec(line) ?? []
    return name === undefined || version === undefined ? [] : [[name, version] as const]
  })
  return new Map(pairs.toReversed())
}

/** What the host's own package manager says. */
export function managedBy(
  os: OsRelease,
  { managers, asked, installed }: PackageLook,
): Pick<Host, 'packageManager' | 'packages'> {
  const packageManager: Host['packageManager'] =
    managers === undefined ? unknown('the look did not ask for it') : observed(ownManager(os, managers))
  const manager = packageManager.is === 'unknown' ? '' : packageManager.value
  const packageOf = (name: string): Known<Package> => {
    if (manager === '') return unknown('there is no package manager that we know')
    const version = installed[DATABASES[manager]].get(name)
    return observed({ installed: version !== undefined, version: observed(version ?? '') })
  }
  return { packageManager, packages: Object.fromEntries(asked.map(name => [name, packageOf(name)])) }
}

const DATABASES: Readonly<Record<PackageManager, Database>> = {
  apt: 'dpkg',
  dnf: 'rpm',
  yum: 'rpm',
  zypper: 'rpm',
  pacman: 'pacman',
}

/** The distribution's own where it is there; a Debian may have dnf, too. */
function ownManager(os: OsRelease, found: readonly PackageManager[]): PackageManager | '' {
  const own = [os.id, ...os.idLike].flatMap(id => OWN_MANAGERS[id] ?? [])
  return own.find(name => found.includes(name)) ?? found[0] ?? ''
}

/** By ID and ID_LIKE of os-release(5). */
const OWN_MANAGERS: Readonly<Record<string, readonly PackageManager[]>> = {
  debian: ['apt'],
  ubuntu: ['apt'],
  fedora: ['dnf', 'yum'],
  rhel: ['dnf', 'yum'],
  centos: ['dnf', 'yum'],
  suse: ['zypper'],
  opensuse: ['zypper'],
  arch: ['pacman'],
}
