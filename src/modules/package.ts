import { z } from 'zod'
import type { Argv, Change } from '../host/change.ts'
import type { Host, PackageManager } from '../host/host.ts'
import { ifKnown } from '../host/known.ts'
import { flag, oneOrMore, text } from './ansible_types.ts'
import { blocked, converged, defineModule, type Outcome } from './define.ts'

/** Of packages in repositories: what installs and removes them without asking, and what reads the repositories anew. */
interface Programs {
  readonly present: Argv
  readonly absent: Argv
  readonly refresh: Argv
}

/** apt-get(8), debconf(7); dnf(8); yum(8); zypper(8); pacman(8). Configuration that was edited stays as it is. */
const PROGRAMS: Readonly<Record<PackageManager, Programs>> = {
  apt: {
    present: [...aptGet(), '-o', 'Dpkg::Options::=--force-confdef', ...keepOld(), 'install'],
    absent: [...aptGet(), 'remove'],
    refresh: [...aptGet(), 'update'],
  },
  dnf: { present: ['dnf', '-y', 'install'], absent: ['dnf', '-y', 'remove'], refresh: ['dnf', 'makecache'] },
  yum: { present: ['yum', '-y', 'install'], absent: ['yum', '-y', 'remove'], refresh: ['yum', 'makecache'] },
  zypper: {
    present: ['zypper', '--non-interactive', 'install'],
    absent: ['zypper', '--non-interactive', 'remove'],
    refresh: ['zypper', '--non-interactive', 'refresh'],
  },
  pacman: {
    present: ['pacman', '--noconfirm', '--needed', '-S'],
    absent: ['pacman', '--noconfirm', '-R'],
    refresh: ['pacman', '--noconfirm', '-Sy'],
  },
}

/**
 * Where another installation is at work, its lock is waited for (apt.conf(5), DPkg::Lock::Timeout). Without Pattern-Only
 * a name that apt does not know is a regular expression, where it has a dot in it: all that match would be installed.
 */
function aptGet(): [string, ...string[]] {
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'APT::Cmd::Pattern-Only=true']
  return ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-y', ...options]
}

function keepOld(): readonly string[] {
  return ['-o', 'Dpkg::Options::=--force-confold']
}

/** To apt-get(8) a name with a dash at its end is one to be removed. */
const PACKAGE_NAME = /^[A-Za-z0-9](?:[\w.+:-]*[\w.+])?$/

const packageNames = oneOrMore(text)
  .transform(names => names.flatMap(name => name.split(/\s*,\s*/)))
  .superRefine((names, context) => {
    if (names.length === 0) context.addIssue({ code: 'custom', message: 'must name at least one package' })
    names.forEach((name, n) => {
      if (PACKAGE_NAME.test(name)) return
      const hint = 'versions, groups, files and addresses are not supported: use command for them'
      context.addIssue({
        ...{ code: 'custom', path: [n], params: { hint } },
        message: `"${name}" is no name of a package`,
      })
    })
  })

/** `package` is a reserved word of strict JavaScript. */
export const packageModule = defineModule({
  name: 'package',
  summary: 'Install packages, or remove them',
  description: `With the host's own package manager: apt, dnf, yum, zypper or pacman. A package counts as installed
where another one provides its name, too. All packages of a task are installed in one go.

What is installed is not taken back when a later step fails: files are, packages stay. After the apply the packages are
looked at again and must be there. Names differ between distributions; a \`when\` on \`ansible_facts.os_family\`, or a
variable of the group, chooses them.`,
  args: z.strictObject({
    name: packageNames.describe('a package, or a list of them'),
    state: z
      .enum(['present', 'absent', 'installed', 'removed', 'latest'])
      .default('present')
      .refine(state => state !== 'latest', {
        error: 'latest is not supported: what it comes to changes without the play',
        params: { hint: 'use present, and command for an upgrade that is meant' },
      })
      .describe('whether they are to be there; `installed` and `removed` are other words for it'),
    update_cache: flag
      .prefault(false)
      .describe('read the repositories anew first, where there is something to install'),
  }),
  looksAt: ({ name }) => ({ packages: name }),
  example: `- package:
    name: [qemu-system-x86, libvirt-daemon-system, ovmf]`,
  plan(host, { name, state, update_cache }): Outcome {
    const wanted = state === 'absent' || state === 'removed' ? 'absent' : 'present'
    const manager = ifKnown(host.packageManager)
    const found = name.map(one => ({ name: one, known: host.packages[one] }))
    const unseen = found.find(({ known }) => known === undefined)
    if (manager === undefined || unseen !== undefined)
      return { kind: 'unknown', why: `${unseen?.name ?? name.join(', ')} was not looked for` }
    if (manager === '' || host.tools.includes('rpm-ostree')) return refusal(host, name)
    const left = found
      .filter(({ known }) => known?.is !== 'unknown' && known?.value.installed !== (wanted === 'present'))
      .map(one => one.name)
    if (left.length === 0)
      return converged(
        `${found.map(one => told(one)).join(', ')}: ${wanted === 'present' ? 'installed' : 'not installed'} already`,
      )
    return {
      kind: 'change',
      why: `${wanted === 'present' ? 'installs' : 'removes'} ${left.join(', ')}`,
      changes: changesFor(PROGRAMS[manager], wanted, left, update_cache),
    }
  },
})

const refusal = ({ tools, os }: Host, names: readonly string[]): Outcome =>
  tools.includes('rpm-ostree')
    ? blocked(
        'this system is an image: its packages are part of it',
        `install them by hand: rpm-ostree install ${names.join(' ')}, then reboot`,
      )
    : blocked(
        `no package manager that we know on ${os.name || 'this system'}: none of apt, dnf, yum, zypper, pacman`,
        `use command, with creates: for example for ${names[0]}`,
      )

function changesFor(
  programs: Programs,
  wanted: 'present' | 'absent',
  names: readonly string[],
  refreshes: boolean,
): readonly Change[] {
  const becomes = wanted === 'present' ? ('installed' as const) : ('removed' as const)
  const change: Change = {
    kind: 'run',
    argv: [...programs[wanted], ...names],
    reason: `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} to be ${becomes}`,
    edits: [],
    packages: Object.fromEntries(names.map(name => [name, becomes])),
  }
  const refresh: Change = {
    kind: 'run',
    argv: programs.refresh,
    reason: 'the repositories are read anew first',
    edits: [],
  }
  return refreshes && wanted === 'present' ? [refresh, change] : [change]
}

function told({ name, known }: { name: string; known: Host['packages'][string] | undefined }): string {
  const version = known?.is === 'unknown' || known === undefined ? undefined : ifKnown(known.value.version)
  return version === undefined || version === '' ? name : `${name} ${version}`
}
